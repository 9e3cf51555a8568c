"""Fills a volume before training: a model's files, an adapter's, data sets, and Python packages that the image lacks.

Reads PREPARE_SPEC, the path of a JSON file; every part is optional:
    {"model": {"hub": "modelscope" | "huggingface", "repository": "Qwen/Qwen3-14B", "revision": "main",
               "endpoint": "https://...", "directory": "/models/...", "maxBytes": 40000000000, "maxSeconds": 40000},
     "adapter": {"hub": "modelscope" | "huggingface", "repository": "owner/adapter", "revision": "main",
                 "endpoint": "https://...", "directory": "/models/.adapters/...", "baseModel": "Qwen/Qwen3-14B"},
     "data": [{"hub": "modelscope" | "huggingface", "repository": "owner/data", "revision": "main",
               "path": "math/train.jsonl", "endpoint": "https://...", "directory": "/models/.data/..."},
              {"hub": "http", "endpoint": "https://server/folder", "files": {"math.json": "<sha256>"},
               "sizes": {"math.json": 33000}, "directory": "/models/.data/..."}],
     "packages": {"requirements": "/etc/.../requirements.txt", "directory": "/models/...", "indexUrl": "https://..."}}
A model or an adapter may have "hub": "http" with "endpoint" and "files" too. Of an adapter two files are taken, and
what its configuration names as its base must be "baseModel". "path" is a file of a data set's repository, or a
folder: then the data files right in it, which must be of one type, since LLaMA-Factory reads all files of a folder.
Sources of one hub have one endpoint. "sizes" and "maxBytes", both optional, say how much may be fetched; "maxSeconds",
optional too, how long all tries of a Job may take for the directory together.

What the pod may set besides:
    PREPARE_TRIES          how many pods the Job makes at most: the last one's failure is final, whatever it is
    PREPARE_JOB            the Job's uid, so that a Job of the same name that is applied again counts anew
    PREPARE_SECONDS        how long one try may take (86400)
    PREPARE_STALL_SECONDS  how long a download may stay below PREPARE_LEAST_BYTES a second (300; 10000)
    TERMINATION_LOG        where Kubernetes reads the last message (/dev/termination-log)

A directory is finished when it holds `.complete`, written last, after every file was compared with the size and hash
that its source names: the request as JSON. Run again after a kill, it does only what is missing. A lock keeps two Jobs
from filling the same directory at once. While a directory is filled, `.preparing` in it changes every few seconds; a
failure that would come again, or the last try's, leaves `.failed` with one line instead. wait-for.sh reads both. Tokens
come from HF_TOKEN and MODELSCOPE_API_TOKEN, which the hubs' own libraries read.

Hubs' libraries, pip and urllib read the proxy from HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, and the certificate
authorities to trust from SSL_CERT_FILE, REQUESTS_CA_BUNDLE and PIP_CERT. Of PROXY_CREDENTIALS, a part of the proxy's
address, nothing is shown.

Nothing that a server names is used before it is looked at: names of files (check_names), sizes, hashes. What a server
sends has bounds too: no more bytes than it announced, and no slower than a least speed (Watch).

Exit codes, from exit-codes.json: 10 what is asked for can't be had, 15 a disk is full, 143 asked to end, 1 anything
else, which another try may mend.
"""

import contextlib
import errno
import fcntl
import glob
import hashlib
import http.client
import importlib.metadata
import importlib.util
import json
import os
import posixpath
import shutil
import signal
import ssl
import stat
import struct
import subprocess
import sys
import threading
import time
import traceback
import unicodedata
import urllib.error
import urllib.parse
import urllib.request

MARKER = ".complete"
FAILED = ".failed"
BUSY = ".preparing"
LOCK = ".prepare.lock"
# The fetched files of a data set and their sizes, by which a finished directory is looked at again.
FILES = ".files"
# Where the hubs' libraries keep what they have begun, and what they noted: modelscope 1.26 unpickles `.msc`.
LIBRARIES = (".cache", "._____temp", ".msc", ".mdl", ".mv")
KEPT = (MARKER, FAILED, BUSY, LOCK, FILES, ".complete.partial", *LIBRARIES)

TRIES = int(os.environ.get("PREPARE_TRIES", "0"))
SECONDS = float(os.environ.get("PREPARE_SECONDS", "86400"))
STALL_SECONDS = float(os.environ.get("PREPARE_STALL_SECONDS", "300"))
LEAST_BYTES = float(os.environ.get("PREPARE_LEAST_BYTES", "10000"))
BEAT_SECONDS = 5.0
# How long pip may take: the packages have some hundred MB.
PACKAGES_SECONDS = 7200
# What a library may write beyond the files themselves.
SLACK = 32 << 20
# The largest file of a web server whose size nobody named; the hubs take none that is larger.
LARGEST = 64 << 30
MOST_FILES = 200_000
# The longest header of a safetensors file, by the format's own reader.
HEADER_BYTES = 100_000_000

# The files of an adapter that PEFT reads; it would take pickled weights too, which run what is in them.
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")

# What LLaMA-Factory reads files of a type with (llamafactory/extras/constants.py, FILEEXT2TYPE).
READERS = {".arrow": "arrow", ".csv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet", ".txt": "text"}


class Failure(Exception):
    """Something the user can act on: printed as one line. Another try may do better."""

    code = 1


class Refused(Failure):
    """A failure that would come again."""

    code = 10


class DiskFull(Failure):
    code = 15


def say(text):
    print(on_one_line(f"prepare: {text}"), flush=True)


def on_one_line(text):
    """A text with what a server wrote in it, as it may go to a log."""
    return "".join(char if is_plain(char) else " " for char in without_credentials(text))


def without_credentials(text):
    """A text that may quote the proxy's address, as it may go to a log."""
    credentials = os.environ.get("PROXY_CREDENTIALS")
    return text.replace(credentials, "...") if credentials else text


def is_plain(text):
    return not any(unicodedata.category(char) in ("Cc", "Cs") for char in text)


def main():
    os.umask(0o022)
    # As the container's first process Python would not hear TERM. Nothing is to be tidied up: the marker comes last.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    WATCH.start()
    try:
        prepare(read_spec())
    except Exception as error:
        return end(error)
    say("done")
    return 0


def prepare(spec):
    WATCH.asked = directories_of(spec)
    check_spec(spec)
    check_proxy(spec)
    for directory in WATCH.asked:
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(directory, FAILED))
    if "model" in spec:
        model = spec["model"]
        request = requested(model)
        fill(model["directory"], request, lambda: fetch(request, model), check_model, model.get("maxSeconds"))
    if "adapter" in spec:
        fill_adapter(spec["adapter"])
    for data in spec.get("data", []):
        fill_data(data)
    if "packages" in spec:
        packages = spec["packages"]
        with open(packages["requirements"], "rb") as file:
            request = {"requirements": hashlib.sha256(file.read()).hexdigest()}
        fill(packages["directory"], request, lambda: install(packages), check_packages)


def end(error):
    """Says in one line why it ends: in the log, to Kubernetes, and if it is final to who waits. The exit code."""
    failure = failure_of(error)
    text = on_one_line(f"prepare: {failure}")[:2000]
    print(text, file=sys.stderr, flush=True)
    log = os.environ.get("TERMINATION_LOG", "/dev/termination-log")
    with contextlib.suppress(OSError), open(log, "r+", encoding="utf-8") as file:
        file.write(text + "\n")
    if not WATCH.told:
        leave_if_final(failure)
    return failure.code


def leave_if_final(failure):
    """Tells who waits for the directory at hand, or before there is one, for any."""
    WATCH.told = True
    if failure.code == Failure.code and not (TRIES > 0 and WATCH.tries >= TRIES):
        return
    for directory in [WATCH.directory] if WATCH.directory else WATCH.asked:
        # Another pod at work will see for itself; what can't be written is left to the waiting pod's patience.
        with contextlib.suppress(OSError, Failure):
            leave(directory, on_one_line(f"prepare: {failure}")[:2000])


def failure_of(error):
    """What happened, in words for the user."""
    if isinstance(error, Failure):
        return error
    if is_disk_full(error):
        return DiskFull(f"a disk is full: {first_line(error)}. Make room on the volume, or enlarge it")
    if isinstance(error, OSError):
        return Failure(first_line(error))
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(frame.filename)}, line {frame.lineno}"
    return Failure(f"unexpected {type(error).__name__}: {first_line(error)} ({where}); please report it")


def is_disk_full(error):
    """Whether a full disk is behind an error, however a library wrapped it."""
    for each in behind(error):
        if isinstance(each, OSError) and each.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if isinstance(each, BaseException) and says_disk_full(str(each)):
            return True
    return False


def way_out_refused(error):
    """What a proxy or a certificate has against a connection, which it will have the next time too; None: neither."""
    for each in behind(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return NOT_TRUSTED.format(trusted())
        if isinstance(each, BaseException) and says_proxy_refuses(str(each)):
            return PROXY_REFUSES
    return None


NOT_TRUSTED = "the server's certificate is signed by no authority that is trusted here ({})"
PROXY_REFUSES = "the proxy wants other credentials (407)"


def trusted():
    path = os.environ.get("SSL_CERT_FILE")
    return f"SSL_CERT_FILE is {path}" if path else "SSL_CERT_FILE is not set"


def says_proxy_refuses(text):
    return "407" in text and "proxy" in text.lower()


def behind(error):
    """An error and all that it was raised for, however a library wrapped it."""
    pending, seen = [error], []
    while pending:
        error = pending.pop()
        if error is None or any(error is other for other in seen) or len(seen) > 100:
            continue
        seen.append(error)
        yield error
        if isinstance(error, BaseException):
            # urllib and urllib3 name it as the reason.
            pending += [error.__cause__, error.__context__, getattr(error, "reason", None)]
            # modelscope 1.38 collects the errors of the files.
            failed = getattr(error, "failed_files", None)
            pending += failed.values() if isinstance(failed, dict) else []


def says_disk_full(text):
    return "No space left on device" in text or "Disk quota exceeded" in text


def leave(directory, text):
    """Turns the sign of life into the mark that says why the marker won't come. No byte more is needed: the disk may be
    full."""
    busy = os.path.join(directory, BUSY)
    with contextlib.ExitStack() as stack:
        stack.enter_context(WATCH.writing)
        if directory != WATCH.directory:
            lock = stack.enter_context(open_here(os.path.join(directory, LOCK), "a"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.isfile(os.path.join(directory, MARKER)):
            return
        with open_here(busy, "r+" if os.path.lexists(busy) else "w") as file:
            file.write(f"{text}\n")
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        os.replace(busy, os.path.join(directory, FAILED))


class Watch(threading.Thread):
    """Runs beside the work. Shows that this pod is alive, by a file that changes; and ends the process where a read
    that hangs never would: a download that writes more than it may, or is too slow, or a try that takes too long."""

    def __init__(self):
        super().__init__(daemon=True)
        self.begun = time.monotonic()
        # The directories asked for; the one at hand, and which try it is to fill it.
        self.asked, self.directory, self.tries = [], None, 0
        # When the Job's first try to fill it began, and how long all of them may take; None: as long as they like.
        self.first, self.seconds = 0, None
        # Whether who waits was told of the failure; between the sign of life and the mark.
        self.told, self.writing = False, threading.RLock()
        # While something is fetched: a sign of its own for each download, and how far the directory may grow.
        self.download, self.limit = None, 0
        self.beat = 0

    def run(self):
        beaten, pause = 0.0, 0.0
        bounds = None
        while True:
            time.sleep(max(min(1.0, STALL_SECONDS / 10), pause))
            now = time.monotonic()
            self.end_late(now)
            download = None
            try:
                if self.tries and now - beaten > BEAT_SECONDS:
                    beaten = now
                    self.show()
                download = self.download
                if download is None:
                    continue
                if bounds is None or bounds.download is not download:
                    bounds = Bounds(download, self.directory, self.limit)
                bounds.look()
                # Where a look takes long, as on a volume far away, most of the time is for the download still.
                pause = 20 * (time.monotonic() - now)
            except Failure as failure:
                # A download that ended while it was looked at is nothing to complain of.
                if self.download is download:
                    os._exit(end(failure))
            except OSError:
                # The volume may be away for a while.
                continue

    def end_late(self, now):
        """Ends a try, or the last one, that takes too long."""
        if now - self.begun > SECONDS:
            os._exit(end(Failure(f"not done after {SECONDS:.0f} s (PREPARE_SECONDS)")))
        if self.tries and self.seconds is not None and time.time() - self.first > self.seconds:
            os._exit(
                end(
                    Refused(
                        f"{self.directory} is not filled after {self.seconds} s, in try {self.tries}: set "
                        "prepareDeadline of its volume, or fetch from a nearer hub"
                    )
                )
            )

    def show(self):
        """Writes over what is there, with the same length: that works on a full disk too."""
        self.beat += 1
        path = os.path.join(self.directory, BUSY)
        with self.writing, contextlib.suppress(FileNotFoundError), open_here(path, "r+") as file:
            file.write(self.sign())

    def sign(self):
        job, pod = os.environ.get("PREPARE_JOB", ""), os.uname().nodename
        sign = {"job": job, "try": self.tries, "first": self.first, "beat": self.beat, "pod": pod}
        return json.dumps(sign).ljust(4095) + "\n"

    @contextlib.contextmanager
    def filling(self, seconds):
        """Shows that the directory at hand is being filled, and which try it is. The sign stays after a failure."""
        path = os.path.join(self.directory, BUSY)
        known = read_json(path)
        mine = isinstance(known, dict) and known.get("job") == os.environ.get("PREPARE_JOB", "")
        tries = (known["try"] if mine and is_count(known.get("try")) else 0) + 1
        first = known.get("first") if tries > 1 else None
        # A clock that was set back is no reason to wait longer.
        self.first = first if is_count(first) and first <= time.time() else int(time.time())
        self.seconds, self.tries = seconds, tries
        with open_here(path, "r+" if os.path.lexists(path) else "w") as file:
            file.write(self.sign())
        yield
        self.tries = 0
        os.remove(path)

    @contextlib.contextmanager
    def fetching(self, limit):
        """Holds a download against its bounds: so many bytes, and the least speed."""
        self.limit, self.download = limit, object()
        try:
            yield
        finally:
            self.download = None


class Bounds:
    """What a download may do: let its directory grow so far, and no slower than the least speed."""

    def __init__(self, download, directory, limit):
        self.download, self.directory, self.limit = download, directory, limit
        self.before = self.seen = bytes_below(directory)
        self.since, self.active, self.read = time.monotonic(), 0, bytes_read()

    def look(self):
        found = bytes_below(self.directory)
        self.active += max(0, found[0] - self.seen[0], found[1] - self.seen[1])
        self.seen = found
        grown = found[0] - self.before[0]
        if grown > self.limit:
            remove_begun(self.directory)
            raise Failure(
                f"the server sends more than it announced: {self.directory} grew by {grown} bytes, and {self.limit} "
                "were to come at most"
            )
        passed = time.monotonic() - self.since
        if passed < STALL_SECONDS:
            return
        # A library that compares hashes reads much and writes nothing.
        active = self.active + bytes_read() - self.read
        if active < LEAST_BYTES * passed:
            raise Failure(
                f"the download stalls: {active} bytes in {passed:.0f} s, and {LEAST_BYTES:.0f} a second are the least "
                "(PREPARE_STALL_SECONDS, PREPARE_LEAST_BYTES)"
            )
        self.since, self.active, self.read = time.monotonic(), 0, bytes_read()


WATCH = Watch()


def bytes_below(directory):
    """The bytes of the files below a directory: as long as they are, and what they take of the disk."""
    length = taken = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                found = os.lstat(os.path.join(folder, name))
                length, taken = length + found.st_size, taken + found.st_blocks * 512
    return length, taken


def bytes_read():
    """What this process has read of files; 0 where nobody counts."""
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/self/io", encoding="ascii") as file:
        return int(file.readline().split()[1])
    return 0


def remove_begun(directory):
    """Gives back the room that an answer without end took."""
    for name in LIBRARIES:
        shutil.rmtree(os.path.join(directory, name), ignore_errors=True)
    for folder, _, names in os.walk(directory):
        for name in names:
            if name.endswith((".incomplete", ".parallel_tmp")):
                os.remove(os.path.join(folder, name))


def open_here(path, mode):
    """Opens a file for writing, never through a symbolic link, and never a pipe."""

    def opener(name, flags):
        return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)

    try:
        file = open(path, mode, encoding=None if "b" in mode else "utf-8", opener=opener)  # noqa: SIM115
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise Refused(f"{path} is no file of its own: remove it") from error
        raise
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise Refused(f"{path} is no file of its own: remove it")
    return file


def read_json(path):
    """The content of a JSON file, or None if it is missing, damaged or no file."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError, RecursionError):
        return None


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def read_spec():
    path = os.environ.get("PREPARE_SPEC")
    if not path:
        raise Refused("PREPARE_SPEC is not set: it names the JSON file that says what to fetch")
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{path} is not valid JSON: {first_line(error)}") from error
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise Refused(f"PREPARE_SPEC names no file: {error}") from error


def directories_of(spec):
    """The directories that a request names, as far as it can be read: who waits for one is told of a bad request."""
    spec = spec if isinstance(spec, dict) else {}
    data = spec.get("data")
    parts = [spec.get("model"), spec.get("adapter"), *(data if isinstance(data, list) else []), spec.get("packages")]
    found = [part.get("directory") for part in parts if isinstance(part, dict)]
    return [path for path in found if isinstance(path, str) and os.path.isabs(path) and "\0" not in path]


def check_spec(spec):
    """Every part of the request, of the kind it must have."""
    if not isinstance(spec, dict):
        raise Refused(f"PREPARE_SPEC holds {shown(spec)}: it must be a mapping with model, adapter, data or packages")
    for name in spec:
        if name not in ("model", "adapter", "data", "packages"):
            raise Refused(f"unknown part {shown(name)} in PREPARE_SPEC; there are model, adapter, data and packages")
    data = spec.get("data", [])
    if not isinstance(data, list):
        raise Refused(f"data in PREPARE_SPEC is {shown(data)}: it must be a list")
    if "model" in spec:
        check_part(spec["model"], "model")
    if "adapter" in spec:
        check_part(spec["adapter"], "adapter")
        check_texts(spec["adapter"], "adapter", ("baseModel",), ())
    for number, part in enumerate(data):
        check_part(part, f"data[{number}]", path=True)
    if "packages" in spec:
        check_texts(spec["packages"], "packages", ("requirements", "directory"), ("indexUrl",))
    endpoints = {}
    for part in parts_of(spec):
        # The hubs' libraries read the endpoint once, when they are imported.
        hub, endpoint = part["hub"], part.get("endpoint")
        if hub != "http" and endpoints.setdefault(hub, endpoint) != endpoint:
            raise Refused(f"two endpoints for {hub} in PREPARE_SPEC: {endpoints[hub]} and {endpoint}")


def check_proxy(spec):
    """A proxy that speaks SOCKS needs packages, without which some libraries say little and others go around it."""
    address = socks_proxy()
    if address is None:
        return
    needed = {"socks": "PySocks"}
    if any(part["hub"] == "huggingface" for part in parts_of(spec)) and huggingface_uses_httpx():
        needed["socksio"] = "socksio"
    for module, package in needed.items():
        if importlib.util.find_spec(module) is None:
            raise Refused(f"the image lacks the package {package}, which a proxy of {address.scheme} takes")


def parts_of(spec):
    return [*(spec[name] for name in ("model", "adapter") if name in spec), *spec.get("data", [])]


def huggingface_uses_httpx():
    """From huggingface_hub 1.0 on, which is built on httpx instead of requests."""
    try:
        return int(importlib.metadata.version("huggingface_hub").split(".")[0]) >= 1
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return False


def socks_proxy():
    """The proxy's address, if it speaks SOCKS."""
    proxies = urllib.request.getproxies_environment()
    address = urllib.parse.urlsplit(proxies.get("https") or proxies.get("all") or "")
    return address if address.scheme.startswith("socks") else None


def check_part(part, what, path=False):
    """A model's part, or one of a data set, which names a path in its repository."""
    check_texts(part, what, ("hub",), ())
    if part["hub"] == "http":
        check_texts(part, what, ("endpoint", "directory"), ("repository", "revision", "path"))
        if not part["endpoint"].startswith(("https://", "http://")):
            raise Refused(f"{part['endpoint']} is no http or https address")
        files = part.get("files")
        if not isinstance(files, dict) or not all(isinstance(value, str) for value in files.values()) or not files:
            raise Refused(f"files of {what} in PREPARE_SPEC is {shown(files)}: it must map names to their SHA-256")
        check_names(list(files), "PREPARE_SPEC", part["directory"])
        sizes = part.get("sizes", {})
        if not isinstance(sizes, dict) or not all(is_count(value) for value in sizes.values()):
            raise Refused(f"sizes of {what} in PREPARE_SPEC is {shown(sizes)}: it must map names to bytes")
    elif part["hub"] in ("modelscope", "huggingface"):
        needed = ("repository", *(("path",) if path else ()), "directory")
        check_texts(part, what, needed, ("revision", "endpoint"))
        if path:
            check_names([part["path"]], "PREPARE_SPEC", part["directory"])
    else:
        raise Refused(f"unknown hub {shown(part['hub'])}; there are modelscope, huggingface and http")
    for bound, unit in (("maxBytes", "bytes"), ("maxSeconds", "seconds")):
        if bound in part and not is_count(part[bound]):
            raise Refused(f"{bound} of {what} in PREPARE_SPEC is {shown(part[bound])}: it must be a number of {unit}")


def check_texts(part, what, needed, optional):
    if not isinstance(part, dict):
        raise Refused(f"{what} in PREPARE_SPEC is {shown(part)}: it must be a mapping")
    for key in (*needed, *optional):
        if key not in part and key in optional:
            continue
        if key not in part:
            raise Refused(f"{what} in PREPARE_SPEC lacks {key!r}")
        if not isinstance(part[key], str) or part[key] == "" or not is_plain(part[key]):
            raise Refused(f"{key} of {what} in PREPARE_SPEC is {shown(part[key])}: it must be text")
    if "directory" in needed and not os.path.isabs(part["directory"]):
        raise Refused(f"directory of {what} in PREPARE_SPEC is {shown(part['directory'])}: it must begin with /")


def shown(value):
    """A value in a message, not too long of it."""
    text = ascii(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def check_names(names, source, directory):
    """Names become paths below the directory, so each is looked at before any use of any of them."""
    folders = set()
    for name in names:
        problem = name_problem(name)
        if problem is not None:
            raise Refused(f"{source} names the file {shown(name)}, which {problem} {directory}: nothing of it is used")
        parts = name.split("/")
        folders.update("/".join(parts[:count]) for count in range(1, len(parts)))
    for name in names:
        if name in folders:
            raise Refused(f"{source} names {shown(name)} both as a file and as a folder")


def name_problem(name):
    if not isinstance(name, str) or not is_plain(name) or "\\" in name:
        return "is no plain path below"
    parts = name.split("/")
    # A library makes folders from names and what it adds to them: "x." and "./../y" become "x./../y".
    if any(part.endswith(".") or part == "" for part in parts):
        return "lies outside of"
    if any(len(part.encode("utf-8", "surrogatepass")) > 200 for part in parts) or len(name) > 1000:
        return "is too long for"
    if parts[0].casefold() in KEPT:
        return "is kept for notes on"
    return None


def refuse_links(directory):
    """Whoever writes through a symbolic link writes elsewhere. There are none in what is fetched."""
    for folder, folders, names in os.walk(directory):
        for name in [*folders, *names]:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                raise Refused(f"{path} is a symbolic link, and what is fetched would go where it points: remove it")


def requested(part):
    """What a directory is to hold, whatever the endpoint."""
    if part["hub"] == "http":
        return {"hub": "http", "files": part["files"]}
    revision = part.get("revision") or "main"
    # ModelScope's main branch has the older name.
    if part["hub"] == "modelscope" and revision == "main":
        revision = "master"
    return {"hub": part["hub"], "repository": part["repository"], "revision": revision}


def fill_data(data):
    request = requested(data)
    if data["hub"] != "http":
        request["path"] = data["path"]

    def work():
        names = fetch(request, data)
        sizes = {name: os.path.getsize(os.path.join(data["directory"], name)) for name in names}
        with open_here(os.path.join(data["directory"], FILES), "w") as file:
            json.dump(sizes, file)

    fill(data["directory"], request, work, check_data, data.get("maxSeconds"))


def fill_adapter(adapter):
    request = {**requested(adapter), "baseModel": adapter["baseModel"]}

    def work():
        fetch(request, adapter)
        check_base(adapter["directory"], adapter["baseModel"])

    fill(adapter["directory"], request, work, check_adapter, adapter.get("maxSeconds"))


def fill(directory, request, work, check, seconds=None):
    """Brings a directory to hold what was requested; does nothing but look where that is done already."""
    os.makedirs(directory, exist_ok=True)
    with locked(directory):
        WATCH.directory = directory
        try:
            # Another Job may have left it while this one waited.
            with contextlib.suppress(FileNotFoundError):
                os.remove(os.path.join(directory, FAILED))
            if not is_filled(directory, request, check):
                with WATCH.filling(seconds):
                    work()
                    try:
                        check(directory)
                    except Failure as failure:
                        # Every file is as its source says.
                        raise Refused(f"what the source has is not whole: {failure}") from failure
                    write_marker(os.path.join(directory, MARKER), request)
                say(f"{directory} is complete")
        except Exception as error:
            # While the lock holds: nobody else has begun yet.
            leave_if_final(failure_of(error))
            raise
        WATCH.directory = None


def is_filled(directory, request, check):
    """Whether a directory holds what was requested, and all of it."""
    marker = os.path.join(directory, MARKER)
    if not os.path.lexists(marker):
        return False
    compare(marker, request)
    try:
        check(directory)
    except Failure as damage:
        say(f"{directory} was complete, but {damage}: fetching again")
        os.remove(marker)
        return False
    say(f"{directory} is complete already")
    return True


def compare(marker, request):
    directory = os.path.dirname(marker)
    if not stat.S_ISREG(os.lstat(marker).st_mode):
        raise Refused(f"{marker} is no file, so it says nothing of what {directory} holds: remove it")
    with open(marker, encoding="utf-8", errors="replace") as file:
        text = file.read(1 << 20)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = text
    if found != request:
        raise Refused(
            f"{directory} holds {json.dumps(found)[:500]}, but {json.dumps(request)[:500]} is asked for: "
            "use another directory, or delete this one"
        )


def write_marker(marker, request):
    # First the data, then the name: a crash leaves either no marker or a whole one.
    os.sync()
    partial = marker + ".partial"
    with open_here(partial, "w") as file:
        json.dump(request, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, marker)


@contextlib.contextmanager
def locked(directory):
    """Holds the directory's lock; the kernel drops it when the process ends, however it ends."""
    with open_here(os.path.join(directory, LOCK), "a") as file:
        waited = 0
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if waited % 60 == 0:
                    say(f"another prepare Job is filling {directory}; waiting for it ({waited} s)")
                time.sleep(1)
                waited += 1
        yield


def fetch(request, part):
    """Fetches a model, or with a path what is there of a data set; answers the names of the files."""
    directory = part["directory"]
    refuse_links(directory)
    if request["hub"] == "http":
        http_download(part)
        return list(part["files"])
    endpoint = part.get("endpoint")
    say(f"fetching {request['repository']} at {request['revision']} from {endpoint or request['hub']} to {directory}")
    listing, download, token = client_of(request, endpoint)
    try:
        # Asked first: both libraries take a hub that they cannot reach for a reason to be content with what is there.
        with WATCH.fetching(SLACK):
            revision, files = listing(request)
        files = checked_listing(files, request, part)
        # Whatever a library is told when it asks again, it takes the files of these names and no others.
        patterns = [glob.escape(name) for name in files]
        with WATCH.fetching(room_for(files, directory) + SLACK):
            download(request, directory, revision, patterns)
    except ImportError as error:
        raise Refused(f"the image lacks the package {error.name}, which fetches from {request['hub']}") from error
    except Failure:
        raise
    except Exception as error:
        if is_disk_full(error):
            raise
        set_or_not = "is set" if os.environ.get(token) else "is not set"
        what = f"cannot fetch {request['repository']} at {request['revision']} from {endpoint or request['hub']}"
        refused = way_out_refused(error)
        if refused:
            raise Refused(f"{what}: {refused}") from error
        raise (Refused if is_final(error) else Failure)(
            f"{what}: {type(error).__name__}: {first_line(error)} ({token} {set_or_not})"
        ) from error
    if "path" in request:
        remove_others(directory, request["path"], files)
    for name, (size, hashes) in files.items():
        compare_file(os.path.join(directory, name), size, **hashes)
    return list(files)


def client_of(request, endpoint):
    """How a hub is asked, with what its library reads from the environment set; and the variable of its token."""
    if request["hub"] == "modelscope":
        if endpoint:
            os.environ["MODELSCOPE_ENDPOINT"] = endpoint
            os.environ["MODELSCOPE_DOMAIN"] = endpoint.split("://", 1)[-1].rstrip("/")
        return modelscope_listing, modelscope_download, "MODELSCOPE_API_TOKEN"
    if endpoint:
        os.environ["HF_ENDPOINT"] = endpoint
    # A mirror has the files, but seldom the chunk storage beside them; and that one's client is not known to speak
    # SOCKS, nor to trust other authorities.
    if endpoint or socks_proxy() or os.environ.get("SSL_CERT_FILE"):
        os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    return huggingface_listing, huggingface_download, "HF_TOKEN"


def is_final(error):
    """Whether a hub says that it has no such thing, or not for this token: asking again does not help."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return isinstance(status, int) and 400 <= status < 500 and status not in (408, 425, 429)


def checked_listing(files, request, part):
    """What a hub says it has, as {name: (size, hashes)}, looked at before anything is done with it."""
    source, directory = f"the hub's list of {request['repository']}", part["directory"]
    check_names([name for name, _, _ in files], source, directory)
    listed = {name: (size, hashes) for name, size, hashes in files}
    if "path" in request:
        listed = {name: listed[name] for name in data_files(list(listed), request)}
    if "baseModel" in request:
        listed = {name: listed[name] for name in adapter_files(list(listed), request)}
    if not listed:
        raise Refused(f"{source} is empty")
    for name, (size, hashes) in listed.items():
        if not is_count(size):
            raise Refused(f"{source} gives {name} the size {shown(size)}: what arrives cannot be compared with it")
        for digest, length in (("sha256", 64), ("git", 40)):
            value = hashes.get(digest)
            if value and not (isinstance(value, str) and len(value) == length and value.isalnum()):
                raise Refused(f"{source} gives {name} the hash {shown(value)}: what arrives cannot be compared with it")
    total = sum(size for size, _ in listed.values())
    if total > part.get("maxBytes", total):
        raise Refused(
            f"{source} has {total} bytes, and {part['maxBytes']} are the most for its volume: set the volume's size"
        )
    return listed


def room_for(files, directory):
    """The bytes that are still to come, for which there must be room."""
    whole = missing = 0
    for name, (size, _) in files.items():
        path = os.path.join(directory, name)
        if os.path.exists(path) and os.path.getsize(path) == size:
            whole += size
        else:
            missing += size
    begun = bytes_below(directory)[0] - whole
    need_room(directory, missing - begun)
    return missing


def need_room(directory, missing):
    volume = os.statvfs(directory)
    free = volume.f_bavail * volume.f_frsize
    if volume.f_blocks > 0 and missing > free:
        raise DiskFull(
            f"a disk is full: {missing} bytes are to come to {directory}, and the volume has {free}. "
            "Make room on it, or enlarge it"
        )


def modelscope_listing(request):
    from modelscope import HubApi

    repository, revision = request["repository"], request["revision"]
    modelscope_login()
    if "path" in request:
        files = modelscope_data_files(repository, revision)
    else:
        files = HubApi().get_model_files(repository, revision=revision, recursive=True)
    found = [file for file in files if file.get("Type") != "tree"]
    return revision, [(file["Path"], file.get("Size"), {"sha256": file.get("Sha256")}) for file in found]


def modelscope_download(request, directory, revision, patterns):
    if "path" in request:
        from modelscope import dataset_snapshot_download as download
    else:
        from modelscope import snapshot_download as download
    download(request["repository"], revision=revision, local_dir=directory, allow_patterns=patterns)


def modelscope_login():
    """Before modelscope 1.38, which has modelscope_hub below it, the library took no token but by logging in."""
    if os.environ.get("MODELSCOPE_API_TOKEN") and importlib.util.find_spec("modelscope_hub") is None:
        from modelscope import HubApi

        HubApi().login(os.environ["MODELSCOPE_API_TOKEN"])


def modelscope_data_files(repository, revision):
    """The files of a repository of data sets, which come in pages."""
    from modelscope import HubApi

    files, page, size = [], 1, 100
    while True:
        more = HubApi().get_dataset_files(repository, revision=revision, page_number=page, page_size=size)
        files += more
        if len(more) < size:
            return files
        if len(files) > MOST_FILES:
            raise Refused(
                f"the hub's list of {repository} has no end: {len(files)} files, and {MOST_FILES} are the most"
            )
        page += 1


def remove_torn_notes(directory):
    """What huggingface_hub noted of a file as it was killed: it takes half a note away, and then fails for want of it
    (0.36, read_download_metadata)."""
    notes = os.path.join(directory, ".cache", "huggingface", "download")
    for folder, _, names in os.walk(notes):
        for path in (os.path.join(folder, name) for name in names if name.endswith(".metadata")):
            try:
                # Commit, ETag, time.
                with open(path, encoding="utf-8") as file:
                    float(file.read().split("\n")[2])
            except (IndexError, ValueError):
                os.remove(path)


def huggingface_listing(request):
    from huggingface_hub import HfApi

    kind = "dataset" if "path" in request else "model"
    info = HfApi().repo_info(
        repo_id=request["repository"], repo_type=kind, revision=request["revision"], files_metadata=True
    )
    files = []
    for file in info.siblings or []:
        hashes = {"git": file.blob_id} if file.lfs is None else {"sha256": file.lfs["sha256"]}
        files.append((file.rfilename, file.size, hashes))
    return info.sha, files


def huggingface_download(request, directory, revision, patterns):
    from huggingface_hub import snapshot_download

    remove_torn_notes(directory)
    kind = "dataset" if "path" in request else "model"
    snapshot_download(
        request["repository"], repo_type=kind, revision=revision, local_dir=directory, allow_patterns=patterns
    )


def data_files(names, request):
    """The data file at the path that is asked for, or the data files of that folder."""
    path, repository = request["path"], request["repository"]
    chosen = sorted(
        name for name in names if path in (name, posixpath.dirname(name)) and posixpath.splitext(name)[1] in READERS
    )
    if not chosen:
        there = ", ".join(sorted(names)[:10]) or "no file"
        raise Refused(f"{repository} has no data file at {path} (types: {', '.join(READERS)}); it has {there}")
    if len({READERS[posixpath.splitext(name)[1]] for name in chosen}) > 1:
        raise Refused(f"{repository} has files of several types in {path}, and LLaMA-Factory reads one: name a file")
    return chosen


def adapter_files(names, request):
    missing = [name for name in ADAPTER_FILES if name not in names]
    if missing:
        there = ", ".join(sorted(names)[:10]) or "no file"
        raise Refused(
            f"{request['repository']} is no adapter that can be taken: it has no {' and no '.join(missing)}; "
            f"it has {there}"
        )
    return ADAPTER_FILES


def remove_others(directory, path, names):
    """Takes out of a folder what an earlier try left there when the branch stood elsewhere: it would be trained on."""
    folder = os.path.join(directory, path)
    if path in names or not os.path.isdir(folder):
        return
    for name in os.listdir(folder):
        other = os.path.join(folder, name)
        if posixpath.join(path, name) in names:
            continue
        if os.path.isdir(other) and not os.path.islink(other):
            shutil.rmtree(other)
        else:
            os.remove(other)


def compare_file(path, size, sha256=None, git=None):
    """Compares a file with what its source says of it. A wrong one is removed: the next try would take it for whole."""
    if not os.path.lexists(path):
        raise Failure(f"{path} is missing")
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise Refused(f"{path} is no file: remove it")
    if size is not None and os.path.getsize(path) != size:
        found = os.path.getsize(path)
        os.remove(path)
        raise Failure(f"{path} has {found} bytes, the source says {size}; it was removed, try again")
    # Git's hash of a file is SHA-1 of its length and content.
    wrong = sha256 and hash_of(path, hashlib.sha256()) != sha256.lower()
    wrong = wrong or (git and hash_of(path, hashlib.sha1(b"blob %d\0" % os.path.getsize(path))) != git)
    if wrong:
        os.remove(path)
        raise Failure(f"{path} does not have the hash that its source says; it was removed, try again")


def http_download(part):
    """Fetches files with known hashes, one by one. A file gets its name when its hash is right; until then it is
    NAME.partial, which the next try goes on with."""
    endpoint, directory = part["endpoint"].rstrip("/"), part["directory"]
    say(f"fetching {len(part['files'])} files from {endpoint} to {directory}")
    fetched = 0
    for name, expected in part["files"].items():
        path = os.path.join(directory, name)
        if os.path.isfile(path) and hash_of(path, hashlib.sha256()) == expected.lower():
            fetched += os.path.getsize(path)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        partial = path + ".partial"
        url = f"{endpoint}/{urllib.parse.quote(name)}"
        size = part.get("sizes", {}).get(name)
        limit = min(LARGEST if size is None else size, max(0, part.get("maxBytes", LARGEST) - fetched))
        for waiting in (1, 5, 25, None):
            try:
                with WATCH.fetching(2 * LARGEST):
                    http_get(url, partial, limit)
                break
            except urllib.error.HTTPError as error:
                # Asking again helps a busy server only.
                if error.code not in (408, 429, 500, 502, 503, 504):
                    raise Refused(f"cannot fetch {url}: {error.code} {error.reason}") from error
                problem = error
            except (OSError, http.client.HTTPException) as error:
                if is_disk_full(error):
                    raise
                refused = way_out_refused(error)
                if refused:
                    raise Refused(f"cannot fetch {url}: {refused}") from error
                problem = error
            except ValueError as error:
                raise Refused(f"cannot fetch {url}: the server redirects to no address: {first_line(error)}") from error
            if waiting is None:
                raise Failure(f"cannot fetch {url}: {first_line(problem)}") from problem
            say(f"{url}: {first_line(problem)}; again in {waiting} s")
            time.sleep(waiting)
        compare_file(partial, size, sha256=expected)
        os.replace(partial, path)
        fetched += os.path.getsize(path)


class HttpOnly(urllib.request.HTTPRedirectHandler):
    """Follows no redirect to another kind of server: urllib would go to FTP."""

    def redirect_request(self, *arguments):
        address = arguments[-1]
        if not address.startswith(("https://", "http://")):
            raise ValueError(address[:200])
        return super().redirect_request(*arguments)


def by_socks(url):
    """urllib itself knows proxies of HTTP alone, and would talk HTTP to any other."""
    address, server = socks_proxy(), urllib.parse.urlsplit(url)
    if address is None:
        return []
    if urllib.request.proxy_bypass_environment(server.netloc):
        return [urllib.request.ProxyHandler({})]
    import socks
    from sockshandler import SocksiPyHandler

    user, password = (urllib.parse.unquote(part) if part else None for part in (address.username, address.password))
    names = address.scheme == "socks5h"
    handler = SocksiPyHandler(socks.SOCKS5, address.hostname, address.port or 1080, names, user, password)
    return [urllib.request.ProxyHandler({}), handler]


def http_get(url, partial, limit):
    """Fetches what a file still lacks, or all of it where the server knows no ranges; never more than the limit."""
    there = os.path.getsize(partial) if os.path.lexists(partial) else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={there}-"} if there else {})
    try:
        answer = urllib.request.build_opener(HttpOnly, *by_socks(url)).open(request, timeout=60)
    except urllib.error.HTTPError as error:
        if error.code == 416:
            return
        raise
    with answer, open_here(partial, "ab" if answer.status == 206 else "wb") as file:
        # None where the server named none, or nothing that is a number.
        announced, begin = answer.length, file.tell()
        if begin + (announced or 0) > limit:
            raise Refused(f"{url} announces {begin + announced} bytes, and {limit} are the most")
        need_room(os.path.dirname(partial), announced or 0)
        for block in iter(lambda: answer.read(1 << 20), b""):
            if file.tell() + len(block) > limit:
                os.remove(partial)
                raise Refused(f"{url} sends more than {limit} bytes, which are the most")
            file.write(block)
        if announced is not None and file.tell() - begin != announced:
            raise http.client.IncompleteRead(b"", announced - (file.tell() - begin))


def check_data(directory):
    """Every file that was fetched must be there, as long as it was; hashes were compared before the marker."""
    files = os.path.join(directory, FILES)
    need(files)
    sizes = read_json(files)
    if not isinstance(sizes, dict):
        raise Failure(f"{files} is damaged")
    for name, size in sizes.items():
        if name_problem(name) is not None or not is_count(size):
            raise Failure(f"{files} is damaged")
        path = os.path.join(directory, name)
        need(path)
        if os.path.getsize(path) != size:
            raise Failure(f"{path} has {os.path.getsize(path)} bytes, and had {size} when it was fetched")


def hash_of(path, digest):
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 24), b""):
            digest.update(block)
    return digest.hexdigest()


def check_model(directory):
    """The configuration and every shard must be there and whole."""
    need(os.path.join(directory, "config.json"))
    index = os.path.join(directory, "model.safetensors.index.json")
    shards = ["model.safetensors"]
    if os.path.lexists(index):
        found = read_json(index)
        weights = found.get("weight_map") if isinstance(found, dict) else None
        if not isinstance(weights, dict) or not weights:
            raise Failure(f"{index} is damaged: it must have a weight_map from weights to files")
        for shard in weights.values():
            if name_problem(shard) is not None:
                raise Failure(f"{index} is damaged: it names the file {shown(shard)}")
        shards = sorted(set(weights.values()))
    for shard in shards:
        check_safetensors(os.path.join(directory, shard))


def check_adapter(directory):
    """The configuration and the weights must be there and whole."""
    config, weights = (os.path.join(directory, name) for name in ADAPTER_FILES)
    need(config)
    if not isinstance(read_json(config), dict):
        raise Failure(f"{config} is damaged: it must hold a mapping")
    check_safetensors(weights)


def check_base(directory, expected):
    """An adapter that another model was trained with may fit in shape, and then makes nonsense of this one."""
    config = os.path.join(directory, ADAPTER_FILES[0])
    found = read_json(config)
    base = found.get("base_model_name_or_path") if isinstance(found, dict) else None
    if not isinstance(base, str) or not is_base(base, expected):
        raise Refused(
            f"{config} names the base model {shown(base)}, and the run trains {expected}: take an adapter of that "
            "model, or say by baseModel that both are one"
        )


def is_base(named, expected):
    """Whether a name is that of a model, or a path that holds it: a folder is called as hubs and this file call it."""
    if named == expected:
        return True
    path = named.replace("\\", "/").replace("___", ".").replace("models--", "").replace("--", "/")
    return named.startswith(("/", ".", "~")) and "/" in expected and f"/{expected}/" in f"{path}/"


def check_safetensors(path):
    """A safetensors file begins with the length of its header, and the header says where the last tensor ends."""
    need(path)
    size = os.path.getsize(path)
    try:
        with open(path, "rb") as file:
            (header_bytes,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(header_bytes, size, HEADER_BYTES)))
        end_of = max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
        expected = 8 + header_bytes + end_of
    except (struct.error, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Failure(f"{path} is no whole safetensors file") from error
    if size != expected:
        raise Failure(f"{path} has {size} bytes, but its header says {shown(expected)}")


def need(path):
    if not os.path.lexists(path):
        raise Failure(f"{path} is missing")
    if not os.path.isfile(path):
        raise Failure(f"{path} is no file")
    if os.path.getsize(path) == 0:
        raise Failure(f"{path} is empty")


def install(packages):
    directory = packages["directory"]
    refuse_links(directory)
    say(f"installing {packages['requirements']} to {directory}")
    command = [sys.executable, "-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar=off"]
    # With --upgrade what an interrupted run left is replaced; without it pip would keep it.
    command += ["--upgrade", "--target", directory, "--requirement", packages["requirements"]]
    if packages.get("indexUrl"):
        command += ["--index-url", packages["indexUrl"]]
    try:
        result = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=PACKAGES_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Failure(f"pip has not installed {packages['requirements']} after {PACKAGES_SECONDS} s") from error
    print(without_credentials(result.stdout), end="", flush=True)
    if result.returncode != 0:
        lines = [line for line in result.stdout.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR:")] or lines[-1:] or ["no output"]
        kind = Refused if "DO NOT MATCH THE HASHES" in result.stdout else Failure
        kind = DiskFull if says_disk_full(result.stdout) else kind
        why = errors[0]
        if "CERTIFICATE_VERIFY_FAILED" in result.stdout:
            kind, why = Refused, NOT_TRUSTED.format(trusted())
        elif says_proxy_refuses(result.stdout):
            kind, why = Refused, PROXY_REFUSES
        raise kind(f"pip cannot install {packages['requirements']}: {why}")


def check_packages(directory):
    """Every file that a package's own list names must be there."""
    lists = [
        os.path.join(directory, name, "RECORD") for name in sorted(os.listdir(directory)) if name.endswith(".dist-info")
    ]
    if not lists:
        raise Failure(f"{directory} holds no package")
    for path in lists:
        need(path)
        with open(path, encoding="utf-8", errors="replace") as file:
            names = [line.split(",", 1)[0] for line in file if not line.startswith('"')]
        for name in names:
            # pip puts a package's programs elsewhere than its list says.
            if name and not name.startswith("..") and not os.path.exists(os.path.join(directory, name)):
                raise Failure(f"{os.path.join(directory, name)} is missing")


def first_line(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else "no message"


if __name__ == "__main__":
    sys.exit(main())
