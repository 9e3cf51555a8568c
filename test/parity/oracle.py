#!/usr/bin/env python
"""LLaMA-Factory train-config oracle: what does the real parser of that release say to this YAML?

usage: oracle.py [--version 0.9.3|0.9.4|0.9.5] [--gpus 4] [--arch turing|ampere|cpu]
                 [--mode torchrun|single|nolaunch] [--cwd DIR] [--deep] [--pretty] FILE.yaml ...
       oracle.py --version 0.9.5 --schema OUT.json
Prints one JSON object per file. Phases: load (OmegaConf; 0.9.3: yaml.safe_load) -> parse (HfArgumentParser, the
dataclasses' __post_init__, parser.py) -> deep (template, dataset_info, stage, quantization, attention) -> done.
0.9.5 is the version in the virtual environment itself; every other one lies in site/<version>, where install.sh put it
or under $LF_ORACLE_SITE. See the comments in install.sh.
"""
import argparse, contextlib, gc, io, json, logging, os, sys, time, traceback, types, warnings

ap = argparse.ArgumentParser()
ap.add_argument("--version", default="0.9.5")
ap.add_argument("--gpus", type=int, default=4)
ap.add_argument("--arch", default="turing", choices=["turing", "ampere", "cpu"])
ap.add_argument("--mode", default="torchrun", choices=["torchrun", "single", "nolaunch"],
                help="torchrun: each rank sees a process group of --gpus; single: 1 GPU, no group; "
                     "nolaunch: --gpus visible in one process, no torchrun")
ap.add_argument("--strict-bf16", action="store_true", help="bf16 counts as supported only on ampere (no emulation)")
ap.add_argument("--cwd"); ap.add_argument("--deep", action="store_true"); ap.add_argument("--pretty", action="store_true")
ap.add_argument("--schema", metavar="OUT.json", help="dump every field of the train dataclasses and exit")
ap.add_argument("--allow-extra", action="store_true"); ap.add_argument("--trace", action="store_true")
ap.add_argument("--list", metavar="FILE", help="a file with the names of the files to judge, one a line")
ap.add_argument("--command", default="train", choices=["train", "export", "inference", "evaluation"],
                help="what the file is given to: llamafactory-cli train, export, chat or eval")
ap.add_argument("files", nargs="*")
opt = ap.parse_args()
if opt.list:
    opt.files += open(opt.list, encoding="utf-8").read().split("\n")

cache = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "cdk8s-llamafactory")
site = os.path.join(os.environ.get("LF_ORACLE_SITE") or os.path.join(cache, "site"), opt.version)
if opt.version != "0.9.5":
    if not os.path.isdir(site):
        sys.exit(f"no folder {site}: see README.md")
    sys.path.insert(0, site)
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["HF_HUB_OFFLINE"] = "1"; os.environ["DS_ACCELERATOR"] = "cpu"
if opt.allow_extra: os.environ["ALLOW_EXTRA_ARGS"] = "1"
warnings.filterwarnings("ignore")
_out = os.dup(1); os.dup2(2, 1)           # libraries print to stdout; keep it clean
out = os.fdopen(_out, "w")

import torch
PATCHED = []
def patch(obj, name, val):
    setattr(obj, name, val); PATCHED.append(f"{getattr(obj,'__name__',obj)}.{name}")

world = opt.gpus if opt.mode == "torchrun" else 1
if opt.mode == "torchrun":
    import torch.distributed as dist
    os.environ.update(RANK="0", LOCAL_RANK="0", WORLD_SIZE=str(world), LOCAL_WORLD_SIZE=str(world),
                      MASTER_ADDR="127.0.0.1", MASTER_PORT="29555")
    from torch.testing._internal.distributed.fake_pg import FakeStore
    dist.init_process_group(backend="fake", rank=0, world_size=world, store=FakeStore())
    PATCHED.append("torch.distributed: 'fake' process group")
    # deepspeed.comm / accelerate find a group already there and do not open sockets

if opt.arch != "cpu":
    cap = (7, 5) if opt.arch == "turing" else (8, 0)
    ngpu = 1 if opt.mode == "single" else opt.gpus
    props = types.SimpleNamespace(name="mock", major=cap[0], minor=cap[1], total_memory=16 << 30, multi_processor_count=40)
    patch(torch.cuda, "is_available", lambda: True)
    patch(torch.cuda, "device_count", lambda: ngpu)
    patch(torch.cuda, "current_device", lambda: 0)
    patch(torch.cuda, "set_device", lambda *a, **k: None)
    patch(torch.cuda, "get_device_capability", lambda *a, **k: cap)
    patch(torch.cuda, "get_device_properties", lambda *a, **k: props)
    patch(torch.cuda, "get_device_name", lambda *a, **k: "mock")
    patch(torch.cuda, "manual_seed_all", lambda *a, **k: None)
    patch(torch.cuda, "mem_get_info", lambda *a, **k: (15 << 30, 16 << 30))
    # real torch answers True on Turing too (emulated bf16): see including_emulation=True
    patch(torch.cuda, "is_bf16_supported",
          lambda including_emulation=True: cap[0] >= 8 or (including_emulation and not opt.strict_bf16))

import accelerate, accelerate.state as _st
if opt.arch != "cpu":
    try:
        import accelerate.utils.imports as _imp
        for m in (_st, _imp):
            if hasattr(m, "is_cuda_available"): patch(m, "is_cuda_available", lambda: True)
    except Exception: pass

try:                                       # CPU accelerator would JIT-compile an shm op (80 s once)
    import deepspeed.comm.torch; _dst = sys.modules["deepspeed.comm.torch"]
    patch(_dst, "build_shm_op", lambda: None)
except Exception: pass
import transformers
from llamafactory.hparams import parser as P
from llamafactory.extras import logging as lflog
import dataclasses, typing, enum
from transformers import HfArgumentParser

def lf_version():
    from llamafactory.extras.env import VERSION
    return VERSION

def dump_schema(path):
    def tname(t):
        if isinstance(t, str): return t, None
        origin, args = typing.get_origin(t), typing.get_args(t)
        if origin is typing.Literal: return "Literal", list(args)
        if isinstance(t, type) and issubclass(t, enum.Enum): return t.__name__, [e.value for e in t]
        if origin in (typing.Union, types.UnionType):
            parts = [tname(a) for a in args]; ch = [c for _, c in parts if c]
            return " | ".join("None" if a is type(None) else p[0] for a, p in zip(args, parts)), (ch[0] if ch else None)
        return (str(t).replace("typing.", "") if origin else getattr(t, "__name__", str(t))), None
    res = []
    for cls in P._TRAIN_ARGS:
        owner = cls.__name__.replace("Arguments", "").lower()
        try: hints = typing.get_type_hints(cls)
        except Exception: hints = {}
        for f in dataclasses.fields(cls):
            t, ch = tname(hints.get(f.name, f.type))
            if f.default is not dataclasses.MISSING: d = f.default
            elif f.default_factory is not dataclasses.MISSING: d = f.default_factory()
            else: d = "<required>"
            if isinstance(d, enum.Enum): d = d.value
            if not isinstance(d, (str, int, float, bool, list, dict, type(None))): d = str(d)
            src = next((c.__name__ for c in cls.__mro__ if f.name in c.__dict__.get("__annotations__", {})), cls.__name__)
            e = dict(name=f.name, owner=owner, declared_in=src, type=t, default=d, settable=f.init)
            if ch: e["choices"] = ch
            res.append(e)
    json.dump(dict(llamafactory=lf_version(), transformers=transformers.__version__, fields=res),
              open(path, "w"), indent=1, ensure_ascii=False)
    print(len(res), "fields", file=sys.stderr)

if opt.schema:
    dump_schema(opt.schema); sys.exit(0)

class Cap(logging.Handler):
    def __init__(self): super().__init__(logging.WARNING); self.rows = []
    def emit(self, r):
        try: self.rows.append(f"{r.name.split('.')[-1]}: {r.getMessage()}")
        except Exception: pass
cap_h = Cap()
for name in ("llamafactory", "transformers", "accelerate"):
    logging.getLogger(name).addHandler(cap_h)

def deep(m, d, t, f):
    """real code that runs after the parser and needs no weights"""
    from llamafactory.data.template import TEMPLATES
    from llamafactory.data.parser import get_dataset_list
    from transformers import PretrainedConfig
    info = {}
    if d.template is not None and d.template not in TEMPLATES:
        raise ValueError(f"Template {d.template} does not exist.")
    ds = get_dataset_list(d.dataset, d.dataset_dir) + get_dataset_list(d.eval_dataset, d.dataset_dir)
    info["datasets"] = [{k: v for k, v in dataclasses.asdict(a).items()} for a in ds]
    for a in ds:
        if (f.stage == "rm" and a.ranking is False) or (f.stage not in ("rm", "dpo") and a.ranking is True):
            raise ValueError("The dataset is not applicable in the current training stage.")
        if a.load_from == "file" and not os.path.exists(os.path.join(d.dataset_dir, a.dataset_name)):
            raise ValueError(f"File {os.path.join(d.dataset_dir, a.dataset_name)} not found.")
        fm = a.formatting
        if fm not in ("alpaca", "sharegpt", "openai"): raise ValueError(f"Unknown formatting {fm}")
    if f.stage not in ("pt", "sft", "rm", "ppo", "dpo", "kto"):
        raise ValueError(f"Unknown task: {f.stage}.")
    from llamafactory.model.model_utils.quantization import configure_quantization
    from llamafactory.model.model_utils.attention import configure_attn_implementation
    kw = {}
    folder = m.model_name_or_path
    c = PretrainedConfig()
    if isinstance(folder, str) and os.path.isfile(os.path.join(folder, "config.json")):
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as f_:
            c = PretrainedConfig.from_dict(json.load(f_))
    import inspect
    a = (c, None, m, t.do_train, kw) if len(inspect.signature(configure_quantization).parameters) == 5 else (c, None, m, kw)
    configure_quantization(*a)
    info["quantized"] = "quantization_config" in kw
    if m.quantization_bit is not None and not info["quantized"]:
        info["SILENT"] = f"quantization_bit={m.quantization_bit} has no effect: quantization_method={str(m.quantization_method)!r}"
    method = (getattr(c, "quantization_config", None) or {}).get("quant_method")
    if method and not hasattr(kw.get("quantization_config"), "dequantize"):
        from llamafactory.model.adapter import init_adapter
        try: init_adapter(c, types.SimpleNamespace(quantization_method=method), m, f, t.do_train)
        except ValueError as e:                # its first two checks; what follows needs weights
            if "uantized models" in str(e): raise
        except Exception: pass
    try: configure_attn_implementation(c, m)
    except TypeError: configure_attn_implementation(c, m, True)
    return info

class Loaded(Exception):
    """a model has been loaded, and what comes then needs its weights"""

def load(m, d, f):
    """what the loading of a model for inference checks and needs no weights for; answers a model"""
    from llamafactory.data.template import TEMPLATES
    from llamafactory.model.model_utils.quantization import configure_quantization
    from llamafactory.model.model_utils.attention import configure_attn_implementation
    from transformers import PretrainedConfig, PreTrainedModel
    import inspect
    if d is not None and d.template is not None and d.template not in TEMPLATES:
        raise ValueError(f"Template {d.template} does not exist.")
    c, kw = PretrainedConfig(), {}
    a = (c, None, m, False, kw) if len(inspect.signature(configure_quantization).parameters) == 5 else (c, None, m, kw)
    configure_quantization(*a)
    try: configure_attn_implementation(c, m)
    except TypeError: configure_attn_implementation(c, m, False)
    class Model(PreTrainedModel):
        def __init__(self): torch.nn.Module.__init__(self); self.config = c
        def save_pretrained(self, *a, **k): raise Loaded
        def to(self, *a, **k): return self
    model = Model()
    if "quantization_config" in kw: model.quantization_method = "quantised"
    return model

def other(args):
    """the real code of another command up to where weights are needed"""
    if opt.command == "evaluation":
        import inspect, llamafactory.launcher as L
        m, d, e, f = P.get_eval_args(args)
        if "Evaluation will be deprecated" in inspect.getsource(L):
            sys.argv.insert(1, "eval"); L.launch()
        load(m, d, f)
    elif opt.command == "export":
        import llamafactory.train.tuner as T
        T.load_tokenizer = lambda m: {"tokenizer": None, "processor": None}
        data = []
        def template(tokenizer, d): data.append(d)
        T.get_template_and_fix_tokenizer = template
        T.load_model = lambda tokenizer, m, f, *a, **k: load(m, data[-1], f)
        try: T.export_model(args)
        except Loaded: pass
    else:
        import llamafactory.chat.chat_model as C, llamafactory.chat.hf_engine as H
        engine = lambda m, d, f, g: load(m, d, f)
        H.HuggingfaceEngine = engine
        if hasattr(C, "HuggingfaceEngine"): C.HuggingfaceEngine = engine
        C.ChatModel(args)

def one(path):
    r = {"file": path, "accepted": False, "phase": "load"}
    cap_h.rows = []; env0 = dict(os.environ); argv0 = sys.argv; cwd0 = os.getcwd(); m = d = t = f = None
    t0 = time.time()
    try:
        ap_ = os.path.abspath(path)
        os.chdir(opt.cwd or os.path.dirname(ap_))
        sys.argv = ["llamafactory-cli", ap_]
        args = P.read_args()                       # the real OmegaConf loader: duplicate keys fail here
        r["phase"] = "parse"
        if opt.command == "train": m, d, t, f, g = P.get_train_args(args)
        else: other(args)
        r["phase"] = "done"
        if opt.deep and opt.command == "train":
            r["phase"] = "deep"; r["deep"] = deep(m, d, t, f); r["phase"] = "done"
        r["accepted"] = True
        if opt.command == "train": r["derived"] = dict(world_size=t.world_size, parallel_mode=str(t.parallel_mode), compute_dtype=str(m.compute_dtype),
                            lora_alpha=getattr(f, "lora_alpha", None), warmup_steps=t.warmup_steps,
                            resume_from_checkpoint=t.resume_from_checkpoint, cutoff_len=d.cutoff_len,
                            zero3=P.is_deepspeed_zero3_enabled(), report_to=t.report_to, do_eval=t.do_eval, optim=str(t.optim))
    except BaseException as e:
        if isinstance(e, KeyboardInterrupt): raise
        tb = traceback.extract_tb(e.__traceback__)[-1]
        r["error"] = {"type": type(e).__name__, "message": str(e)[:600],
                      "where": f"{'/'.join(tb.filename.split('/')[-3:])}:{tb.name}"}
        if opt.trace: traceback.print_exc()
    finally:
        m = d = t = f = g = None
        try:
            from transformers.integrations.deepspeed import unset_hf_deepspeed_config
            unset_hf_deepspeed_config()
        except Exception: pass
        _st.AcceleratorState._reset_state(True)
        os.environ.clear(); os.environ.update(env0); sys.argv = argv0; os.chdir(cwd0)
        logging.getLogger("transformers").setLevel(logging.WARNING)
    r["warnings"] = list(dict.fromkeys(cap_h.rows)); r["ms"] = int((time.time() - t0) * 1000)
    return r

print(f"llamafactory {lf_version()} transformers {transformers.__version__} accelerate {accelerate.__version__} torch {torch.__version__}; "
      f"mode={opt.mode} gpus={opt.gpus} arch={opt.arch}; patched: {', '.join(PATCHED)}", file=sys.stderr)
for p in opt.files:
    r = one(p)
    if opt.list:
        e = r.get("error")
        r = {"file": p, "accepted": r["accepted"], **({"error": f"{e['type']}: {e['message']}"} if e else {})}
    out.write(json.dumps(r, ensure_ascii=not opt.pretty, indent=1 if opt.pretty else None, default=str) + "\n"); out.flush()
