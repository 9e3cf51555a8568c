#!/bin/sh
# Waits until every marker file exists: the prepare Job writes them last. Fails after WAIT_TIMEOUT_SECONDS.
waited=0
for marker in "$@"; do
  while [ ! -f "$marker" ]; do
    if [ "$waited" -ge "${WAIT_TIMEOUT_SECONDS:-7200}" ]; then
      echo "waited $waited s for $marker, which the prepare Job writes: look at its log (kubectl logs -l app.kubernetes.io/component=prepare)" >&2
      exit 1
    fi
    [ $((waited % 60)) -eq 0 ] && echo "waiting for $marker ($waited s)"
    sleep 5
    waited=$((waited + 5))
  done
done
