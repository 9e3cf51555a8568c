#!/usr/bin/env bash
# Starts LLaMA-Factory and stays the container's first process: it passes signals on (llamafactory-cli relays none),
# waits, and says what happened by its exit code and in the termination message. Codes and reasons: failures.tsv.
#
#   TRAIN_CONFIG     train_config.yaml
#   OUTPUT_DIR       output_dir of that file
#   VENV             a virtual environment inside the image to activate (optional)
#   GRACE_SECONDS    how long the trainer may take to end after TERM (default 50)
#   TERMINATION_LOG  where Kubernetes reads the termination message (default /dev/termination-log)
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
termination_log=${TERMINATION_LOG:-/dev/termination-log}

# --- environment: CUDA_VISIBLE_DEVICES and PYTHONPATH come from the pod
if [ -n "${VENV:-}" ]; then
  # shellcheck disable=SC1091
  source "$VENV/bin/activate" # puts torchrun on PATH too
fi

say() { # what the pod's status shows, and the log
  printf '%s\n' "$*" | tee -a /dev/stderr | head -c 4096 > "$termination_log" 2> /dev/null
}

# --- one writer a directory
mkdir -p "$OUTPUT_DIR" && exec 9> "$OUTPUT_DIR/.lock" || { say "cannot write to $OUTPUT_DIR"; exit 15; }
flock -n 9 || { say "directory in use: another pod writes to $OUTPUT_DIR"; exit 16; }

# --- the trainer, in a session of its own; its output goes to the pod's log and into the output directory
log=$OUTPUT_DIR/launch.log
touch "$log" && start=$(stat -c %s "$log")
pipe=$(mktemp -d)/output && mkfifo "$pipe"
(trap '' TERM INT; exec tee -a "$log" < "$pipe") &
logger=$!
echo "training: $TRAIN_CONFIG -> $OUTPUT_DIR"
# A script's background commands ignore INT; the trainer must not.
setsid env --default-signal=INT,QUIT llamafactory-cli train "$TRAIN_CONFIG" > "$pipe" 2>&1 &
trainer=$!

# --- signals go to every process of the run: torchrun's workers have sessions of their own
signalled=
signal_all() {
  if [ $$ -eq 1 ]; then kill -s "$1" -- -1; else kill -s "$1" -- "-$trainer"; fi 2> /dev/null
}
on_signal() {
  if [ -n "$signalled" ]; then signal_all KILL; return; fi # asked twice: no more waiting
  signalled=$1
  signal_all "$1"
  (sleep "${GRACE_SECONDS:-50}" && signal_all KILL) &
}
trap 'on_signal TERM' TERM
trap 'on_signal INT' INT

# --- wait: a trapped signal interrupts wait, so ask again until the trainer has gone
while true; do
  wait "$trainer"
  status=$?
  kill -0 "$trainer" 2> /dev/null || break
done
wait "$logger"

# --- what happened
if [ "$status" -eq 0 ]; then
  # safetensors writes files that only their owner can read; a server of another user needs them too.
  chmod -R a+rX "$OUTPUT_DIR" 2> /dev/null
  say "finished: $OUTPUT_DIR"
  exit 0
fi
case $signalled in
  TERM) say "terminated: the pod was told to end; the next one resumes from the last checkpoint in $OUTPUT_DIR"; exit 143 ;;
  INT) say "interrupted: the next pod resumes from the last checkpoint in $OUTPUT_DIR"; exit 130 ;;
esac
last=$(tail -c "+$((start + 1))" "$log" | tail -c 200000)
while IFS=$'\t' read -r code _ name pattern advice; do
  case $code in '#'* | '') continue ;; esac
  [ "$pattern" = - ] && continue
  line=$(grep -aE -m 1 -- "$pattern" <<< "$last") || continue
  say "$name: $(cut -c 1-400 <<< "$line"). What to change: $advice"
  exit "$code"
done < "$here/failures.tsv"
say "the trainer failed with code $status; the end of its output: $(tail -n 5 <<< "$last" | cut -c 1-400)"
[ "$status" -gt 128 ] && exit "$status"
exit 1
