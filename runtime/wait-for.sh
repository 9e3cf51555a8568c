#!/bin/sh
# Waits until every file given as an argument exists: the markers that prepare.py and preflight.py write last.
# Fails after WAIT_TIMEOUT_SECONDS (7200).
# A file .failed beside a missing marker says why it won't come: its text is passed on, with the exit code of a refused
# configuration (exit-codes.json). One that was there at the first look may be an earlier try's, which the next try is
# about to remove: it counts after a minute.
trap 'exit 143' TERM INT
timeout=${WAIT_TIMEOUT_SECONDS:-7200}
waited=0
old=
while :; do
  missing=
  failed=
  for marker in "$@"; do
    if [ ! -f "$marker" ]; then
      missing="$missing $marker"
      [ ! -f "${marker%/*}/.failed" ] || failed=${marker%/*}/.failed
    fi
  done
  if [ -z "$missing" ]; then
    echo "wait-for.sh: everything is there"
    exit 0
  fi
  [ "$waited" -ne 0 ] || old=$failed
  [ -n "$failed" ] || old=
  if [ -n "$failed" ] && { [ "$failed" != "$old" ] || [ "$waited" -ge $((timeout < 60 ? timeout : 60)) ]; }; then
    cat "$failed" >&2
    exit 10
  fi
  if [ "$waited" -ge "$timeout" ]; then
    echo "wait-for.sh: after $waited s still missing:$missing" >&2
    echo "wait-for.sh: look at the log of the Job that makes it: kubectl logs -l 'app.kubernetes.io/component in (prepare, preflight)'" >&2
    exit 1
  fi
  [ $((waited % 60)) -ne 0 ] || echo "wait-for.sh: waiting for$missing ($waited of $timeout s)"
  # In the background, so that a signal ends the wait at once.
  sleep 5 &
  wait $!
  waited=$((waited + 5))
done
