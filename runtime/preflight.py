"""Has the trainer go over a run before it holds GPUs: with its own parser, tokenizer and data pipeline, on a CPU.

What the pod sets:
    TRAIN_CONFIG        the train_config.yaml
    OUTPUT_DIR          where adapters and checkpoints go: a run that is finished is not looked at again
    NPROC_PER_NODE      the ranks of the run
    COMPUTE_CAPABILITY  that of the run's card, for example 7.5
    PREFLIGHT_DIR       where the marker .complete goes, or .failed with what the trainer raised; .preparing meanwhile
    PREFLIGHT_CPUS      optional: the most processes that tokenise
    TERMINATION_LOG     optional: where Kubernetes reads the last message (/dev/termination-log)

The tokenised data goes to the config's tokenized_path by way of a folder of another name: LLaMA-Factory takes any
folder there that isn't empty for the data. .complete is written last. .failed is left only by a failure that would come
again, and wait-for.sh passes it on to the training pod.

Exit codes: exit-codes.json, beside this file; 0 too if something of this LLaMA-Factory or this torch isn't as it is
known here: then the log says that the run could not be checked, and the trainer finds out itself.
"""

import contextlib
import errno
import fcntl
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
KEEP = 262144
# dpo reads its data as rm does (train/dpo/workflow.py); every other stage by its own name.
DATA_STAGES = {"dpo": "rm"}


class NotKnown(AttributeError):
    """Something could not be looked at here, which is no fault of the run. hasattr() takes it for an answer."""


def main():
    if sys.argv[1:2] == ["check"]:
        return check(sys.argv[2])
    for variable in ("TRAIN_CONFIG", "OUTPUT_DIR", "NPROC_PER_NODE", "COMPUTE_CAPABILITY", "PREFLIGHT_DIR"):
        if not os.environ.get(variable):
            return finish("--class", "config", "--message", f"{variable} is not set")
    try:
        return look(os.environ["PREFLIGHT_DIR"], os.environ["OUTPUT_DIR"])
    except OSError as error:
        name = "disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "other"
        return finish("--class", name, "--message", f"cannot write to the saves volume: {error}")
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"unexpected {type(error).__name__}: {error} (line {where.lineno} of preflight.py); please report it"
        return finish("--class", "other", "--message", text)


SIGN = ".preparing"
signing = threading.Lock()


def show(directory):
    """Shows every few seconds that somebody is at work: wait-for.sh gives up where nobody is. The file is as long as
    what finish() may have to write in its place, which so has room on a full disk too."""
    number = 0
    while True:
        with signing, contextlib.suppress(OSError):
            path = os.path.join(directory, SIGN)
            if number == 0 or os.path.exists(path):
                with open(path, "r+" if os.path.exists(path) else "w", encoding="utf-8") as file:
                    file.write(str(number).ljust(4095) + "\n")
        number += 1
        time.sleep(5)


def look(directory, output):
    """Goes over the run, unless that is of no use, and leaves the marker or the reason in the directory."""
    os.makedirs(directory, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(directory, ".failed"))
    if passed(directory):
        say("the run has passed already")
        return 0
    # A finished run's checkpoints may be gone, and then the parser would refuse its directory.
    if helper("output.py", "finished", output).returncode == 0:
        mark(directory, {"checked": False})
        return 0
    threading.Thread(target=show, args=(directory,), daemon=True).start()
    with tempfile.TemporaryDirectory() as work:
        found, log = os.path.join(work, "found.json"), os.path.join(work, "log")
        status, terminated = run_check(found, log)
        if terminated:
            return finish("--class", "terminated")
        if status == 137:
            reason = "the trainer was killed (SIGKILL) on the data. Change: lower preprocessing_num_workers"
            return finish("--class", "host-memory", "--message", reason)
        if status != 0:
            return finish("--status", str(status), "--log", log)
        with open(found, encoding="utf-8") as file:
            mark(directory, json.load(file))
    return 0


def passed(directory):
    """Whether the marker is there, and the tokenised data that it speaks of."""
    try:
        with open(os.path.join(directory, ".complete"), encoding="utf-8") as file:
            tokenized = json.load(file).get("tokenized")
    except (OSError, ValueError, AttributeError):
        return False
    return tokenized is None or os.path.isdir(tokenized)


def run_check(found, log):
    """The trainer's part in a process of its own, since only its log tells a fault's class: its exit status, and
    whether it was asked to end."""
    child = subprocess.Popen(
        [sys.executable, os.path.abspath(__file__), "check", found],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    terminated = False

    def stop(_signal, _frame):
        nonlocal terminated
        terminated = True
        # Nothing is to be saved: what it has written so far has no name yet.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    last = b""
    while block := os.read(child.stdout.fileno(), 65536):
        sys.stdout.buffer.write(block)
        sys.stdout.buffer.flush()
        last = (last + block)[-KEEP:]
    status = child.wait()
    with open(log, "wb") as file:
        file.write(last)
    return (status if status >= 0 else 128 - status), terminated


def finish(*arguments):
    """Has diagnose.py name what happened, and leaves its text: for Kubernetes, and if it would come again, for the
    training pod, which need not wait then."""
    ended = helper("diagnose.py", "--run", "preflight", *arguments)
    message, code = ended.stdout.strip(), ended.returncode
    print(message, file=sys.stderr, flush=True)
    log = os.environ.get("TERMINATION_LOG", "/dev/termination-log")
    with contextlib.suppress(OSError), open(log, "w", encoding="utf-8") as file:
        file.write(message + "\n")
    with open(os.path.join(HERE, "exit-codes.json"), encoding="utf-8") as file:
        final = [entry["code"] for entry in json.load(file)["classes"] if not entry["retry"]]
    if code in final and "PREFLIGHT_DIR" in os.environ:
        sign = os.path.join(os.environ["PREFLIGHT_DIR"], SIGN)
        with signing, contextlib.suppress(OSError):
            with open(sign, "r+" if os.path.exists(sign) else "w", encoding="utf-8") as file:
                file.write(message + "\n")
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
            os.replace(sign, os.path.join(os.environ["PREFLIGHT_DIR"], ".failed"))
    return code


def helper(name, *arguments):
    command = [sys.executable, "-I", os.path.join(HERE, name), *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=False)


def mark(directory, found):
    write(os.path.join(directory, ".complete"), json.dumps(found) + "\n")
    with signing, contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(directory, SIGN))
    say("passed" if found["checked"] else "nothing was checked")


def write(path, text):
    """All of it, or nothing."""
    with open(path + ".partial", "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".partial", path)


def check(path):
    """The trainer's part: what it raises is the answer, in the log. Else says in a file what was found."""
    # Else modules of the image could be hidden by the launch files.
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != HERE]
    found = {"checked": True}
    try:
        prepare_trainer()
        arguments = parse()
        found.update(tokenise(*arguments))
    except NotKnown as reason:
        traceback.print_exc()
        say(f"the run could not be checked: {reason}")
        found["checked"] = False
    write(path, json.dumps(found))
    return 0


def prepare_trainer():
    """What must be said before the trainer's modules are loaded."""
    ranks = int(os.environ["NPROC_PER_NODE"])
    major, _, minor = os.environ["COMPUTE_CAPABILITY"].partition(".")
    rank = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": str(ranks), "LOCAL_WORLD_SIZE": str(ranks)}
    # As torchrun sets them for the first rank. Nothing ever listens at that address.
    os.environ.update(rank, MASTER_ADDR="127.0.0.1", MASTER_PORT="29500")
    # DeepSpeed would take the card that isn't there, and ask it.
    os.environ.update(CUDA_VISIBLE_DEVICES="", DS_ACCELERATOR="cpu")
    try:
        stand_in_for_cards(ranks, (int(major), int(minor or 0)))
        stand_in_for_ranks(ranks)
    except (ImportError, AttributeError) as error:
        raise NotKnown(f"this torch has no {error}") from error


def stand_in_for_cards(count, capability):
    """Answers for the cards: parser, transformers and accelerate ask whether there are any and what they can do."""
    import torch

    def no_card(*_arguments, **_options):
        raise NotKnown("something asks for the card itself")

    class Properties:
        name = "a card that is not here"
        major, minor = capability
        multi_processor_count = 40
        total_memory = 16 << 30

        def __getattr__(self, name):
            raise NotKnown(f"something asks for the card's {name}")

    answers = {
        "is_available": lambda: True,
        "device_count": lambda: count,
        "current_device": lambda: 0,
        "set_device": lambda *_: None,
        "get_device_capability": lambda *_, **__: capability,
        "get_device_properties": lambda *_, **__: Properties(),
        # torch emulates bf16 on older cards, and says that they have it.
        "is_bf16_supported": lambda *_, **__: True,
        "_lazy_init": no_card,
    }
    for name, answer in answers.items():
        getattr(torch.cuda, name)
        setattr(torch.cuda, name, answer)


def stand_in_for_ranks(count):
    """A process group whose other ranks agree to everything; what starts one finds it and leaves it alone."""
    import torch
    from torch.testing._internal.distributed.fake_pg import FakeStore

    torch.distributed.init_process_group(backend="fake", rank=0, world_size=count, store=FakeStore())
    # One that can't be loaded is a fault of the run only if the run uses it, and then the parser says so.
    with contextlib.suppress(Exception):
        # On a CPU DeepSpeed would compile an operator to talk to the other ranks, for minutes. (deepspeed.comm.torch as
        # an attribute is torch itself.)
        importlib.import_module("deepspeed.comm.torch").build_shm_op = lambda: None


@contextlib.contextmanager
def trainer_names():
    """An import of what LLaMA-Factory has under another name, or not at all, is no fault of the run."""
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "llamafactory":
            raise
        raise NotKnown(str(error)) from error


def parse():
    """The arguments, as the trainer's own parser understands them."""
    with trainer_names():
        from llamafactory.hparams import get_train_args, read_args
    sys.argv = ["llamafactory-cli", os.environ["TRAIN_CONFIG"]]
    model, data, training, finetuning, _ = get_train_args(read_args())
    say(f"the parser takes the run: {training.world_size} ranks, stage {finetuning.stage}")
    return model, data, training, finetuning


def tokenise(model, data, training, finetuning):
    """Tokenises the data as the trainer would, unless that is done already; what there is to say of them."""
    with trainer_names():
        from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
        from llamafactory.model import load_tokenizer
    # Packing fills samples worker by worker: with fewer workers they would be others.
    if data.preprocessing_num_workers and not data.packing:
        data.preprocessing_num_workers = min(data.preprocessing_num_workers, int(os.environ.get("PREFLIGHT_CPUS", "1")))
    tokenizer = load_tokenizer(model)
    template = get_template_and_fix_tokenizer(tokenizer["tokenizer"], data)
    stage = DATA_STAGES.get(finetuning.stage, finetuning.stage)
    path = data.tokenized_path
    with alone(path):
        there = path is not None and os.path.isdir(path)
        if path is not None and not there:
            data.tokenized_path = path + ".partial"
            shutil.rmtree(data.tokenized_path, ignore_errors=True)
        # Of data that streams it takes the first samples only.
        module = get_dataset(template, model, data, training, stage=stage, **tokenizer)
        if path is not None and not there:
            keep(data.tokenized_path, path)
    found = {"tokenized": path}
    if path is not None:
        found["train"] = describe("to train on", module.get("train_dataset"), data.cutoff_len)
        found["evaluation"] = describe("to evaluate on", module.get("eval_dataset"), data.cutoff_len)
    return found


@contextlib.contextmanager
def alone(path):
    """Two pods of one run tokenise one after the other, where the volume has locks."""
    if path is None:
        yield
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".lock", "w") as file:
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def keep(partial, path):
    """Gives whole data their name, once they are on the disk."""
    for folder, _, names in os.walk(partial):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                os.fsync(file.fileno())
    os.rename(partial, path)
    say(f"the tokenised data is in {path}")


def describe(purpose, datasets, cutoff):
    """Says how many samples there are, the longest, and how many are as long as may be."""
    if datasets is None:
        return None
    samples = longest = cut = 0
    try:
        for dataset in datasets.values() if isinstance(datasets, dict) else [datasets]:
            for length in lengths_of(dataset):
                samples, longest, cut = samples + 1, max(longest, length), cut + (length >= cutoff)
    except Exception as error:
        # What is only told must not end the run.
        say(f"the samples {purpose} could not be counted: {error}")
        return None
    say(f"{samples} samples {purpose}, the longest of {longest} tokens; {cut} reach cutoff_len ({cutoff})")
    return {"samples": samples, "longest": longest, "cut": cut}


def lengths_of(dataset):
    """The tokens of each sample; of a pair, those of the longer answer."""
    import pyarrow.compute

    columns = [name for name in dataset.column_names if name.endswith("input_ids")]
    for batch in dataset.with_format("arrow").iter(1000):
        lists = [pyarrow.compute.list_value_length(batch[name]).to_pylist() for name in columns]
        yield from map(max, zip(*lists))


def say(text):
    print(f"preflight: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
