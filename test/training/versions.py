"""Prints the versions of what a run's result depends on, as JSON."""

import json
from importlib.metadata import version

PACKAGES = ["torch", "transformers", "accelerate", "peft", "trl", "datasets", "bitsandbytes"]

if __name__ == "__main__":
    print(json.dumps({name: version(name) for name in PACKAGES}))
