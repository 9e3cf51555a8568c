#!/usr/bin/env bash
# Whole LLaMA-Factory runs on a random Qwen3-14B shape: e2e.sh 40 NAME=JSON-overrides ...   (4 layers: a quick try)
# NAME may end in @GIB: an allocator cap for that run alone.
# Environment: OUT (logs), CAP_GIB (allocator cap), NO_FLASH=1 (as on Turing), RUN_S (limit a run), PYTORCH_CUDA_ALLOC_CONF.
: "${OUT:=.}"
# $1: layers, $2...: the runs, each NAME=JSON-overrides
work=${TMPDIR:-/tmp}
export WANDB_DISABLED=true DS_SKIP_CUDA_CHECK=1 HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONWARNINGS=ignore TORCH_EXTENSIONS_DIR=$work/ext
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd); L=$1; shift; mkdir -p $work/w && cd $work/w && cp $here/*.json $here/*.yaml .
[ -f $work/m$L/config.json ] || python3 $here/e2e_prepare.py $work/m$L $L || exit 1
for r in "$@"; do n=${r%%=*}; cap=${CAP_GIB:-0}; case $n in *@*) cap=${n#*@};; esac; rm -rf saves; sed "s#MODEL#$work/m$L#" seed_config.yaml > c.yaml
 CAP_GIB=$cap timeout ${RUN_S:-200} torchrun --nproc_per_node 1 --master_port 29511 $here/e2e_run.py c.yaml "${r#*=}" "$n" > $OUT/$n.log 2>&1; tail -c 15000 $OUT/$n.log | grep -a "RESULT" || { echo "== $n failed"; grep -a -v "^$" $OUT/$n.log | tail -25 | cut -c1-400; }; ls saves/qwen3-14b/lora/sft 2>/dev/null | tr '\n' ' '; echo; done
