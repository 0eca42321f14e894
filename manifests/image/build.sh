#!/usr/bin/env bash
# Makes OCI archives of the operator and the proxy without a container engine or a Dockerfile:
# the programs and exactly the shared libraries they load, on an empty root.
# Output: build/image/tollgate.oci.tar and build/image/tollgate-proxy.oci.tar
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v umoci >/dev/null || { echo "umoci is missing: run .ci/deps test" >&2; exit 1; }
version=$(sed -n 's/^project(tollgate VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
out=$PWD/build/image
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

root_of() { # fills a root file system for one program
  local program=$1 root=$2
  mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/tmp" "$root/etc"
  install -m 0755 "build/release/$program" "$root/usr/bin/$program"
  local files=("build/release/$program")
  if [ "$program" = tollgate ] && [ -e build/release/tollgate-read-api.so ]; then  # loaded with --api
    install -D -m 0755 build/release/tollgate-read-api.so "$root/usr/lib/tollgate/tollgate-read-api.so"
    files+=(build/release/tollgate-read-api.so)
  fi
  if [ "$program" = tollgate ]; then  # loaded when it is needed
    local curl
    curl=$(ldconfig -p | awk '$1 == "libcurl.so.4" {print $NF; exit}')
    install -D -m 0755 "$(readlink -f "$curl")" "$root$curl"
    files+=("$curl")
  fi
  # Every library the loader resolves, name services among them, with the loader itself.
  { ldd "${files[@]}" | awk '/=> \//{print $3} /^\t\/lib/{print $1}'
    ls /lib/x86_64-linux-gnu/libnss_files.so.2 /lib/x86_64-linux-gnu/libnss_dns.so.2 /lib/x86_64-linux-gnu/libresolv.so.2 2>/dev/null || true
  } | sort -u | while read -r library; do
    install -D -m 0755 "$(readlink -f "$library")" "$root$library"
  done
  cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  printf 'root:x:0:0::/:/sbin/nologin\nnonroot:x:65532:65532::/:/sbin/nologin\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnonroot:x:65532:\n' >"$root/etc/group"
  printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
}

for program in tollgate tollgate-proxy; do
  layout=$work/$program
  umoci init --layout "$layout"
  umoci new --image "$layout:$version"
  root_of "$program" "$work/root-$program"
  umoci insert --image "$layout:$version" "$work/root-$program" /
  umoci config --image "$layout:$version" --config.entrypoint "/usr/bin/$program" \
    --config.user 65532:65532 --config.env "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt" \
    --config.label "org.opencontainers.image.title=$program" \
    --config.label "org.opencontainers.image.version=$version" \
    --config.label "org.opencontainers.image.licenses=Apache-2.0"
  umoci gc --layout "$layout"
  tar -C "$layout" -cf "$out/$program.oci.tar" .
  echo "$out/$program.oci.tar $(du -h "$out/$program.oci.tar" | cut -f1)"
done
