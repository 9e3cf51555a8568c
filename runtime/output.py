"""Looks after a run's output directory, so that it can be resumed and never trained twice. Needs no torch.

    output.py finished DIRECTORY    exits 0 and says so if the run there is finished, 3 if it is not
    output.py tidy DIRECTORY        before training: moves what a kill left half-written to DIRECTORY/incomplete
    output.py finish DIRECTORY      after training: writes the marker .complete, last of all

Why tidy: transformers resumes from the checkpoint with the highest number, whole or not (get_last_checkpoint in
trainer_utils.py, the same in 4.52 to 5.6), and LLaMA-Factory refuses a directory with an adapter but no checkpoint.
Nothing is deleted: what is moved is named in the log.
"""

import glob
import json
import os
import re
import struct
import sys
import zipfile

MARKER = ".complete"
INCOMPLETE = "incomplete"
STATE = "trainer_state.json"
CHECKPOINT = re.compile(r"^checkpoint-([0-9]{1,18})$")
# The longest header of a safetensors file, by the format's own reader.
HEADER_BYTES = 100_000_000
# What the trainer leaves at the end: the adapter, or for a full fine-tuning the model.
WEIGHTS = (
    "adapter_model.safetensors",
    "adapter_model.bin",
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)


def say(text):
    print(f"launch.sh: {text}", flush=True)


def main():
    verb, directory = sys.argv[1:]
    if verb == "finished":
        return 0 if finished(directory) else 3
    if verb == "tidy":
        return tidy(directory)
    return finish(directory)


def finished(directory):
    marker = os.path.join(directory, MARKER)
    if not os.path.lexists(marker):
        return False
    # Training for days would end in that the run cannot be marked.
    if not os.path.isfile(marker):
        raise OSError(f"{marker} is no file: remove it")
    found = read_json(marker)
    files = found.get("files") if isinstance(found, dict) else None
    if not isinstance(files, dict):
        say(f"{marker} is damaged: the run is taken for unfinished")
        return False
    for name, size in files.items():
        path = os.path.join(directory, name)
        if not os.path.exists(path) or os.path.getsize(path) != size:
            say(f"{marker} is there, but {name} is missing or changed: the run is taken for unfinished")
            return False
    say(f"{directory} is finished already, with {found.get('steps')} steps: nothing to do")
    return True


def tidy(directory):
    whole = []
    for name in sorted(os.listdir(directory)):
        match = CHECKPOINT.match(name)
        if match and os.path.isdir(os.path.join(directory, name)):
            problem = checkpoint_problem(os.path.join(directory, name), int(match[1]))
            if problem is None:
                whole.append(int(match[1]))
            else:
                set_aside(directory, name, problem)
    if whole:
        say(f"checkpoints: the last whole one is checkpoint-{max(whole)}")
        return 0
    for name in WEIGHTS:
        if os.path.exists(os.path.join(directory, name)):
            set_aside(directory, name, "it belongs to a run that did not finish, and no checkpoint goes with it")
    return 0


def set_aside(directory, name, problem):
    os.makedirs(os.path.join(directory, INCOMPLETE), exist_ok=True)
    number = 1
    while True:
        target = os.path.join(INCOMPLETE, name if number == 1 else f"{name}.{number}")
        if not os.path.lexists(os.path.join(directory, target)):
            break
        number += 1
    os.rename(os.path.join(directory, name), os.path.join(directory, target))
    say(f"{name} is not whole ({problem}): moved to {os.path.join(directory, target)}")


def checkpoint_problem(path, step):
    """What is wrong with a checkpoint, or None. Sizes and ends of files are looked at, not every byte."""
    state = read_json(os.path.join(path, STATE))
    if os.path.exists(os.path.join(path, "checkpoint-is-incomplete.txt")):
        problem = "the trainer was killed while it saved on TERM"
    # The process that saves writes this file last, after weights, optimizer and scheduler.
    elif not isinstance(state, dict):
        problem = f"{STATE} is missing or cut"
    elif state.get("global_step") != step:
        problem = f"{STATE} is of step {state.get('global_step')}"
    else:
        problem = missing_part(path) or cut_file(path)
    return problem


def missing_part(path):
    def has(pattern):
        return bool(glob.glob(os.path.join(glob.escape(path), pattern)))

    # With DeepSpeed each rank writes to a folder of the step, whose name goes to `latest` when all have written.
    deepspeed = has("global_step*")
    if not deepspeed and not has("pytorch_model_fsdp*") and not any(has(name) for name in WEIGHTS):
        return "it has no weights"
    if deepspeed and not has("latest"):
        return "DeepSpeed had not written every rank's part"
    if not deepspeed and has("optimizer.pt") != has("scheduler.pt"):
        return "of optimizer.pt and scheduler.pt one is missing"
    for index in ("model.safetensors.index.json", "pytorch_model.bin.index.json"):
        if not has(index):
            continue
        found = read_json(os.path.join(path, index))
        weights = found.get("weight_map") if isinstance(found, dict) else None
        if not isinstance(weights, dict) or not all(isinstance(shard, str) for shard in weights.values()):
            return f"{index} is cut, or no index"
        for shard in sorted(set(weights.values())):
            if not os.path.exists(os.path.join(path, shard)):
                return f"{shard} is missing"
    return None


def cut_file(path):
    for folder, _, names in os.walk(path):
        for name in sorted(names):
            if not is_whole(os.path.join(folder, name)):
                return f"{os.path.relpath(os.path.join(folder, name), path)} is cut"
    return None


def is_whole(path):
    """Whether a file that torch or safetensors wrote has its end. Other files are taken for whole."""
    if not os.path.isfile(path):
        return False
    if path.endswith(".safetensors"):
        return safetensors_bytes(path) == os.path.getsize(path)
    if path.endswith((".pt", ".pth", ".bin")):
        with open(path, "rb") as file:
            start = file.read(4)
        # torch writes zip archives, whose table of contents stands at the end.
        return start != b"" and (not start.startswith(b"PK") or zipfile.is_zipfile(path))
    return True


def safetensors_bytes(path):
    """How long a safetensors file says it is; None if it does not begin like one."""
    size = os.path.getsize(path)
    try:
        with open(path, "rb") as file:
            (header_bytes,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(header_bytes, size, HEADER_BYTES)))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        return 8 + header_bytes + max(ends, default=0)
    except (struct.error, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def finish(directory):
    names = [name for name in sorted(os.listdir(directory)) if name in WEIGHTS or name.endswith(".safetensors")]
    if not any(name in WEIGHTS for name in names):
        say(f"the trainer left no adapter in {directory}: the run is not marked as finished")
        return 0
    for name in names:
        path = os.path.join(directory, name)
        if not is_whole(path):
            say(f"{path} is cut: the run is not marked as finished")
            return 0
        with open(path, "rb") as file:
            os.fsync(file.fileno())
    state = read_json(os.path.join(directory, STATE))
    marker = {
        # The output directory is named by the digest of everything the result depends on.
        "run": os.path.basename(os.path.abspath(directory)),
        "steps": state.get("global_step") if isinstance(state, dict) else None,
        "files": {name: os.path.getsize(os.path.join(directory, name)) for name in names},
    }
    partial = os.path.join(directory, MARKER + ".partial")
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(marker, file)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, os.path.join(directory, MARKER))
    say(f"{directory} is finished, with {marker['steps']} steps")
    return 0


def read_json(path):
    """The content of a JSON file, or None if it is missing, damaged or no file."""
    try:
        if not os.path.isfile(path):
            return None
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError, RecursionError):
        return None


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as failure:
        text = failure if isinstance(failure, OSError) else f"unexpected {type(failure).__name__}: {failure}"
        print(text, file=sys.stderr)
        sys.exit(1)
