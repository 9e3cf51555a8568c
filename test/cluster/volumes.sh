#!/usr/bin/env bash
# Prints the PersistentVolumes that provisioners would make on demand: for `standard` on no node in particular, for
# `local-path` tied to a node, for `shared` with ReadWriteMany.
set -euo pipefail

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
for i in 0 1 2 3 4 5; do
  volume "standard-$i" standard ReadWriteOnce "nfs: {server: 192.0.2.10, path: /standard-$i}"
  volume "shared-$i" shared ReadWriteMany "nfs: {server: 192.0.2.10, path: /shared-$i}"
  for node in gpu-0 gpu-1 cpu-0 t10-server; do
    volume "$node-$i" local-path ReadWriteOnce "local: {path: /storage/$node-$i}" \
      "nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [$node]}]}]}}"
  done
done
