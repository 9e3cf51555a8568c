"""Keeps two pods from writing to the same folder, on any volume: also where file locks hold for one node only.

    lease.py take DIRECTORY FILE ALONE   writes the lease's path to FILE and exits 0; exits 3 and prints the other pod's
                                         name if that one is at work, 1 and prints why if there can be no lease. ALONE
                                         is yes if launch.sh holds the kernel's lock
    lease.py join DIRECTORY RUN          for the other nodes of a run: exits 0 once the lease is held for RUN by a pod
                                         that is alive; exits 3 and prints the other pod's name if one of another run is
                                         at work, 1 and prints why if none came in LEASE_JOIN_SECONDS (900)
    lease.py keep LEASE PID FILE         runs beside the trainer: says each few seconds that the pod is alive; once
                                         another has taken over, writes why to FILE, sends USR1 to PID, and ends.
                                         On TERM it gives the lease back, so that the next run need not wait

A lease is a numbered file in DIRECTORY/.lease; the highest number holds. A new one is made by exclusive creation, which
a file server does for one client only, and numbers are never used twice: so of two pods that take over at the same
time one wins. A holder rewrites its lease every LEASE_BEAT_SECONDS (10). Another pod takes over when the lease says
`released`, or does not change for LEASE_STALE_SECONDS (60) by its own clock, or comes from the same start of the same
machine and launch.sh holds the kernel's lock on the folder: then that holder is dead.

One node of a run, that of rank 0, holds the lease. It says which run it is for: RUN_UID, the same for all of its nodes.
"""

import contextlib
import json
import os
import signal
import sys
import time

BEAT = float(os.environ.get("LEASE_BEAT_SECONDS", "10"))
STALE = float(os.environ.get("LEASE_STALE_SECONDS", "60"))
JOIN = float(os.environ.get("LEASE_JOIN_SECONDS", "900"))
LOCKED = 3


def say(text):
    print(f"launch.sh: {text}", file=sys.stderr, flush=True)


def main():
    verb, *arguments = sys.argv[1:]
    return {"take": take, "join": join, "keep": keep}[verb](*arguments)


def take(directory, file, alone):
    folder = os.path.join(directory, ".lease")
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise OSError(f"{folder} is no folder: remove it")
    os.makedirs(folder, exist_ok=True)
    seen, since, waiting = None, time.monotonic(), False
    while True:
        number = highest(folder)
        text = read(os.path.join(folder, str(number))) if number else "{}"
        holder = holder_of(text)
        pod = holder.get("pod", "another pod")
        if text != seen:
            if waiting and holder.get("state") == "held":
                print(pod)
                return LOCKED
            seen, since = text, time.monotonic()
        same_machine = alone == "yes" and holder.get("boot") == boot_id()
        free = number == 0 or holder.get("state") == "released" or same_machine
        if free or time.monotonic() - since > STALE:
            path = os.path.join(folder, str(number + 1))
            with contextlib.suppress(FileExistsError):
                make(path)
                for old in os.listdir(folder):
                    # A folder of such a name is left: nobody takes a number that is taken.
                    if is_number(old) and int(old) <= number:
                        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                            os.remove(os.path.join(folder, old))
                if not free:
                    say(f"{pod} gave no sign for {STALE:.0f} s: taking over")
                with open(file, "w", encoding="utf-8") as answer:
                    answer.write(path)
                return 0
        elif not waiting:
            say(f"{pod} may still write to {directory}: watching it for up to {STALE:.0f} s")
            waiting = True
        time.sleep(min(1.0, BEAT / 2))


def join(directory, run):
    folder = os.path.join(directory, ".lease")
    since, before, number, told = time.monotonic(), None, 0, False
    while time.monotonic() - since < JOIN:
        # The folder comes with the first lease.
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            number = highest(folder)
        text = read(os.path.join(folder, str(number))) if number else ""
        holder = holder_of(text)
        # What an earlier try left says nothing: who holds it now writes again and again.
        if before is not None and text != before and holder.get("state") == "held":
            if holder.get("run") == run:
                return 0
            print(holder.get("pod", "another pod"))
            return LOCKED
        before = text
        if not told:
            say(f"waiting for the node of rank 0 to take {directory}, for up to {JOIN:.0f} s")
            told = True
        time.sleep(min(1.0, BEAT / 2))
    raise OSError(f"the node of rank 0 did not take {directory} in {JOIN:.0f} s: all nodes need one saves volume")


def make(path):
    with open(path, "x", encoding="utf-8") as lease:
        try:
            lease.write(padded(content(0)))
            lease.flush()
        except OSError:
            # On a full disk: without content it would only make the next pod wait.
            os.remove(path)
            raise


def keep(path, pid, file):
    launcher = int(pid)
    folder, number = os.path.split(path)
    beat, next_beat = 0, 0.0
    # Heard between two writes, not within one.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    # Killed without a word, launch.sh leaves the lease to go stale.
    while os.getppid() == launcher:
        if time.monotonic() >= next_beat:
            next_beat = time.monotonic() + BEAT
            # A volume that is away for a while is no reason to end: another pod cannot write to it either.
            with contextlib.suppress(OSError):
                if highest(folder) > int(number):
                    pod = holder_of(read(os.path.join(folder, str(highest(folder))))).get("pod", "another pod")
                    with open(file, "w", encoding="utf-8") as reason:
                        reason.write(f"{pod} took over: this pod gave no sign for too long")
                    os.kill(launcher, signal.SIGUSR1)
                    return 0
                beat += 1
                write(path, content(beat))
        if signal.sigtimedwait({signal.SIGTERM}, min(1.0, BEAT / 2)):
            with contextlib.suppress(OSError):
                write(path, {**content(beat), "state": "released"})
            break
    return 0


def content(beat):
    run = os.environ.get("RUN_UID", "")
    return {"state": "held", "pod": os.uname().nodename, "boot": boot_id(), "beat": beat, "run": run}


def boot_id():
    """Another one after each start of the machine: the node's, as containers share its kernel."""
    return read("/proc/sys/kernel/random/boot_id").strip()


def highest(folder):
    return max((int(name) for name in os.listdir(folder) if is_number(name)), default=0)


def is_number(name):
    return name.isascii() and name.isdigit() and len(name) < 19


def holder_of(text):
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def read(path):
    """The beginning of a file, or nothing if it is missing, damaged or no file: a pipe would be waited for."""
    if not os.path.isfile(path):
        return ""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(4096)
    except (OSError, ValueError):
        return ""


def write(path, value):
    """Writes over what is there, with the same length: that works on a full disk too."""
    with open(path, "r+", encoding="utf-8") as file:
        file.write(padded(value))
        file.flush()
        os.fsync(file.fileno())


def padded(value):
    return json.dumps(value).ljust(255) + "\n"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as failure:
        print(failure if isinstance(failure, OSError) else f"unexpected {type(failure).__name__}: {failure}")
        sys.exit(1)
