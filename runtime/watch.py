"""Reads the trainer's output from stdin while it comes, beside the container's log.

    watch.py FILE STOP PID

Writes the last part of it to FILE at the end, for diagnose.py. When DEAD_STEPS (5) logged steps on end have a loss that
is no number, or zero without a gradient, nothing will be learnt any more: writes that to STOP, and sends USR1 to PID.
"""

import math
import os
import re
import signal
import sys

KEEP = 262144
DEAD_STEPS = int(os.environ.get("DEAD_STEPS", "5"))
STEP = re.compile(rb"\{'loss': '?([^',}]+)'?, 'grad_norm': '?([^',}]+)'?[,}]")


def main():
    file, stop, pid = sys.argv[1:]
    # Ends when the trainer's output ends, and not before.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    last, line, dead = b"", b"", 0
    while block := os.read(0, 65536):
        last = (last + block)[-KEEP:]
        line += block
        end = 0
        for match in STEP.finditer(line):
            end = match.end()
            dead = dead + 1 if is_dead(*match.groups()) else 0
            if dead == DEAD_STEPS:
                loss, gradient = (value.decode(errors="replace") for value in match.groups())
                with open(stop, "w", encoding="utf-8") as reason:
                    reason.write(
                        f"The last {dead} steps logged have loss {loss} and grad_norm {gradient}: stopped early. "
                        "Change: lower learning_rate, raise warmup_ratio, keep max_grad_norm at 1.0; check that "
                        "samples have answers within cutoff_len"
                    )
                os.kill(int(pid), signal.SIGUSR1)
        # What may be the beginning of a step's line stays for the next block.
        line = line[end:][-300:]
    with open(file, "wb") as kept:
        kept.write(last)


def is_dead(loss, gradient):
    try:
        loss, gradient = float(loss), float(gradient)
    except ValueError:
        return False
    return not math.isfinite(loss) or (loss == 0 and (gradient == 0 or not math.isfinite(gradient)))


if __name__ == "__main__":
    main()
