"""Run LLaMA-Factory's own trainer on a config, and print what each rank took: device peak, host peak, seconds a step.

torchrun --nproc_per_node N e2e_run.py CONFIG JSON-overrides NAME. Environment: CAP_GIB (allocator cap a card), NO_FLASH.
"""
import json, os, sys, threading, time, traceback
import psutil, torch, yaml
cfg = yaml.safe_load(open(sys.argv[1])); over = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
cfg.update(over); cfg = {k: v for k, v in cfg.items() if v is not None or k == "deepspeed"}
if cfg.get("deepspeed") is None: cfg.pop("deepspeed", None)
from llamafactory.hparams import ModelArguments, DataArguments, TrainingArguments, FinetuningArguments, GeneratingArguments
known = {f for c in (ModelArguments, DataArguments, TrainingArguments, FinetuningArguments, GeneratingArguments) for f in c.__dataclass_fields__}
dropped = sorted(k for k in cfg if k not in known); cfg = {k: v for k, v in cfg.items() if k in known}
rank, ranks = int(os.environ.get("LOCAL_RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
before = psutil.virtual_memory().used
torch.cuda.set_device(rank)
cap = float(os.environ.get("CAP_GIB", "0"))
if cap: torch.cuda.set_per_process_memory_fraction(cap * 2**30 / torch.cuda.get_device_properties(rank).total_memory, rank)
if os.environ.get("NO_FLASH"): torch.backends.cuda.enable_flash_sdp(False); torch.backends.cuda.enable_cudnn_sdp(False)
peak = {"anon": 0, "shmem": 0, "used": 0, "shm": 0}; stop = False
def status(key):
    for line in open("/proc/self/status"):
        if line.startswith(key): return int(line.split()[1]) * 1024
    return 0
def watch():
    while not stop:
        shm = os.statvfs("/dev/shm")
        for key, now in (("anon", status("RssAnon")), ("shmem", status("RssShmem")), ("used", psutil.virtual_memory().used), ("shm", (shm.f_blocks - shm.f_bfree) * shm.f_frsize)):
            peak[key] = max(peak[key], now)
        time.sleep(0.2)
threading.Thread(target=watch, daemon=True).start()
from transformers import TrainerCallback
times, losses, peaks = [], [], {"step": [], "evaluation": []}
class T(TrainerCallback):
    def on_train_begin(self, *a, **k):
        # what loading took, before the counters start again for the steps
        peak.update(load_alloc=torch.cuda.max_memory_allocated(), load_reserved=torch.cuda.max_memory_reserved(), load_host=peak["used"], load_anon=peak["anon"], load_s=round(time.time() - t0, 1))
        torch.cuda.reset_peak_memory_stats(); peak["before_train"] = torch.cuda.memory_allocated()
    def on_step_begin(self, *a, **k): times.append(-time.time()); torch.cuda.reset_peak_memory_stats()
    def on_step_end(self, *a, **k):
        torch.cuda.synchronize(); times[-1] += time.time()
        peaks["step"].append(torch.cuda.max_memory_allocated()); torch.cuda.reset_peak_memory_stats()
    def on_evaluate(self, *a, **k): peaks["evaluation"].append(torch.cuda.max_memory_allocated())
    def on_log(self, args, state, control, logs=None, **k):
        if logs and "loss" in logs: losses.append(logs["loss"])
from llamafactory.train.tuner import run_exp
t0 = time.time(); out = dict(run=sys.argv[3] if len(sys.argv) > 3 else "", rank=rank, ranks=ranks, dropped=dropped)
try:
    run_exp(cfg, callbacks=[T()])
    out["ok"] = True
except BaseException as e:
    traceback.print_exc(); out["error"] = f"{type(e).__name__}: {e}"[:500]
stop = True
free, total = torch.cuda.mem_get_info()
out.update(peak_alloc=max([torch.cuda.max_memory_allocated(), *peaks["step"], *peaks["evaluation"]]), step_peaks=peaks["step"], evaluation_peaks=peaks["evaluation"], peak_reserved=torch.cuda.max_memory_reserved(), device_used=total - free,
   context=total - free - torch.cuda.memory_reserved(), cap_gib=cap, alloc_conf=os.environ.get("PYTORCH_CUDA_ALLOC_CONF"), flash=not os.environ.get("NO_FLASH"), host_before=before, **peak, step_s=[round(x, 2) for x in times], losses=losses, total_s=round(time.time() - t0, 1))
print("\nRESULT " + json.dumps(out), flush=True)
