#!/usr/bin/env bash
# Whole LLaMA-Factory runs on a random Qwen3 shape: e2e.sh LAYERS NAME=JSON-overrides ...
# LAYERS: 40 is Qwen3-14B, 64 Qwen3-32B, 4 something small for a quick try.
# NAME may end in @GIB, an allocator cap for that run alone, and before that in xN, the number of ranks.
# Environment: OUT (logs), DIST (a synthesised folder whose config is the starting point; else seed_config.yaml),
# CAP_GIB, NO_FLASH=1 (as on Turing), RUN_S (limit a run), ADAPTERS=1 (load the saved adapters at the end).
: "${OUT:=.}"
work=${TMPDIR:-/tmp}
export WANDB_DISABLED=true DS_SKIP_CUDA_CHECK=1 HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONWARNINGS=ignore TORCH_EXTENSIONS_DIR=$work/ext
export NCCL_NVLS_ENABLE=0 OMP_NUM_THREADS=${OMP_NUM_THREADS:-4}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
layers=$1; shift
[ -z "${DIST:-}" ] || DIST=$(cd "$DIST" && pwd)
mkdir -p "$work/w/adapters" && cd "$work/w" && cp "$here"/*.json "$here"/*.yaml . || exit 1
[ -f "$work/m$layers/config.json" ] || python3 "$here/e2e_prepare.py" "$work/m$layers" "$layers" || exit 1
if [ -n "${DIST:-}" ]; then python3 "$here/lay_out.py" "$DIST" "$work/m$layers" "$work/w" && mv train_config.yaml c.yaml || exit 1
else sed "s#MODEL#$work/m$layers#" seed_config.yaml > c.yaml; fi
for run in "$@"; do
  name=${run%%=*} cap=${CAP_GIB:-0} ranks=1
  case $name in *@*) cap=${name#*@} ;; esac
  [[ ${name%@*} =~ x([0-9]+)$ ]] && ranks=${BASH_REMATCH[1]}
  rm -rf saves
  CAP_GIB=$cap timeout "${RUN_S:-200}" torchrun --nproc_per_node "$ranks" --master_port 29511 "$here/e2e_run.py" c.yaml "${run#*=}" "$name" > "$OUT/$name.log" 2>&1
  echo "== $name: exit $?"
  grep -a "^RESULT" "$OUT/$name.log" || grep -a -v "^$" "$OUT/$name.log" | tail -25 | cut -c1-400
  saved=$(find saves -name adapter_model.safetensors -not -path '*checkpoint*' 2> /dev/null | head -1)
  [ -z "$saved" ] || { rm -rf "adapters/$layers-$name"; mv "$(dirname "$saved")" "adapters/$layers-$name"; du -b "adapters/$layers-$name"/adapter_*; }
done
if [ -n "${ADAPTERS:-}" ]; then python3 "$here/e2e_adapters.py" "$work/m$layers" "$PWD/adapters/$layers"-* 2>&1 | grep -a "^ADAPTER"; fi
exit 0
