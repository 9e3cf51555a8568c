"""Reads the cases of yaml-roundtrip.ts from stdin and compares what Python's YAML readers make of them, types included.

Both readers LLaMA-Factory has used: yaml.safe_load (up to 0.9.3) and OmegaConf (from 0.9.4).
"""

import json
import math
import sys
import tempfile

import yaml
from omegaconf import OmegaConf


def typed(value):
    if value is None:
        return ["null"]
    if isinstance(value, bool):
        return ["bool", value]
    if isinstance(value, str):
        return ["str", value]
    if isinstance(value, int):
        return ["int", value]
    if isinstance(value, float):
        return ["float", value]
    if isinstance(value, list):
        return ["list", [typed(item) for item in value]]
    if isinstance(value, dict):
        return ["dict", {key: typed(inner) for key, inner in value.items()}]
    return [type(value).__name__, repr(value)]


def wanted(case):
    kind, *rest = case
    if kind == "int":
        return ["int", int(rest[0])]
    if kind == "float":
        return ["float", float(rest[0])]
    if kind == "list":
        return ["list", [wanted(item) for item in rest[0]]]
    if kind == "dict":
        return ["dict", {key: wanted(inner) for key, inner in rest[0]}]
    return case


def same(a, b):
    if a[0] != b[0]:
        return False
    if a[0] == "float":
        return (math.isnan(a[1]) and math.isnan(b[1])) or (a[1] == b[1])
    if a[0] == "list":
        return len(a[1]) == len(b[1]) and all(map(same, a[1], b[1]))
    if a[0] == "dict":
        return a[1].keys() == b[1].keys() and all(same(a[1][key], b[1][key]) for key in a[1])
    return a == b


def omegaconf(path):
    # As llamafactory/hparams/parser.py does it.
    return OmegaConf.to_container(OmegaConf.merge(OmegaConf.load(path), OmegaConf.from_cli([])))


def pyyaml(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def main():
    cases = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/train_config.yaml"
        for line in sys.stdin:
            case = json.loads(line)
            expected = wanted(case["expected"])
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(case["yaml"])
            cases += 1
            for reader in (pyyaml, omegaconf):
                try:
                    got = typed(reader(path))
                except Exception as error:
                    got = ["error", f"{type(error).__name__}: {error}"]
                if not same(got, expected):
                    wrong += 1
                    if wrong <= 20:
                        print(f"{reader.__name__} reads\n  {got}\nwhere\n  {expected}\nwas written as\n{case['yaml']}")
    print(f"{cases} files, {wrong} read otherwise than they were written")
    return 1 if wrong or cases == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
