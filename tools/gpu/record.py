"""Turn the RESULT lines of e2e.sh's logs into lines for measurements/*.jsonl: record.py CARD DATE SOURCE LOG... >> FILE

A run that died before its first step is left out, and so are the times and host memory of runs that shared a card (JOBS).
"""
import json, re, sys

card, date, source, *logs = sys.argv[1:]
for result in (json.loads(line[7:]) for log in logs for line in open(log, errors="replace") if line.startswith("RESULT ")):
    config, steps = result["config"], [s for s in result["step_s"] if s > 0]
    if not result.get("ok") or not steps: continue
    # e2e.sh's folder: m14B, m30B-A3B-6 for six blocks
    model, blocks = re.search(r"/m([^/]+?)(?:-(\d+))?$", config["model_name_or_path"]).groups()
    alone, swept = result["jobs"] == 1, "trains_under" in result
    line = {
        "model": f"Qwen3-{model}",
        **({"layers": int(blocks)} if blocks else {}),
        "per_device_train_batch_size": config["per_device_train_batch_size"],
        **({"per_device_eval_batch_size": config["per_device_eval_batch_size"]} if config.get("eval_strategy", "no") != "no" else {}),
        "sequence_tokens": config["cutoff_len"],
        # where the data decide, their lengths as tokenised and cut; else every sequence is full
        **({"sample_tokens": result["lengths"]} if result.get("lengths") and result["lengths"][0] < config["cutoff_len"] else {}),
        "gradient_accumulation_steps": config["gradient_accumulation_steps"],
        "quantization_bit": config.get("quantization_bit", 16),
        "lora_rank": config["lora_rank"],
        **({"lora_target": config["lora_target"]} if config["lora_target"] != "all" else {}),
        # the Trainer turns it on by the first, LLaMA-Factory unless the second
        "gradient_checkpointing": bool(config.get("gradient_checkpointing")) or not config.get("disable_gradient_checkpointing"),
        "liger_kernel": bool(config.get("enable_liger_kernel")),
        **{key: True for key in ("use_dora", "packing", "neat_packing") if config.get(key)},
        "strategy": result["strategy"],
        "world_size": result["ranks"],
        **({"rank": result["rank"]} if result["ranks"] > 1 else {}),
        **({"save_strategy": "no"} if config.get("eval_strategy", "no") == "no" else {}),
        **({"cap_gib": result["cap_gib"]} if result["cap_gib"] else {}),
        "expandable_segments": "expandable" in (result["alloc_conf"] or ""),
        "outcome": "trains",
        "load_allocated_bytes": result["load_alloc"],
        "load_reserved_bytes": result["load_reserved"],
        "before_train_bytes": result["before_train"],
        "peak_allocated_bytes": result["peak_alloc"],
        "peak_reserved_bytes": result["peak_reserved"],
        **({"smallest_cap_bytes": result["trains_under"], "died_under_bytes": result["dies_under"]} if swept else {}),
        **({"host_used_bytes": round((result["used"] - result["host_before"]) / result["ranks"])} if alone else {}),
        **({"context_bytes": result["context"], "step_seconds": steps} if alone and not swept else {}),
        "attention": "sdpa with the flash kernel" if result["flash"] else "sdpa, flash and cudnn kernels off (as on Turing)",
        "date": date, "card": card, "source": source,
    }
    print(json.dumps(line))
