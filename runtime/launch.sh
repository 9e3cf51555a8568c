#!/usr/bin/env bash
# Runs the training of one pod, and says afterwards what happened.
#
# What the pod sets:
#   TRAIN_CONFIG           the train_config.yaml
#   OUTPUT_DIR             where adapters and checkpoints go (the config's output_dir)
#   VENV                   optional: a virtual environment inside the image, used as if activated
#   CUDA_VISIBLE_DEVICES   optional: which GPUs of the pod, for example 0,1,2,3
#   PYTHONPATH             optional: folders with Python code of your own
#   GRACE_SECONDS          optional: how long the trainer may take to end after TERM (25)
#   TERMINATION_LOG        optional: where Kubernetes reads the last message (/dev/termination-log)
#
# Exit codes: exit-codes.json, beside this file. The Job's failure policy is made from the same table.
set -u
umask 022
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

# 1. Environment. llamafactory-cli starts torchrun by its name, so both must be found on PATH.
if [[ -n ${VENV:-} ]]; then
  export VIRTUAL_ENV=$VENV PATH="$VENV/bin:$PATH"
fi
export PYTHONUNBUFFERED=1
work=$(mktemp -d) || exit 1
trap 'rm -rf -- "$work"' EXIT
trap 'exit 143' TERM INT

# finish ARGUMENTS...: let diagnose.py name what happened, leave its text for Kubernetes, exit with its code.
finish() {
  local message code=0 log=${TERMINATION_LOG:-/dev/termination-log}
  message=$(python3 -I "$here/diagnose.py" "$@") || code=$?
  if [[ -n $message ]]; then
    printf 'launch.sh: %s\n' "$message" >&2
    { printf '%s\n' "$message" >"$log"; } 2>"$work/error" ||
      printf 'launch.sh: cannot write the termination message to %s\n' "$log" >&2
  fi
  exit "$code"
}

for variable in TRAIN_CONFIG OUTPUT_DIR; do
  [[ -n ${!variable:-} ]] || finish --class config --message "$variable is not set"
done
command -v llamafactory-cli >"$work/found" ||
  finish --class config --message "llamafactory-cli is not on PATH: check the image, or the virtual environment (VENV is ${VENV:-not set})"

# 2. A lock, so that two runs never write to the same folder. The kernel drops it when the last holder ends.
{ mkdir -p -- "$OUTPUT_DIR" && touch -- "$OUTPUT_DIR/.lock"; } ||
  finish --class other --message "cannot write to $OUTPUT_DIR: check the saves volume, its free space and its owner (fsGroup)"
exec 9>>"$OUTPUT_DIR/.lock"
flock --nonblock --conflict-exit-code 200 9
case $? in
  0) ;;
  200) finish --class locked --message "another run is writing to $OUTPUT_DIR: wait for its pod to end, or delete its Job" ;;
  *) finish --class other --message "cannot lock $OUTPUT_DIR/.lock: the saves volume has no file locks; use one that has them" ;;
esac

# 3. The trainer's output goes to the container's log as it comes; its last part is kept for the diagnosis.
mkfifo "$work/output" "$work/copy"
(trap '' TERM INT; exec tail -c 262144 "$work/copy" >"$work/log" 9>&-) &
tail=$!
(trap '' TERM INT; exec tee "$work/copy" <"$work/output" 9>&-) &
tee=$!
exec 3>"$work/output"

# Every process below this script but those that write the log and the timer; as PID 1 that is everything in the
# container, also workers that made a session of their own and lost their parent. Leaves their ids in $processes.
find_processes() {
  local -A parent=()
  local stat line pid above
  processes=()
  for stat in /proc/[0-9]*/stat; do
    { read -r line <"$stat"; } 2>/dev/null || continue
    # "12 (a name) S 1 ...": the parent is the second field after the name, which may hold blanks and brackets.
    pid=${line%% *} above=${line##*) }
    [[ ${above:0:1} == Z ]] && continue
    above=${above#* } parent[$pid]=${above%% *}
  done
  for pid in "${!parent[@]}"; do
    above=$pid
    until [[ " $$ $tee $tail $timer " == *" $above "* || -z ${parent[$above]:-} ]]; do above=${parent[$above]}; done
    [[ $above == "$$" && $pid != "$$" ]] && processes+=("$pid")
  done
  return 0
}
signal_all() {
  find_processes
  ((${#processes[@]} == 0)) || kill "-$1" "${processes[@]}" 2>/dev/null
}

# 4. The first TERM or INT goes to every process as TERM (bash starts background programs deaf to INT), and a second
# one is set for the end of the grace period. The second one, whoever sent it, kills.
signals=0 timer=
# shellcheck disable=SC2317 # the trap below calls it
on_signal() {
  signals=$((signals + 1))
  if ((signals > 1)); then
    signal_all KILL
    return
  fi
  echo "launch.sh: asked to end; the trainer has ${GRACE_SECONDS:-25} s" >&2
  signal_all TERM
  (sleep "${GRACE_SECONDS:-25}"; kill -TERM "$$") >"$work/timer" 2>&1 3>&- 9>&- &
  timer=$!
}
trap on_signal TERM INT

# 5. Train, in a session of its own.
echo "launch.sh: llamafactory-cli train $TRAIN_CONFIG"
setsid llamafactory-cli train "$TRAIN_CONFIG" >&3 2>&1 3>&- &
trainer=$!
# A signal interrupts wait; then wait again.
while
  wait "$trainer"
  status=$?
  kill -0 "$trainer" 2>/dev/null
do :; done

# 6. llamafactory-cli ends at once on TERM, its workers take longer: wait for them too, until the second signal. After
# an end of its own, what is left gets ten seconds, and then it is killed too.
deadline=$((SECONDS + 10))
while find_processes && ((${#processes[@]} > 0)); do
  ((signals > 0 || SECONDS < deadline)) || signal_all KILL
  sleep 0.2
done
[[ -z $timer ]] || kill "$timer" 2>/dev/null
exec 3>&-
# Outside a container a worker without parent can escape, and keep the pipe open for ever: five seconds for the rest.
for _ in {1..50}; do kill -0 "$tee" 2>/dev/null && sleep 0.1; done
kill -KILL "$tee" 2>/dev/null
wait "$tee" "$tail"

# 7. safetensors writes files only their owner can read; a server under another user needs them too.
chmod -R a+rX -- "$OUTPUT_DIR" 2>"$work/error" || echo "launch.sh: some files of $OUTPUT_DIR stay unreadable for others" >&2

# 8. What happened?
((signals == 0)) || finish --class terminated
finish --status "$status" --log "$work/log"
