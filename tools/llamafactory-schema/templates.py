#!/usr/bin/env python
"""Prints the chat templates of an installed LLaMA-Factory release, or with --models the template of each model it knows.

usage: templates.py [--site FOLDER] [--models]
FOLDER: where an older release's packages lie, as test/parity/install.sh puts them there.

A JSON list of {name, efficientEos, reasoning, format}; two templates with one `format` train alike. Or a
JSON mapping from the last part of a repository's name, in small letters, to the template of LLaMA-Factory's own table.
"""
import argparse, hashlib, json, os, sys

ap = argparse.ArgumentParser()
ap.add_argument("--site")
ap.add_argument("--models", action="store_true")
opt = ap.parse_args()
if opt.site:
    sys.path.insert(0, opt.site)
os.environ["CUDA_VISIBLE_DEVICES"] = ""
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

from llamafactory.data.template import TEMPLATES, ReasoningTemplate
from llamafactory.extras.constants import DEFAULT_TEMPLATE, SUPPORTED_MODELS


def format_of(template):
    reasoning = isinstance(template, ReasoningTemplate)
    slots = [template.format_user, template.format_assistant, template.format_system, template.format_function]
    slots += [template.format_observation, template.format_tools, template.format_prefix, template.default_system]
    slots += [template.stop_words, template.efficient_eos, template.replace_eos, type(template).__name__]
    slots += [template.thought_words if reasoning else None, template.mm_plugin]
    return hashlib.sha256(repr(slots).encode()).hexdigest()[:8]


if opt.models:
    models = {
        path.split("/")[-1].lower(): template
        for name, template in DEFAULT_TEMPLATE.items()
        for path in SUPPORTED_MODELS[name].values()
    }
    lines = [f"{json.dumps(name)}: {json.dumps(template)}" for name, template in sorted(models.items())]
    out.write("{\n" + ",\n".join(lines) + "\n}\n")
else:
    templates = [
        {
            "name": name,
            "efficientEos": template.efficient_eos,
            "reasoning": isinstance(template, ReasoningTemplate),
            "format": format_of(template),
        }
        for name, template in sorted(TEMPLATES.items())
    ]
    out.write("[\n" + ",\n".join(json.dumps(template) for template in templates) + "\n]\n")
