"""Loads a model and an adapter with PEFT: adapter.py MODEL ADAPTER TEXT. Prints what the adapter changes, as JSON."""

import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer


def main():
    model_path, adapter_path, text = sys.argv[1:]
    # The tokenizer that the run saved beside the adapter, chat template included.
    tokenizer = AutoTokenizer.from_pretrained(adapter_path)
    messages = [{"role": "user", "content": text}]
    prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    tokens = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)["input_ids"]
    model = AutoModelForCausalLM.from_pretrained(model_path).eval()
    with torch.no_grad():
        before = model(tokens).logits
        adapted = PeftModel.from_pretrained(model, adapter_path).eval()
        after = adapted(tokens).logits
    result = {
        "prompt": prompt,
        "finite": bool(torch.isfinite(after).all()),
        "largest_change": float((after - before).abs().max()),
        "targets": sorted(adapted.peft_config["default"].target_modules),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
