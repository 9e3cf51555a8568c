#!/usr/bin/env bash
# Builds the control plane from Go modules alone, no fetched source: etcd, kube-apiserver, kube-controller-manager,
# kube-scheduler, kubectl and kwok. Minutes the first time, seconds with Go's cache.
#   BIN   where the binaries go (bin)
#   KUBE  the module that names the Kubernetes version (kube)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
bin=${BIN:-$PWD/bin} kube=${KUBE:-kube}
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off
mkdir -p "$bin"

build() { # module, -X flags, output, packages...
  go -C "$1" build -trimpath -ldflags "-s -w $2" -o "$3" "${@:4}"
}
version=$(go -C "$kube" list -m -f '{{.Version}}' k8s.io/kubernetes)
IFS=. read -r major minor _ <<< "${version#v}"
v=k8s.io/component-base/version # without these the API server says it is v0.0.0
build etcd "" "$bin/etcd" go.etcd.io/etcd/server/v3
build "$kube" "-X $v.gitVersion=$version -X $v.gitMajor=$major -X $v.gitMinor=$minor -X $v.gitTreeState=clean" "$bin/" \
  k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-scheduler,kubectl}
build kwok "" "$bin/" sigs.k8s.io/kwok/cmd/kwok
