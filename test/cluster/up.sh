#!/usr/bin/env bash
# Starts a Kubernetes control plane on loopback with fake nodes (cluster.yaml), whose kubelet kwok plays (stages.yaml).
#   BIN        the binaries build.sh made (bin)
#   RUN        where keys, state and logs go, an absolute path (run)
#   BASE_PORT  443, 379, 380, 257, 259 and 247 above it are used (18000)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
bin=${BIN:-$PWD/bin} run=${RUN:-$PWD/run} base=${BASE_PORT:-18000}
api=$((base + 443)) etcd=$((base + 379)) peer=$((base + 380)) pki=$run/pki
[ -e "$run/pids" ] && { echo "already up, or left over: run down.sh first" >&2; exit 1; }
rm -rf "$run"
mkdir -p "$pki" "$run/log" "$run/pids"

# One CA, a serving certificate, the key that signs service-account tokens.
ec() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "$@" 2> /dev/null; }
ec -x509 -days 30 -subj /CN=test-ca -keyout "$pki/ca.key" -out "$pki/ca.crt" \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,digitalSignature
ec -subj /CN=kube-apiserver -keyout "$pki/tls.key" -out "$pki/tls.csr"
openssl x509 -req -in "$pki/tls.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial -days 30 \
  -out "$pki/tls.crt" -extfile <(echo subjectAltName=IP:127.0.0.1) 2> /dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$pki/sa.key" 2> /dev/null
openssl pkey -in "$pki/sa.key" -pubout -out "$pki/sa.pub"

user() { # kubeconfig, user, group: with a random token; system users get their rights from the bootstrap policy
  local token
  token=$(openssl rand -hex 16)
  printf '%s,%s,%s,"%s"\n' "$token" "$2" "$2" "${3:-}" >> "$pki/tokens.csv"
  cat > "$run/$1.kubeconfig" <<C
apiVersion: v1
kind: Config
current-context: test
clusters: [{name: test, cluster: {server: "https://127.0.0.1:$api", certificate-authority: $pki/ca.crt}}]
users: [{name: $1, user: {token: $token}}]
contexts: [{name: test, context: {cluster: test, user: $1}}]
C
}
user admin admin system:masters
user controllers system:kube-controller-manager
user scheduler system:kube-scheduler
user kwok kwok system:masters

start() { # program, arguments...
  setsid nohup "$bin/$1" "${@:2}" > "$run/log/$1.log" 2>&1 < /dev/null &
  echo $! > "$run/pids/$1"
}
wait_for() { # what, command...
  local end=$((SECONDS + 90))
  until "${@:2}" > /dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { echo "$1 did not come up in 90 s: see $run/log" >&2; exit 1; }
    sleep 0.1
  done
}
kubectl() { "$bin/kubectl" --kubeconfig "$run/admin.kubeconfig" "$@"; }

start etcd --data-dir "$run/etcd" --unsafe-no-fsync --log-level warn \
  --listen-client-urls "http://127.0.0.1:$etcd" --advertise-client-urls "http://127.0.0.1:$etcd" \
  --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
  --initial-cluster "default=http://127.0.0.1:$peer"
start kube-apiserver --etcd-servers "http://127.0.0.1:$etcd" \
  --bind-address 127.0.0.1 --advertise-address 127.0.0.1 --secure-port "$api" \
  --endpoint-reconciler-type none --service-cluster-ip-range 10.0.0.0/24 \
  --authorization-mode RBAC --token-auth-file "$pki/tokens.csv" --client-ca-file "$pki/ca.crt" \
  --tls-cert-file "$pki/tls.crt" --tls-private-key-file "$pki/tls.key" \
  --service-account-issuer https://kubernetes.default.svc --service-account-key-file "$pki/sa.pub" \
  --service-account-signing-key-file "$pki/sa.key"
wait_for "the API server" kubectl get --raw /readyz
start kube-controller-manager --kubeconfig "$run/controllers.kubeconfig" \
  --bind-address 127.0.0.1 --secure-port $((base + 257)) --leader-elect=false --use-service-account-credentials=true \
  --service-account-private-key-file "$pki/sa.key" --root-ca-file "$pki/ca.crt"
start kube-scheduler --kubeconfig "$run/scheduler.kubeconfig" \
  --bind-address 127.0.0.1 --secure-port $((base + 259)) --leader-elect=false
start kwok --kubeconfig "$run/kwok.kubeconfig" --config stages.yaml \
  --manage-all-nodes=false --manage-nodes-with-label-selector type=kwok --node-ip 10.10.0.1 --cidr 10.244.0.0/16 \
  --server-address "127.0.0.1:$((base + 247))" --node-lease-duration-seconds 40
wait_for "the default service account" kubectl -n default get serviceaccount default
kubectl apply --server-side -f cluster.yaml > "$run/log/cluster.log"
./volumes.sh | kubectl create -f - > "$run/log/volumes.log"
kubectl wait --for=condition=Ready node --all --timeout=90s > "$run/log/nodes.log"
echo "export KUBECONFIG=$run/admin.kubeconfig"
