#!/bin/sh
# Waits until every file given as an argument exists: the markers that prepare.py writes last.
# Fails after WAIT_TIMEOUT_SECONDS (7200).
trap 'exit 143' TERM INT
timeout=${WAIT_TIMEOUT_SECONDS:-7200}
waited=0
while :; do
  missing=
  for marker in "$@"; do
    [ -f "$marker" ] || missing="$missing $marker"
  done
  if [ -z "$missing" ]; then
    echo "wait-for.sh: everything is there"
    exit 0
  fi
  if [ "$waited" -ge "$timeout" ]; then
    echo "wait-for.sh: after $waited s still missing:$missing" >&2
    echo "wait-for.sh: look at the log of the prepare Job: kubectl logs -l app.kubernetes.io/component=prepare" >&2
    exit 1
  fi
  [ $((waited % 60)) -ne 0 ] || echo "wait-for.sh: waiting for$missing ($waited of $timeout s)"
  # In the background, so that a signal ends the wait at once.
  sleep 5 &
  wait $!
  waited=$((waited + 5))
done
