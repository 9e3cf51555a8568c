#!/usr/bin/env bash
# Installs what oracle.py and test/training need: a virtual environment with LLaMA-Factory 0.9.5 and CPU-capable
# packages, and a side folder for each older release. About 6 GB, since torch brings its CUDA libraries; no GPU is needed.
#   install.sh [RELEASE...]   default: 0.9.5 0.9.4 0.9.3; the older ones need the packages of 0.9.5, which always come
# What is there already with the same pins is left alone.
#   LF_ORACLE_VENV  where the virtual environment goes (default: venv in the user's cache)
#   LF_ORACLE_SITE  where the older releases go (default: site in the user's cache)
#   PYTHON          the interpreter, 3.11
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Not in the repository: compilers and test runners would read it.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/cdk8s-llamafactory
venv=${LF_ORACLE_VENV:-$cache/venv}
site=${LF_ORACLE_SITE:-$cache/site}
install() { "$venv/bin/pip" install --quiet --no-cache-dir "$@"; }

# A finished folder says which pins it was made from.
pins() { cat "$here/requirements.txt" "$here/constraints.txt" "$@" | sha256sum; }
made() { [ -e "$1/installed" ] && [ "$(cat "$1/installed")" = "$2" ]; }

wanted=$(pins)
if ! made "$venv" "$wanted"; then
  "${PYTHON:-python3.11}" -m venv --clear "$venv"
  install -r "$here/requirements.txt" -c "$here/constraints.txt"
  # DeepSpeed's build imports torch, so it comes after it and without isolation.
  install wheel "setuptools<81"
  install --no-build-isolation -c "$here/constraints.txt" deepspeed==0.18.4
  printf '%s\n' "$wanted" >"$venv/installed"
fi
[ $# -gt 0 ] || set -- 0.9.4 0.9.3
for release in "$@"; do
  [ "$release" != 0.9.5 ] || continue
  wanted=$(pins "$here/requirements-$release.txt")
  made "$site/$release" "$wanted" && continue
  rm -rf "${site:?}/$release"
  install --no-deps --no-build-isolation --target "$site/$release" -r "$here/requirements-$release.txt"
  printf '%s\n' "$wanted" >"$site/$release/installed"
done
