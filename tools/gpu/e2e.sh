#!/usr/bin/env bash
# Whole LLaMA-Factory runs on random weights of a Qwen3 shape: e2e.sh SHAPE NAME=JSON-overrides ...
# SHAPE: a name of shapes.py: 14B, 32B, tiny for a quick try; 30B-A3B:6 is six layers of it.
# NAME may end in @GIB, an allocator cap for that run alone, and before that in xN, the number of ranks.
# Environment: OUT (logs), DIST (a synthesised folder whose config is the starting point; else seed_config.yaml),
# DATA (a JSON list of samples in the messages form: the data set `given`, for runs with `"dataset": "given"`),
# PORT, CAP_GIB, NO_FLASH=1 (as on Turing), RUN_S (limit a run), ADAPTERS=1 (load the saved adapters at the end), JOBS (runs at
# once on the same cards: their peaks stay their own, their times and their host memory don't), DROP=1 (delete the model).
: "${OUT:=.}" "${JOBS:=1}"
work=${TMPDIR:-/tmp}
export WANDB_DISABLED=true DS_SKIP_CUDA_CHECK=1 HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONWARNINGS=ignore TORCH_EXTENSIONS_DIR=$work/ext
export NCCL_NVLS_ENABLE=0 OMP_NUM_THREADS=${OMP_NUM_THREADS:-4}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
shape=$1 model=$work/m${1/:/-}; shift
OUT=$(cd "$OUT" && pwd)
[ -z "${DIST:-}" ] || DIST=$(cd "$DIST" && pwd)
[ -z "${DATA:-}" ] || DATA=$(realpath "$DATA")
mkdir -p "$work/w/adapters" && cd "$work/w" && cp "$here"/*.json "$here"/*.yaml . || exit 1
[ -f "$model/config.json" ] || python3 "$here/e2e_prepare.py" "$model" "$shape" ${DATA:+"$DATA"} || exit 1
if [ -n "${DIST:-}" ]; then python3 "$here/lay_out.py" "$DIST" "$model" "$work/w" && mv train_config.yaml c.yaml || exit 1
else sed "s#MODEL#$model#" seed_config.yaml > c.yaml; fi

one() {
  local name=${shape/:/-}-${1%%=*} cap=${CAP_GIB:-0} ranks=1
  case $name in *@*) cap=${name#*@} ;; esac
  [[ ${name%@*} =~ x([1-8])$ ]] && ranks=${BASH_REMATCH[1]}
  name=${name/@/-cap}
  export SAVES=$PWD/saves-$name
  CAP_GIB=$cap timeout "${RUN_S:-200}" torchrun --nproc_per_node "$ranks" --master_port $((${PORT:-29511} + $2)) "$here/e2e_run.py" c.yaml "${1#*=}" "$name" > "$OUT/$name.log" 2>&1
  echo "== $name: exit $?"
  grep -a "^RESULT" "$OUT/$name.log" || grep -a -v "^$" "$OUT/$name.log" | tail -25 | cut -c1-400
  saved=$(find "$SAVES" -name adapter_model.safetensors -not -path '*checkpoint*' 2> /dev/null | head -1)
  [ -z "$saved" ] || { rm -rf "adapters/$name"; mv "$(dirname "$saved")" "adapters/$name"; du -b "adapters/$name"/adapter_*; }
  rm -rf "$SAVES"
}

n=0
for run in "$@"; do
  while (($(jobs -rp | wc -l) >= JOBS)); do wait -n; done
  ((n += 10))
  one "$run" "$n" &
done
wait
if [ -n "${ADAPTERS:-}" ]; then python3 "$here/e2e_adapters.py" "$model" "$PWD/adapters/${shape/:/-}"-* 2>&1 | grep -a "^ADAPTER"; fi
[ -z "${DROP:-}" ] || rm -rf "$model"
exit 0
