"""Run LLaMA-Factory's own trainer on a config, and print what each rank took: device peak, host peak, seconds a step.

torchrun --nproc_per_node N e2e_run.py CONFIG JSON-overrides NAME. Environment: CAP_GIB (allocator cap a card), NO_FLASH.
An override `sweep: [8, 0.5]` looks for the smallest cap that trains: the third step gets 8 % more than the step peak, each
one after it 0.5 % less than the one before, until one dies. Give max_steps enough, and no evaluation.
"""
import json, os, sys, threading, time, traceback
import psutil, torch, yaml
cfg = yaml.safe_load(open(sys.argv[1])); over = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
sweep = over.pop("sweep", None)
cfg.update(over); cfg = {k: v for k, v in cfg.items() if v is not None or k == "deepspeed"}
if cfg.get("deepspeed") is None: cfg.pop("deepspeed", None)
from llamafactory.hparams import ModelArguments, DataArguments, TrainingArguments, FinetuningArguments, GeneratingArguments
known = {f for c in (ModelArguments, DataArguments, TrainingArguments, FinetuningArguments, GeneratingArguments) for f in c.__dataclass_fields__}
dropped = sorted(k for k in cfg if k not in known); cfg = {k: v for k, v in cfg.items() if k in known}
cfg["output_dir"] = os.environ.get("SAVES", cfg.get("output_dir"))
rank, ranks = int(os.environ.get("LOCAL_RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
before = psutil.virtual_memory().used
def shm_used():
    shm = os.statvfs("/dev/shm")
    return (shm.f_blocks - shm.f_bfree) * shm.f_frsize
shm_before = shm_used()
torch.cuda.set_device(rank)
cap = float(os.environ.get("CAP_GIB", "0"))
def limit(cap_bytes): torch.cuda.set_per_process_memory_fraction(cap_bytes / torch.cuda.get_device_properties(rank).total_memory, rank)
if cap: limit(cap * 2**30)
# DeepSpeed resets the counters while it reports: keep what they had reached
reached = {"alloc": 0, "reserved": 0}; reset = torch.cuda.reset_peak_memory_stats
def reset_keeping(*a, **k):
    reached.update(alloc=max(reached["alloc"], torch.cuda.max_memory_allocated()), reserved=max(reached["reserved"], torch.cuda.max_memory_reserved())); reset(*a, **k)
torch.cuda.reset_peak_memory_stats = torch.cuda.memory.reset_peak_memory_stats = reset_keeping
if os.environ.get("NO_FLASH"): torch.backends.cuda.enable_flash_sdp(False); torch.backends.cuda.enable_cudnn_sdp(False)
peak = {"anon": 0, "shmem": 0, "used": 0, "shm": 0}; stop = False
def status(key):
    for line in open("/proc/self/status"):
        if line.startswith(key): return int(line.split()[1]) * 1024
    return 0
def watch():
    while not stop:
        for key, now in (("anon", status("RssAnon")), ("shmem", status("RssShmem")), ("used", psutil.virtual_memory().used), ("shm", shm_used())):
            peak[key] = max(peak[key], now)
        time.sleep(0.2)
threading.Thread(target=watch, daemon=True).start()
from transformers import TrainerCallback
times, losses, caps, peaks = [], [], [], {"step": [], "evaluation": []}
class T(TrainerCallback):
    def on_train_begin(self, *a, **k):
        try: peak["lengths"] = sorted(len(row["input_ids"]) for row in k["train_dataloader"].dataset)
        except Exception as e: print("no lengths:", e)
        # what loading took, before the counters start again for the steps
        torch.cuda.reset_peak_memory_stats()
        peak.update(load_alloc=reached["alloc"], load_reserved=reached["reserved"], load_host=peak["used"], load_anon=peak["anon"], load_s=round(time.time() - t0, 1))
        reached.update(alloc=0, reserved=0); peak["before_train"] = torch.cuda.memory_allocated()
    def on_step_begin(self, *a, **k):
        if sweep and len(times) >= 2:
            torch.cuda.empty_cache(); caps.append(int(max(peaks["step"]) * (1 + (sweep[0] - (len(times) - 2) * sweep[1]) / 100))); limit(caps[-1])
        times.append(-time.time()); torch.cuda.reset_peak_memory_stats()
    def on_step_end(self, *a, **k):
        torch.cuda.synchronize(); times[-1] += time.time()
        peaks["step"].append(torch.cuda.max_memory_allocated()); torch.cuda.reset_peak_memory_stats()
    def on_evaluate(self, *a, **k): peaks["evaluation"].append(torch.cuda.max_memory_allocated())
    def on_log(self, args, state, control, logs=None, **k):
        if logs and "loss" in logs: losses.append(logs["loss"])
from llamafactory.train.tuner import run_exp
def strategy():
    """How DeepSpeed's JSON shares the work, in measurements' words."""
    if "deepspeed" not in cfg: return "ddp"
    zero = json.load(open(cfg["deepspeed"]))["zero_optimization"]
    return f"zero{zero['stage']}" + ("-offload" if zero.get("offload_param", {}).get("device") == "cpu" else "")
SAID = ("per_device_train_batch_size", "per_device_eval_batch_size", "eval_strategy", "cutoff_len", "gradient_accumulation_steps", "quantization_bit", "lora_rank", "lora_target",
        "gradient_checkpointing", "disable_gradient_checkpointing", "enable_liger_kernel", "use_dora", "packing", "neat_packing", "deepspeed", "model_name_or_path")
t0 = time.time(); out = dict(run=sys.argv[3] if len(sys.argv) > 3 else "", rank=rank, ranks=ranks, jobs=int(os.environ.get("JOBS", "1")), strategy=strategy(), dropped=dropped, config={k: v for k, v in cfg.items() if k in SAID})
try:
    run_exp(cfg, callbacks=[T()])
    out["ok"] = True
except BaseException as e:
    traceback.print_exc()
    if len(caps) > 1 and isinstance(e, torch.OutOfMemoryError): out.update(ok=True, trains_under=caps[-2], dies_under=caps[-1])
    out["error"] = f"{type(e).__name__}: {e}"[:500]
stop = True
free, total = torch.cuda.mem_get_info()
out.update(peak_alloc=max([torch.cuda.max_memory_allocated(), *peaks["step"], *peaks["evaluation"]]), step_peaks=peaks["step"], evaluation_peaks=peaks["evaluation"], peak_reserved=max(reached["reserved"], torch.cuda.max_memory_reserved()), device_used=total - free,
   context=total - free - torch.cuda.memory_reserved(), cap_gib=cap, alloc_conf=os.environ.get("PYTORCH_CUDA_ALLOC_CONF"), flash=not os.environ.get("NO_FLASH"), host_before=before, shm_before=shm_before, **peak, step_s=[round(x, 2) for x in times], losses=losses, total_s=round(time.time() - t0, 1))
print("\nRESULT " + json.dumps(out), flush=True)
