#!/usr/bin/env python
"""Prints the chat templates of an installed LLaMA-Factory release: one JSON list of {name, efficientEos}.

usage: templates.py [--site FOLDER]
FOLDER: where an older release's packages lie, as test/parity/install.sh puts them there.
"""
import argparse, json, os, sys

ap = argparse.ArgumentParser()
ap.add_argument("--site")
opt = ap.parse_args()
if opt.site:
    sys.path.insert(0, opt.site)
os.environ["CUDA_VISIBLE_DEVICES"] = ""
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

from llamafactory.data.template import TEMPLATES

templates = [{"name": name, "efficientEos": TEMPLATES[name].efficient_eos} for name in sorted(TEMPLATES)]
out.write("[\n" + ",\n".join(json.dumps(template) for template in templates) + "\n]\n")
