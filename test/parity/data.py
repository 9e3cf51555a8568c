#!/usr/bin/env python
"""What the real LLaMA-Factory makes of data sets: how many rows each keeps, or what it stops at.

usage: data.py --version 0.9.3|0.9.4|0.9.5 CASES.json
Reads a list of {id, stage, entry, rows}; prints one JSON object a case: {id, kept} or {id, error}. Loader, converter,
template and processors are the release's own; the tokenizer has one token for each byte.
"""
import argparse, json, logging, os, shutil, sys, tempfile, types

HERE = os.path.dirname(os.path.abspath(__file__))
ap = argparse.ArgumentParser()
ap.add_argument("--version", default="0.9.5")
ap.add_argument("cases")
opt = ap.parse_args()
if opt.version != "0.9.5":
    sys.path.insert(0, os.path.join(os.environ.get("LF_ORACLE_SITE") or os.path.join(HERE, "site"), opt.version))
home = tempfile.mkdtemp()
os.environ.update(CUDA_VISIBLE_DEVICES="", HF_HUB_OFFLINE="1", HF_HOME=home, HF_DATASETS_DISABLE_PROGRESS_BARS="1",
                  DS_ACCELERATOR="cpu", TOKENIZERS_PARALLELISM="false")
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import datasets
from tokenizers import Tokenizer, models, pre_tokenizers, decoders
from transformers import PreTrainedTokenizerFast
from llamafactory.data import get_template_and_fix_tokenizer
from llamafactory.data.loader import _get_merged_dataset, _get_preprocessed_dataset
from llamafactory.hparams import DataArguments

logging.disable(logging.CRITICAL)
alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
core = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
core.pre_tokenizer, core.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|endoftext|>")
model_args = types.SimpleNamespace(cache_dir=None, hf_hub_token=None, trust_remote_code=False)
training_args = types.SimpleNamespace(local_process_index=0, should_log=True, seed=42, predict_with_generate=False,
                                      dataloader_num_workers=0)

for case in json.load(open(opt.cases, encoding="utf-8")):
    folder = os.path.join(home, case["id"])
    os.mkdir(folder)
    with open(os.path.join(folder, "rows.json"), "w", encoding="utf-8") as file:
        json.dump(case["rows"], file)
    with open(os.path.join(folder, "dataset_info.json"), "w", encoding="utf-8") as file:
        json.dump({"data": {**case["entry"], "file_name": "rows.json"}}, file)
    data_args = DataArguments(template="qwen", dataset="data", dataset_dir=folder, cutoff_len=2048)
    verdict = {"id": case["id"]}
    try:
        template = get_template_and_fix_tokenizer(tokenizer, data_args)
        merged = _get_merged_dataset(["data"], model_args, data_args, training_args, case["stage"])
        result = _get_preprocessed_dataset(merged, data_args, training_args, case["stage"], template, tokenizer)
        verdict["kept"] = len(result)
    except Exception as error:
        cause = error.__cause__ or error
        verdict["error"] = f"{type(cause).__name__}: {cause}"[:100]
    out.write(json.dumps(verdict) + "\n")
    out.flush()
    shutil.rmtree(folder)
shutil.rmtree(home)
