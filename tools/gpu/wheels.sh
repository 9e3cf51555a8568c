#!/usr/bin/env bash
# Gathers what a machine with a GPU, CUDA's compiler and torch lacks to run LLaMA-Factory 0.9.5, for a machine that
# reaches no package index: about 27 MB. There: pip install --no-deps --no-index --target SITE FOLDER/*.whl
#   wheels.sh FOLDER [PYTHON]   PYTHON: the other machine's version, default 3.12
# The other machine must have numpy, pandas, pyarrow, scipy, matplotlib, sentencepiece, tiktoken, einops, psutil, msgpack.
set -euo pipefail
folder=$1 python=${2:-3.12}
mkdir -p "$folder"
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
python3 -m venv "$scratch/venv"
pip=("$scratch/venv/bin/pip" --disable-pip-version-check --quiet)
"${pip[@]}" install pip wheel "setuptools<81"

# These versions ran together, with torch 2.11 for CUDA 13.0.
packages=(
  llamafactory==0.9.5 transformers==5.6.0 tokenizers==0.22.2 huggingface_hub==1.6.0 accelerate==1.11.0 peft==0.18.1
  trl==0.24.0 datasets==4.0.0 dill==0.3.8 multiprocess==0.70.16 fsspec==2025.3.0 bitsandbytes==0.50.2
  liger-kernel==0.8.5 omegaconf==2.3.0 fire termcolor tyro==0.8.14 shtab docstring_parser typeguard
  pydantic==2.14.4 pydantic-core==2.50.5 annotated-types typing-inspection torchdata==0.11.0 hjson fastapi starlette
  uvicorn
)
platforms=()
for tag in manylinux_2_28 manylinux_2_27 manylinux_2_24 manylinux_2_17 manylinux2014 manylinux1; do
  platforms+=(--platform "${tag}_x86_64")
done
"${pip[@]}" download --no-deps --only-binary=:all: --python-version "$python" --implementation cp "${platforms[@]}" \
  --dest "$scratch/wheels" "${packages[@]}"
# Only a source package: pure Python. DeepSpeed's operators are compiled where they run.
"${pip[@]}" wheel --no-deps --no-build-isolation --wheel-dir "$scratch/wheels" antlr4-python3-runtime==4.9.3
DS_BUILD_OPS=0 "${pip[@]}" wheel --no-deps --no-build-isolation --wheel-dir "$scratch/wheels" deepspeed==0.18.4

# Of bitsandbytes' libraries, one for each version of CUDA, the other machine needs one.
wheel=$(echo "$scratch"/wheels/bitsandbytes-*.whl)
"$scratch/venv/bin/wheel" unpack --dest "$scratch/bitsandbytes" "$wheel"
rm "$wheel"
find "$scratch/bitsandbytes" -name 'libbitsandbytes_*' -not -name 'libbitsandbytes_cuda130*' -not -name 'libbitsandbytes_cpu*' -delete
"$scratch/venv/bin/wheel" pack --dest-dir "$scratch/wheels" "$scratch"/bitsandbytes/*
cp "$scratch"/wheels/*.whl "$folder"
du -sh "$folder"
