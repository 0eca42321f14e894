#!/usr/bin/env bash
# Unpacks the built images and runs their programs on nothing but what the images hold.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^project(tollgate VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
expect() { # program, arguments, exit code, text
  local code=0 text
  text=$(chroot --userspec=65532:65532 "$work/$1/rootfs" "/usr/bin/$1" $2 2>&1) || code=$?
  if [ "$code" != "$3" ] || ! grep -q -- "$4" <<<"$text"; then
    echo "$1 $2: exit $code: $text"
    echo "$passed passed, 1 failed"
    exit 1
  fi
  passed=$((passed + 1))
}
for program in tollgate tollgate-proxy; do
  mkdir -p "$work/layout-$program"
  tar -C "$work/layout-$program" -xf "build/image/$program.oci.tar"
  umoci unpack --image "$work/layout-$program:$version" "$work/$program" >/dev/null
done
expect tollgate version 0 "tollgate $version"
expect tollgate nonsense 2 "subcommand"
if [ -e build/release/tollgate-read-api.so ]; then # with every library that it loads
  if ! needs=$(chroot "$work/tollgate/rootfs" /lib64/ld-linux-x86-64.so.2 --list /usr/lib/tollgate/tollgate-read-api.so 2>&1) ||
    grep -q "not found" <<<"$needs"; then
    echo "tollgate-read-api.so: $needs"
    echo "$passed passed, 1 failed"
    exit 1
  fi
  passed=$((passed + 1))
fi
expect tollgate-proxy --nonsense 2 "usage: tollgate-proxy"
echo "$passed passed, 0 failed"
