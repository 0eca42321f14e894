#!/bin/sh
# Builds the control plane (controlplane, nsrun) and unpacks the Gateway API CRDs into
# build/cluster. Safe to run at any time: what is up to date is left alone.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$here/../.." && pwd)/build/cluster
# Without cgo in every go command; else all packages compile a second time.
export CGO_ENABLED=0 GOFLAGS=-trimpath
started=$(date +%s)

inputs() {
    find "$here/controlplane" "$here/gatewayapi" "$here/build.sh" -type f ! -name '*.md' |
        LC_ALL=C sort | xargs sha256sum
    go version
}

if ! command -v go >/dev/null; then
    echo "cluster: needs Go 1.21 or later (it fetches the version that go.mod names)" >&2
    exit 1
fi
mkdir -p "$out"
stamp=$(inputs | sha256sum)
if [ -f "$out/stamp" ] && [ "$(cat "$out/stamp")" = "$stamp" ]; then
    echo "cluster: up to date"
    exit 0
fi
rm -f "$out/stamp"

kubernetes=$(sed -n 's/^\tk8s.io\/kubernetes v//p' "$here/controlplane/go.mod")
major=${kubernetes%%.*}
minor=${kubernetes#*.}
minor=${minor%%.*}
version=k8s.io/component-base/version
flags="-s -w -X $version.gitVersion=v$kubernetes -X $version.gitMajor=$major"
flags="$flags -X $version.gitMinor=$minor -X k8s.io/client-go/pkg/version.gitVersion=v$kubernetes"

echo "cluster: building Kubernetes $kubernetes (the first time takes 6 to 11 minutes)"
cd "$here/controlplane"
go build -ldflags "-s -w" -o "$out/nsrun" ./nsrun
go build -ldflags "$flags" -o "$out/controlplane" .

cd "$here/gatewayapi"
go mod download sigs.k8s.io/gateway-api
crds=$(go list -m -f '{{.Dir}}' sigs.k8s.io/gateway-api)/config/crd
rm -rf "$out/gateway-api"
mkdir "$out/gateway-api"
cp -r "$crds/standard" "$crds/experimental" "$out/gateway-api/"
chmod -R u+w "$out/gateway-api"

echo "$stamp" > "$out/stamp"
echo "cluster: built in $(($(date +%s) - started)) s"
