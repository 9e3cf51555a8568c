#!/bin/sh
# Waits until every file given as an argument exists: the markers that prepare.py and preflight.py write last. Fails after
# WAIT_TIMEOUT_SECONDS (7200), and for good: the pod may hold GPUs, and no retry is to hold them once more. 0 only looks.
#
# Beside a missing marker may stand:
#   .preparing  changes every few seconds while somebody is at work on it. Where none of them changes for
#               WAIT_SILENCE_SECONDS (1800), nobody is: the Job did not start, or was killed on its last try.
#   .failed     says why the marker won't come: its text is passed on. One that was there at the first look may be an
#               earlier try's, which the next try is about to remove: it counts after five minutes.
# "For good" is the exit code of a refused configuration (exit-codes.json), which the Job's failure policy knows.
trap 'exit 143' TERM INT
timeout=${WAIT_TIMEOUT_SECONDS:-7200}
patience=${WAIT_SILENCE_SECONDS:-1800}
waited=0
silent=0
old=
before=
while :; do
  missing=
  failed=
  signs=
  for marker in "$@"; do
    if [ ! -f "$marker" ]; then
      missing="$missing $marker"
      beside=${marker%/*}
      [ ! -f "$beside/.failed" ] || failed=$beside/.failed
      sign=
      # Without a file, or one that goes away at this moment, there is no sign.
      [ ! -f "$beside/.preparing" ] || { read -r sign <"$beside/.preparing"; } 2>/dev/null
      signs="$signs $marker $sign"
    fi
  done
  if [ -z "$missing" ]; then
    echo "wait-for.sh: everything is there"
    exit 0
  fi
  [ "$waited" -ne 0 ] || old=$failed
  [ -n "$failed" ] || old=
  if [ -n "$failed" ] && { [ "$failed" != "$old" ] || [ "$waited" -ge $((timeout < 300 ? timeout : 300)) ]; }; then
    head -c 4096 "$failed" >&2
    exit 10
  fi
  [ "$signs" = "$before" ] || silent=0
  before=$signs
  if [ "$waited" -ge "$timeout" ] || [ "$silent" -ge "$patience" ]; then
    echo "wait-for.sh: after $waited s still missing:$missing" >&2
    [ "$silent" -lt "$patience" ] || echo "wait-for.sh: nobody has been at work on it for $silent s" >&2
    echo "wait-for.sh: look at the log of the Job that makes it: kubectl logs -l 'app.kubernetes.io/component in (prepare, preflight)'" >&2
    [ "$timeout" -gt 0 ] || exit 1
    exit 10
  fi
  [ $((waited % 60)) -ne 0 ] || echo "wait-for.sh: waiting for$missing ($waited of $timeout s)"
  # In the background, so that a signal ends the wait at once.
  sleep 5 &
  wait $!
  waited=$((waited + 5))
  silent=$((silent + 5))
done
