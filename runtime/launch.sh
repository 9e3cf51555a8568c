#!/usr/bin/env bash
# Runs the training of one pod, and says afterwards what happened.
#
# What the pod sets:
#   TRAIN_CONFIG           the train_config.yaml
#   OUTPUT_DIR             where adapters and checkpoints go (the config's output_dir)
#   VENV                   optional: a virtual environment inside the image, used as if activated
#   CUDA_VISIBLE_DEVICES   optional: which GPUs of the pod, for example 0,1,2,3
#   PYTHONPATH             optional: folders with Python code of your own
#   SMOKE_CONFIG           optional: the config of a few steps that must pass before the real run starts
#   SMOKE_ROWS             optional: how many of the longest samples of each data set the smoke run gets (8)
#   GPU_MONITOR_SECONDS    optional: how often memory and utilisation of the GPUs go to OUTPUT_DIR/gpu.csv, those of
#                          another node than that of rank 0 to gpu-node1.csv and so on
#   NODE_RANK              optional: which node of the run this is (0). That of rank 0 alone writes to OUTPUT_DIR
#   RUN_UID                with a NODE_RANK above 0: the run, the same for all of its nodes, and another for another run
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
work='' keeper='' monitor=''
# shellcheck disable=SC2317,SC2329 # the trap below calls it
clean_up() {
  [[ -z $monitor ]] || kill "$monitor"
  [[ -z $keeper ]] || { kill "$keeper" && wait "$keeper"; }
  rm -rf -- "$work"
} 2>/dev/null
trap clean_up EXIT
trap 'exit 143' TERM INT

say() { printf 'launch.sh: %s\n' "$1"; }

# finish ARGUMENTS...: let diagnose.py name what happened, leave its text for Kubernetes, exit with its code.
finish() {
  local message code=0 log=${TERMINATION_LOG:-/dev/termination-log}
  message=$(python3 -I "$here/diagnose.py" "$@") || code=$?
  if [[ -n $message ]]; then
    say "$message" >&2
    { printf '%s\n' "$message" >"$log"; } 2>/dev/null || say "cannot write the termination message to $log" >&2
  fi
  exit "$code"
}

# class_of ERROR CLASS: the class of what a command said. A full disk has one of its own.
class_of() {
  case $1 in *'No space left on device'* | *'Disk quota exceeded'*) echo disk ;; *) echo "$2" ;; esac
}

# cannot WHAT ERROR [CLASS]: ends here for what a command said.
cannot() {
  finish --class "$(class_of "$2" "${3:-other}")" --message "$1: ${2##*$'\n'}"
}
volume="cannot write to ${OUTPUT_DIR:-}; check the saves volume, its free space and its owner (fsGroup)"
made=$(LC_ALL=C mktemp -d 2>&1) || cannot "cannot write to ${TMPDIR:-/tmp}" "$made"
work=$made

# 2. Signals. Processes that are not the trainer's: they end when it has ended.
helpers=("$$")

# Every process below this script but the helpers; as PID 1 that is everything in the container, also workers that made
# a session of their own and lost their parent. Leaves their ids in $processes.
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
    until [[ " ${helpers[*]} " == *" $above "* || -z ${parent[$above]:-} ]]; do above=${parent[$above]}; done
    [[ $above == "$$" && $pid != "$$" ]] && processes+=("$pid")
  done
  return 0
}

# signal_all SIGNAL: to every process of the trainer. TERM goes to torchrun only if it has no workers: 30 s after it
# hears TERM it kills them, and some may still be saving; when they have ended, it ends.
signal_all() {
  local pid chosen=() spared=()
  find_processes
  for pid in "${processes[@]}"; do
    if [[ $1 == TERM ]] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qE '^\S*python[0-9.]* \S*(torchrun|llamafactory-cli) '; then
      spared+=("$pid")
    else
      chosen+=("$pid")
    fi
  done
  ((${#chosen[@]} > 0)) || chosen=("${spared[@]}")
  ((${#chosen[@]} == 0)) || kill "-$1" "${chosen[@]}" 2>/dev/null
}

# The first TERM or INT goes on as TERM (bash starts background programs deaf to INT), and a second one is set for the
# end of the grace period. The second one, whoever sent it, kills. USR1 comes from a helper that has a reason to stop.
signals=0 timer=''
# shellcheck disable=SC2317,SC2329 # the trap below calls it
on_signal() {
  signals=$((signals + 1))
  if ((signals > 1)); then
    signal_all KILL
    return
  fi
  say "asked to end; the trainer has ${GRACE_SECONDS:-25} s" >&2
  signal_all TERM
  (sleep "${GRACE_SECONDS:-25}"; kill -TERM "$$") >"$work/timer" 2>&1 3>&- 9>&- &
  timer=$!
  helpers+=("$timer")
}
# shellcheck disable=SC2317,SC2329 # the trap below calls it
on_stop() {
  signal_all KILL
}
trap on_stop USR1

# 3. What must be there.
for variable in TRAIN_CONFIG OUTPUT_DIR; do
  [[ -n ${!variable:-} ]] || finish --class config --message "$variable is not set"
done
command -v llamafactory-cli >"$work/found" ||
  finish --class config --message "llamafactory-cli is not on PATH: check the image, or the virtual environment (VENV is ${VENV:-not set})"
rank=${NODE_RANK:-0}
[[ $rank =~ ^[0-9]+$ ]] || finish --class config --message "NODE_RANK is $rank, and it must be a whole number from 0"
if ((10#$rank > 0)); then
  [[ -n ${RUN_UID:-} ]] || finish --class config --message "RUN_UID is not set, and node $rank cannot tell which run it is of"
else
  said=$(LC_ALL=C mkdir -p -- "$OUTPUT_DIR" 2>&1 && LC_ALL=C touch -- "$OUTPUT_DIR/.lock" 2>&1) || cannot "$volume" "$said"
  [[ -f $OUTPUT_DIR/.lock ]] ||
    finish --class config --message "$OUTPUT_DIR/.lock is no file: it cannot be locked; remove it"
fi

# 4. A run that is finished is not trained again.
if [[ -e $OUTPUT_DIR/.complete || -L $OUTPUT_DIR/.complete ]]; then
  python3 -I "$here/output.py" finished "$OUTPUT_DIR" 2>"$work/error"
  case $? in
    0) exit 0 ;;
    3) ;;
    *) cannot "cannot tell whether the run in $OUTPUT_DIR is finished" "$(<"$work/error")" config ;;
  esac
fi

# 5. Two runs never write to the same folder. The kernel's lock holds on one node, and is dropped when the last holder
# ends; the lease (lease.py) holds where a volume is shared by nodes and its locks are not. Of a run on several nodes
# that of rank 0 has both; the others go on when it has them for this run.
locked() {
  finish --class locked --message "$1 is writing to $OUTPUT_DIR: wait for its pod to end, or delete its Job"
}
# In the background, so that a signal ends it at once.
if ((10#$rank > 0)); then
  python3 -I "$here/lease.py" join "$OUTPUT_DIR" "$RUN_UID" >"$work/holder" &
else
  exec 9>>"$OUTPUT_DIR/.lock"
  flock --nonblock --conflict-exit-code 200 9
  case $? in
    0) alone=yes ;;
    200) locked "another run" ;;
    *) alone=no && say "the saves volume has no file locks: the lease alone must do" ;;
  esac
  python3 -I "$here/lease.py" take "$OUTPUT_DIR" "$work/lease" "$alone" >"$work/holder" 9>&- &
fi
keeper=$!
wait "$keeper"
case $? in
  0) ;;
  3) locked "$(<"$work/holder")" ;;
  *) cannot "$volume" "$(<"$work/holder")" ;;
esac
keeper=''
if ((10#$rank == 0)); then
  python3 -I "$here/lease.py" keep "$(<"$work/lease")" "$$" "$work/taken" 9>&- &
  keeper=$!
  helpers+=("$keeper")

  # 6. What a killed run left half-written is moved aside, or the trainer would start from it. On the other nodes it
  # waits for this one's torchrun.
  python3 -I "$here/output.py" tidy "$OUTPUT_DIR" 2>"$work/error" ||
    cannot "cannot look through $OUTPUT_DIR; check the saves volume" "$(<"$work/error")"
fi

# 7. Memory and utilisation of the GPUs, beside the trainer. Whatever becomes of it, the run goes on.
of_node=''
((10#$rank == 0)) || of_node=-node$((10#$rank))
monitor_gpus() {
  local sample
  while sample=$(nvidia-smi --query-gpu=timestamp,index,memory.used,utilization.gpu --format=csv,noheader 2>&1); do
    printf '%s\n' "$sample" >>"$OUTPUT_DIR/gpu$of_node.csv" || return
    sleep "$GPU_MONITOR_SECONDS" >"$work/monitor" 2>&1
  done
  say "no GPU monitor: $sample"
}
if [[ -n ${GPU_MONITOR_SECONDS:-} ]] && ! command -v nvidia-smi >"$work/found"; then
  say "no GPU monitor: nvidia-smi is not in the container"
elif [[ -n ${GPU_MONITOR_SECONDS:-} ]]; then
  (trap - TERM INT USR1; monitor_gpus) 9>&- &
  monitor=$!
  helpers+=("$monitor")
fi

# stopped RUN: ends here if the run was stopped from outside, or by a helper.
stopped() {
  [[ ! -e $work/taken ]] || locked "$(<"$work/taken"). It"
  [[ ! -e $work/dead ]] || finish --run "$1" --class loss --message "$(<"$work/dead")"
  ((signals == 0)) || finish --run "$1" --class terminated
}

# train CONFIG: runs the trainer in a session of its own, and waits for all that it started. Its output goes to the
# container's log as it comes, its last part to $work/log, its exit status to $status.
train() {
  local trainer tee watch deadline
  rm -f -- "$work/output" "$work/copy"
  said=$(LC_ALL=C mkfifo "$work/output" "$work/copy" 2>&1) || cannot "cannot write to $work" "$said"
  python3 -I "$here/watch.py" "$work/log" "$work/dead" "$$" <"$work/copy" 9>&- &
  watch=$!
  (trap '' TERM INT; exec tee -p "$work/copy" <"$work/output" 9>&-) &
  tee=$!
  helpers+=("$watch" "$tee")
  exec 3>"$work/output"

  say "llamafactory-cli train $1"
  setsid llamafactory-cli train "$1" >&3 2>&1 3>&- &
  trainer=$!
  # A signal interrupts wait; then wait again.
  while
    wait "$trainer"
    status=$?
    kill -0 "$trainer" 2>/dev/null
  do :; done

  # llamafactory-cli may end before its workers: wait for them too, until the second signal. After an end of its own,
  # what is left gets ten seconds, and then it is killed too.
  deadline=$((SECONDS + 10))
  while find_processes && ((${#processes[@]} > 0)); do
    ((signals > 0 || SECONDS < deadline)) || signal_all KILL
    sleep 0.2
  done
  exec 3>&-
  # Outside a container a worker without parent can escape, and keep the pipe open for ever: five seconds for the rest.
  for _ in {1..50}; do kill -0 "$tee" 2>/dev/null && sleep 0.1; done
  kill -KILL "$tee" 2>/dev/null
  wait "$tee" "$watch"
  [[ -z $timer ]] || kill "$timer" 2>/dev/null
}

trap on_signal TERM INT
stopped ""

# 8. A few steps on the longest samples: what is too large for the GPU shows now, and not at step 500.
if [[ -n ${SMOKE_CONFIG:-} && ! -e $OUTPUT_DIR/.smoke-passed ]]; then
  say "smoke run: a few steps on the longest samples"
  if ! smoke=$(python3 -I "$here/longest-samples.py" "$TRAIN_CONFIG" "$SMOKE_CONFIG" "${SMOKE_ROWS:-8}" 2>"$work/error"); then
    said=$(<"$work/error")
    finish --run "smoke run" --class "$(class_of "$said" data)" --message "${said##*$'\n'}"
  fi
  cat -- "$work/error"
  train "$SMOKE_CONFIG"
  stopped "smoke run"
  (finish --run "smoke run" --status "$status" --log "$work/log" --output "$smoke") || exit
  ((10#$rank > 0)) || touch -- "$OUTPUT_DIR/.smoke-passed"
  say "smoke run: passed"
fi

# 9. Train.
train "$TRAIN_CONFIG"

# What is left is looked at where it was written.
if ((10#$rank > 0)); then
  stopped ""
  finish --status "$status" --log "$work/log"
fi

# 10. safetensors writes files only their owner can read; a server under another user needs them too.
chmod -R a+rX -- "$OUTPUT_DIR" 2>"$work/error" || say "some files of $OUTPUT_DIR stay unreadable for others" >&2

# 11. What happened?
stopped ""
(finish --status "$status" --log "$work/log" --output "$OUTPUT_DIR") || exit
python3 -I "$here/output.py" finish "$OUTPUT_DIR" 2>"$work/error" ||
  cannot "cannot mark $OUTPUT_DIR as finished; check the saves volume and its free space" "$(<"$work/error")"
