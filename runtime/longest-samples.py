"""Makes the data of the smoke run: the longest samples of each data set, which need the most memory.

    longest-samples.py TRAIN_CONFIG SMOKE_CONFIG ROWS

Reads dataset_info.json in the train config's dataset_dir, and for each data set that `dataset` and `eval_dataset` name
writes its ROWS longest samples to the smoke config's dataset_dir, with a dataset_info.json whose entries are otherwise
the same. Long means many characters of JSON: near enough to many tokens, and read without a tokenizer. Prints the
smoke config's output_dir.

JSON and JSON Lines are read piece by piece, so that a file of many GB takes no more memory than its longest samples.
Of other formats (parquet, csv, arrow, txt, hubs) the smoke run takes the first rows, as many as its max_samples says.
"""

import heapq
import json
import os
import sys

BLOCK = 1 << 20
# No sample is longer, in characters: what is, is no JSON, and would be read to its end in search of one.
SAMPLE = 1 << 25


class Failure(Exception):
    """Something the user can act on: printed as one line."""


def main():
    train_path, smoke_path, rows = sys.argv[1:]
    train, smoke = read_config(train_path), read_config(smoke_path)
    source, target = train["dataset_dir"], smoke["dataset_dir"]
    info_path = os.path.join(source, "dataset_info.json")
    with open(info_path, encoding="utf-8") as file:
        try:
            info = json.load(file)
        except (ValueError, RecursionError) as error:
            raise Failure(f"{info_path} is not valid JSON: {error}") from error
    if not isinstance(info, dict):
        raise Failure(f"{info_path} holds a {type(info).__name__}: it must map names to data sets")
    os.makedirs(target, exist_ok=True)
    entries = {}
    for name in names(train.get("dataset")) + names(train.get("eval_dataset")):
        if name not in info:
            raise Failure(f"Undefined dataset {name} in dataset_info.json")
        entries[name] = small_entry(name, info[name], source, target, int(rows))
    with open(os.path.join(target, "dataset_info.json"), "w", encoding="utf-8") as file:
        json.dump(entries, file, ensure_ascii=False, indent=2)
    print(smoke["output_dir"])


def read_config(path):
    import yaml  # LLaMA-Factory needs it too

    with open(path, encoding="utf-8") as file:
        try:
            config = yaml.safe_load(file)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise Failure(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(config, dict):
        raise Failure(f"{path} holds a {type(config).__name__}: it must map arguments to values")
    return config


def names(value):
    """LLaMA-Factory takes a list, or names with commas between them."""
    parts = value if isinstance(value, list) else str(value or "").split(",")
    return [part.strip() for part in map(str, parts) if part.strip()]


def small_entry(name, entry, source, target, rows):
    hubs = ("hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name")
    if not isinstance(entry, dict):
        raise Failure(f"{name} in dataset_info.json is a {type(entry).__name__}: it must be a mapping")
    if "file_name" not in entry or any(key in entry for key in hubs):
        say(f"{name} comes from a hub: the smoke run takes its first rows")
        return entry
    if not isinstance(entry["file_name"], str):
        raise Failure(
            f"file_name of {name} in dataset_info.json is a {type(entry['file_name']).__name__}: it must be text"
        )
    path = os.path.join(source, entry["file_name"])
    if not os.path.exists(path):
        raise Failure(f"File {path} not found")
    files = sorted(os.path.join(path, file) for file in os.listdir(path)) if os.path.isdir(path) else [path]
    kinds = {os.path.splitext(file)[1] for file in files}
    longest, count = Longest(rows), 0
    if kinds <= {".json", ".jsonl"}:
        for file in files:
            for sample in samples(file):
                longest.add(sample)
                count += 1
    if count == 0:
        say(f"{name} is no list of samples in JSON: the smoke run takes its first rows")
        return {**entry, "file_name": os.path.abspath(path)}
    file_name = f"{name}.json"
    with open(os.path.join(target, file_name), "w", encoding="utf-8") as file:
        json.dump(longest.samples(), file, ensure_ascii=False)
    say(f"{name}: the longest {min(rows, count)} of {count} samples, up to {longest.length()} characters")
    return {**entry, "file_name": file_name}


class Longest:
    """Keeps the longest of the samples it is given, of equal ones the earlier."""

    def __init__(self, rows):
        self.rows, self.heap, self.count = rows, [], 0

    def add(self, sample):
        self.count += 1
        try:
            length = len(json.dumps(sample, ensure_ascii=False))
        except RecursionError as error:
            raise Failure("a sample is nested too deeply") from error
        item = (length, -self.count, sample)
        if len(self.heap) < self.rows:
            heapq.heappush(self.heap, item)
        elif item[:2] > self.heap[0][:2]:
            heapq.heapreplace(self.heap, item)

    def samples(self):
        return [sample for _, _, sample in sorted(self.heap, reverse=True, key=lambda item: item[:2])]

    def length(self):
        return max(item[0] for item in self.heap)


def samples(path):
    """The samples of a JSON file: a list, or objects one after the other (JSON Lines)."""
    decoder = json.JSONDecoder()
    with open(path, encoding="utf-8-sig") as file:
        text, position, block = "", 0, BLOCK
        first, listed = True, False
        while True:
            position = past_blanks(text, position, ",\n\r\t " if listed or not first else "\n\r\t ")
            if position < len(text) and first:
                first = False
                listed = text[position] == "["
                position += listed
                continue
            try:
                if position >= len(text):
                    raise ValueError("nothing left")
                if listed and text[position] == "]":
                    return
                value, end = decoder.raw_decode(text, position)
                # A number at the end of the text may go on in the next block; samples are objects.
                if not isinstance(value, dict):
                    raise Failure(f"{path} is no list of objects")
                yield value
                position, block = end, BLOCK
            except RecursionError as error:
                raise Failure(f"{path} is nested too deeply") from error
            except ValueError as error:
                try:
                    more = file.read(block) if len(text) - position < SAMPLE else ""
                except UnicodeDecodeError as cause:
                    raise Failure(f"{path} is not UTF-8: {cause}") from cause
                if more == "":
                    if position >= len(text) and not listed:
                        return
                    raise Failure(f"{path} is not valid JSON: {str(error)[:300]}") from error
                text, position = text[position:] + more, 0
                # A sample longer than a block is not decoded again for every block of it.
                block = min(block * 2, 1 << 26)


def past_blanks(text, position, blanks):
    while position < len(text) and text[position] in blanks:
        position += 1
    return position


def say(text):
    print(f"launch.sh: smoke run: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except (Failure, OSError) as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
    except KeyError as key:
        print(f"{key} is missing in the training config or the smoke config", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        print(f"unexpected {type(error).__name__} in longest-samples.py: {error}; please report it", file=sys.stderr)
        sys.exit(1)
