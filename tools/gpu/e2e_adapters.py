"""Load every saved adapter on the 4-bit base with PEFT and say whether logits change: e2e_adapters.py MODEL FOLDER..."""
import json, os, sys
import torch
from peft import PeftModel, load_peft_weights
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
model, folders = sys.argv[1], sys.argv[2:]
quantization = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.float16)
base = AutoModelForCausalLM.from_pretrained(model, quantization_config=quantization, dtype=torch.float16, device_map={"": 0})
ids = AutoTokenizer.from_pretrained(model)("two and two make four", return_tensors="pt").input_ids.to("cuda:0")
with torch.no_grad(): plain = base(ids).logits.float()
for folder in folders:
    out = dict(adapter=os.path.basename(folder))
    try:
        weights = load_peft_weights(folder, device="cpu")
        out.update(tensors=len(weights), empty=sum(w.numel() == 0 for w in weights.values()), zero_b=sum(bool((w == 0).all()) for n, w in weights.items() if "lora_B" in n))
        tuned = PeftModel.from_pretrained(base, folder)
        with torch.no_grad(): out["logits_moved"] = (tuned(ids).logits.float() - plain).abs().max().item()
        base = tuned.unload()
    except Exception as e:
        out["error"] = f"{type(e).__name__}: {e}"[:300]
    print("ADAPTER " + json.dumps(out), flush=True)
