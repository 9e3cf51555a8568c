#!/usr/bin/env bash
# Installs what oracle.py needs: a virtual environment with LLaMA-Factory 0.9.5 and CPU-capable packages, and a side
# folder for each older release. About 6 GB, since torch brings its CUDA libraries; no GPU is needed.
#   LF_ORACLE_VENV  where the virtual environment goes (default: venv beside this script)
#   LF_ORACLE_SITE  where the older releases go (default: site beside this script)
#   PYTHON          the interpreter, 3.11
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${LF_ORACLE_VENV:-$here/venv}
site=${LF_ORACLE_SITE:-$here/site}
[ -x "$venv/bin/pip" ] || "${PYTHON:-python3.11}" -m venv "$venv"
install() { "$venv/bin/pip" install --no-cache-dir "$@"; }
install -r "$here/requirements.txt" -c "$here/constraints.txt"
# DeepSpeed's build imports torch, so it comes after it and without isolation.
install wheel "setuptools<81"
install --no-build-isolation -c "$here/constraints.txt" deepspeed==0.18.4
for release in 0.9.3 0.9.4; do
  install --no-deps --no-build-isolation --target "$site/$release" -r "$here/requirements-$release.txt"
done
