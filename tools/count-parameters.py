"""Count with transformers and PEFT what the planner reckons: a line of measurements/parameters.jsonl for each model.

npx tsx tools/model-shapes.ts | python3 tools/count-parameters.py [NAME...]. Nothing is downloaded: models are made from
their shapes on torch's meta device. Needs torch, transformers and peft.
"""
import json, sys
import peft, torch, transformers
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM
from model_config import config


def trained(model, **lora):
    with torch.device("meta"):
        tuned = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **lora))
    count = sum(p.numel() for p in tuned.parameters() if p.requires_grad)
    tuned.unload()
    return count


for name, shape in json.load(sys.stdin).items():
    if sys.argv[1:] and name not in sys.argv[1:]:
        continue
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config(shape))
    # what LLaMA-Factory takes for `lora_target: all` (find_all_linear_modules)
    linear = sorted({n.split(".")[-1] for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) and "lm_head" not in n})
    queries = "q_proj" in linear
    last = [f"layers.{shape['layers'] - 1 - k}." for k in range(2)]
    print(json.dumps(dict(
        model=name, transformers=transformers.__version__, peft=peft.__version__,
        parameters=sum(p.numel() for p in model.parameters()),
        lora_all_rank_16=trained(model, r=16, target_modules=linear),
        lora_q_v_rank_4=trained(model, r=4, target_modules=queries and ["q_proj", "v_proj"] or ["qkv_proj"]),
        dora_attention_rank_8=trained(model, r=8, use_dora=True, target_modules=queries and ["q_proj", "k_proj", "v_proj", "o_proj"] or ["qkv_proj", "o_proj"]),
        freeze_2_layers=sum(p.numel() for n, p in model.named_parameters() if any(layer in n for layer in last)))), flush=True)
