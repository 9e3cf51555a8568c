"""Run LLaMA-Factory's own trainer on a config, and print what it took: device peak, host peak, seconds a step."""
import json, os, resource, sys, time, threading
import torch, psutil
import yaml
cfg = yaml.safe_load(open(sys.argv[1])); over = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
cfg.update(over); cfg = {k: v for k, v in cfg.items() if v is not None or k == "deepspeed"}
if cfg.get("deepspeed") is None: cfg.pop("deepspeed", None)
from transformers import HfArgumentParser
from llamafactory.hparams import ModelArguments, DataArguments, TrainingArguments, FinetuningArguments, GeneratingArguments
known = {f for c in (ModelArguments, DataArguments, TrainingArguments, FinetuningArguments, GeneratingArguments) for f in c.__dataclass_fields__}
dropped = sorted(k for k in cfg if k not in known); cfg = {k: v for k, v in cfg.items() if k in known}
cap = float(os.environ.get("CAP_GIB", "0"))
if cap: torch.cuda.set_per_process_memory_fraction(cap * 2**30 / torch.cuda.get_device_properties(0).total_memory)
if os.environ.get("NO_FLASH"): torch.backends.cuda.enable_flash_sdp(False); torch.backends.cuda.enable_cudnn_sdp(False)
peak = {"rss": 0, "used": 0}; stop = False
def watch():
    p = psutil.Process()
    while not stop:
        peak["rss"] = max(peak["rss"], p.memory_info().rss); peak["used"] = max(peak["used"], psutil.virtual_memory().used); time.sleep(0.2)
threading.Thread(target=watch, daemon=True).start()
from transformers import TrainerCallback
times = []
class T(TrainerCallback):
    def on_train_begin(self, *a, **k):
        # what loading took, before the counters start again for the steps
        peak.update(load_alloc=torch.cuda.max_memory_allocated(), load_reserved=torch.cuda.max_memory_reserved(), load_host=peak["used"], load_s=round(time.time() - t0, 1))
        torch.cuda.reset_peak_memory_stats(); peak["before_train"] = torch.cuda.memory_allocated()
    def on_step_begin(self, *a, **k): times.append(-time.time())
    def on_step_end(self, *a, **k): torch.cuda.synchronize(); times[-1] += time.time()
from llamafactory.train.tuner import run_exp
t0 = time.time(); out = dict(run=sys.argv[3] if len(sys.argv) > 3 else "", dropped=dropped)
try:
    run_exp(cfg, callbacks=[T()])
    out["ok"] = True
except BaseException as e:
    import traceback; traceback.print_exc(); out["error"] = f"{type(e).__name__}: {e}"[:500]
free, total = torch.cuda.mem_get_info()
out.update(peak_alloc=torch.cuda.max_memory_allocated(), peak_reserved=torch.cuda.max_memory_reserved(), device_used=total - free,
   context=total - free - torch.cuda.memory_reserved(), cap_gib=cap, alloc_conf=os.environ.get("PYTORCH_CUDA_ALLOC_CONF"), flash=not os.environ.get("NO_FLASH"), **{k: peak.get(k) for k in ("load_alloc", "load_reserved", "load_host", "load_s")}, before_train=peak.get("before_train"), host_rss=peak["rss"], host_used=peak["used"], step_s=[round(x, 2) for x in times], total_s=round(time.time() - t0, 1))
print("RESULT " + json.dumps(out), flush=True)
