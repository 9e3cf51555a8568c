"""Says why a training ended: reads the end of the trainer's log with the table of exit-codes.json.

Prints one paragraph (what happened, the line of the log that shows it, what to change) and exits with the code of the
class. Two ways to call it:
    diagnose.py --status STATUS --log FILE [--output DIRECTORY]   the trainer ended by itself with STATUS
    diagnose.py --class NAME [--message TEXT]                     launch.sh knows why
--run WORDS goes before the text: which run it was, if not the real one.

A failed run is looked at in the order of the table's causes: the first that matches anywhere in the log wins. So what
starts a chain of failures (a full disk, one rank out of memory) stands before what follows from it (NCCL errors).
"""

import argparse
import json
import math
import os
import re
import sys

# Kubernetes keeps this many bytes of a termination message.
MESSAGE_BYTES = 4096
RANK = re.compile(r"^\[rank\d+\]:? ?")
FRAME = re.compile(r'^\s*File "([^"]+)", line \d+(, in \S+)?')
EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt)\b")
# A line that the trainer prints at each logging step; transformers 5 puts the numbers in quotes. watch.py has it too.
STEP = re.compile(r"\{'loss': '?([^',}]+)'?, 'grad_norm': '?([^',}]+)'?")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--class", dest="name")
    parser.add_argument("--message")
    parser.add_argument("--status", type=int)
    parser.add_argument("--log")
    parser.add_argument("--output")
    parser.add_argument("--run")
    options = parser.parse_args()
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "exit-codes.json"), encoding="utf-8") as file:
        table = json.load(file)
    if options.name:
        name, detail = options.name, options.message
    else:
        name, detail = diagnose(table["causes"], options.status, read_log(options.log), options.output)
    if name is None:
        return 0
    of_class = next(entry for entry in table["classes"] if entry["name"] == name)
    run = f"{options.run}: " if options.run else ""
    text = f"{run}{name}: {of_class['meaning']}" + (f". {detail}" if detail else "")
    print(text.encode("utf-8")[: MESSAGE_BYTES - 1].decode("utf-8", errors="ignore"))
    return of_class["code"]


def read_log(path):
    """The log, or nothing where watch.py could not keep it, as on a full disk: the status says something too."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def diagnose(causes, status, log, output):
    """The class of what happened and a text, or (None, None) after a good run."""
    lines = log_lines(log)
    if status == 0:
        bad = bad_loss(recorded_step(output) or printed_step(log))
        return ("loss", bad) if bad else (None, None)
    for cause in causes:
        found = find(cause, lines)
        if found is not None:
            return cause["class"], f'The log says "{found[:1000]}". Change: {cause["change"]}'
    bad = bad_loss(printed_step(log))
    if bad:
        return "loss", bad
    if status == 137:
        return "host-memory", "The trainer was killed (SIGKILL). Change: raise the pod's memory"
    last = [text for text, _ in lines if text.strip()][-5:]
    return "other", f"llamafactory-cli exited {status}. The log ends with: " + " | ".join(last)[-2000:]


def log_lines(log):
    """The lines of the log, each with the frames ("FILE, in FUNCTION") of the traceback that it ends, if any."""
    result = []
    frames = []
    source = False
    # A progress bar goes back to the start of its line; only what it shows last is of interest.
    for raw in log.split("\n"):
        text = RANK.sub("", raw.rstrip("\r").rpartition("\r")[2])
        frame = FRAME.match(text)
        # The line of source below a frame holds messages before their values are filled in.
        source, skip = bool(frame), source
        if skip and not frame:
            continue
        if text.startswith("Traceback (most recent call last)"):
            frames = []
        elif frame:
            frames.append(frame.group(1) + (frame.group(2) or ""))
        elif EXCEPTION.match(text):
            result.append((text, frames))
            continue
        result.append((text, []))
    return result


def find(cause, lines):
    """The first line that shows the cause, with the lines that belong to it, or None."""
    pattern = re.compile(cause["pattern"])
    for index, (text, frames) in enumerate(lines):
        if not pattern.search(text):
            continue
        if "within" in cause and not any(re.search(cause["within"], frame) for frame in frames):
            continue
        if "raisedIn" in cause and not (frames and re.search(cause["raisedIn"], frames[-1])):
            continue
        following = lines[index + 1 : index + 1 + cause.get("following", 0)]
        return " ".join([text.strip()] + [line.strip() for line, _ in following])
    return None


def recorded_step(output):
    """Loss and gradient norm of the last step in trainer_state.json, or None: also those of steps before a restart."""
    try:
        with open(os.path.join(output or "", "trainer_state.json"), encoding="utf-8") as file:
            history = json.load(file)["log_history"]
        last = [entry for entry in history if "loss" in entry][-1]
        return str(last["loss"]), str(last.get("grad_norm", "not recorded"))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def printed_step(log):
    """Loss and gradient norm of the last step in the log, or None."""
    return (STEP.findall(log) or [None])[-1]


def bad_loss(step):
    """A text if a step's loss says that nothing is learnt any more: not a number, or zero with no gradient."""
    if step is None or not is_dead(*step):
        return None
    return (
        f"The last step logged has loss {step[0]} and grad_norm {step[1]}, so the adapter is of no use. "
        "Change: lower learning_rate, raise warmup_ratio, keep max_grad_norm at 1.0; check that samples have answers "
        "within cutoff_len"
    )


def is_dead(loss, gradient):
    """A loss that is not finite, or one of exactly zero whose gradient is zero or not finite. transformers writes zero
    for NaN (logging_nan_inf_filter). watch.py has the same."""
    loss, gradient = number(loss), number(gradient)
    if loss is None:
        return False
    if not math.isfinite(loss):
        return True
    return loss == 0 and gradient is not None and (gradient == 0 or not math.isfinite(gradient))


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as error:
        print(f"other: cannot tell what happened: unexpected {type(error).__name__}: {error}; please report it")
        sys.exit(1)
