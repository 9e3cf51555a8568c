#!/usr/bin/env bash
# Runs the cluster test against other minors of Kubernetes, by default the oldest and the newest supported:
# ./minors.sh [1.31 1.37]. No part of CI, since each takes minutes to build. Ends with a line for each.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

module() { # version: makes variants/<version> of kube/, with the staging modules of that release
  local v=${1#v} dir=variants/$1 upstream
  upstream=$(go list -m -f '{{.GoMod}}' "k8s.io/kubernetes@$1") || return
  mkdir -p "$dir"
  cp kube/tools.go "$dir/"
  {
    echo 'module example.invalid/controlplane'
    grep -E '^(go|godebug) ' "$upstream"
    echo "require k8s.io/kubernetes $1"
    # Kubernetes's own module replaces these by folders of its repository; each is published as v0.minor.patch.
    sed -nE "s#^[[:space:]]*(k8s.io/[a-z-]+) => ./staging/.*#replace \1 => \1 v0.${v#1.}#p" "$upstream"
  } > "$dir/go.mod"
  go -C "$dir" mod tidy
}

newest() { # minor: makes the module of its newest patch release of which the module proxy has every part
  local v
  for v in $(go list -m -f '{{join .Versions "\n"}}' -versions k8s.io/kubernetes | grep -E "^v${1//./\\.}\.[0-9]+$" | sort -rV); do
    module "$v" >&2 && echo "$v" && return
  done
  return 1
}

[ $# -gt 0 ] || set -- 1.31 1.37
verdicts=()
for minor; do
  export BIN=$PWD/bin-$minor RUN=$PWD/run-$minor BASE_PORT=19000
  if ! version=$(newest "$minor") || ! KUBE=variants/$version ./build.sh; then
    verdicts+=("$minor ${version:-}: did not build")
  elif (cd ../.. && KUBE=variants/$version npx jest --config test/cluster/jest.config.js); then
    verdicts+=("$version: passed")
  else
    verdicts+=("$version: failed")
  fi
done
printf '%s\n' "${verdicts[@]}"
! printf '%s\n' "${verdicts[@]}" | grep -qv 'passed$'
