#!/usr/bin/env bash
# Makes the free PersistentVolumes that a provisioner would make on demand, in place of those used up:
# for `standard` on no node in particular, for `local-path` tied to a node, for `shared` with ReadWriteMany.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
bin=${BIN:-$PWD/bin} run=${RUN:-$PWD/run}
kubectl() { "$bin/kubectl" --kubeconfig "$run/admin.kubeconfig" "$@"; }

volume() { # name, class, access mode, source, more of the spec
  cat <<V
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: $1}
spec:
  storageClassName: $2
  accessModes: [$3]
  capacity: {storage: 1Ti}
  persistentVolumeReclaimPolicy: Retain
  $4
  ${5:-}
V
}
kubectl delete pv --all > /dev/null
for i in 0 1 2 3 4 5; do
  volume "standard-$i" standard ReadWriteOnce "nfs: {server: 192.0.2.10, path: /standard-$i}"
  volume "shared-$i" shared ReadWriteMany "nfs: {server: 192.0.2.10, path: /shared-$i}"
  for node in gpu-0 gpu-1 cpu-0 t10-server; do
    volume "$node-$i" local-path ReadWriteOnce "local: {path: /storage/$node-$i}" \
      "nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [$node]}]}]}}"
  done
done | kubectl create -f - > /dev/null
