#!/usr/bin/env bash
# Stops what up.sh started, by the pid files under RUN and nothing else; --keep leaves state and logs.
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
run=${RUN:-$PWD/run}
pid() { # program: its process id, if that process is still this program
  local p
  p=$(cat "$run/pids/$1" 2> /dev/null) || return 1
  case $(readlink "/proc/$p/exe") in */"$1" | */"$1 (deleted)") echo "$p" ;; *) return 1 ;; esac
}
end() { # program: asked to end, and made to after 5 s
  local p
  p=$(pid "$1") && kill "$p"
  for _ in $(seq 50); do pid "$1" > /dev/null || break; sleep 0.1; done
  p=$(pid "$1") && kill -9 "$p"
  rm -f "$run/pids/$1"
}
for program in kwok kube-scheduler kube-controller-manager; do end $program & done
wait
end kube-apiserver
end etcd
rmdir "$run/pids" 2> /dev/null
[ "${1:-}" = --keep ] || rm -rf "$run"
