"""Fills a volume before training: a model's files, data sets, and Python packages that the image lacks.

Reads PREPARE_SPEC, the path of a JSON file; every part is optional:
    {"model": {"hub": "modelscope" | "huggingface", "repository": "Qwen/Qwen3-14B", "revision": "main",
               "endpoint": "https://...", "directory": "/models/..."},
     "data": [{"hub": "modelscope" | "huggingface", "repository": "owner/data", "revision": "main",
               "path": "math/train.jsonl", "endpoint": "https://...", "directory": "/models/.data/..."},
              {"hub": "http", "endpoint": "https://server/folder", "files": {"math.json": "<sha256>"},
               "directory": "/models/.data/..."}],
     "packages": {"requirements": "/etc/.../requirements.txt", "directory": "/models/...", "indexUrl": "https://..."}}
A model may have "hub": "http" with "endpoint" and "files" too. "path" is a file of a data set's repository, or a
folder: then the data files right in it, which must be of one type, since LLaMA-Factory reads all files of a folder.
Sources of one hub have one endpoint.

A directory is finished when it holds `.complete`, written last, after every file was compared with the size and hash
that its source names: the request as JSON. Run again after a kill, it does only what is missing. A lock keeps two Jobs
from filling the same directory at once. Tokens come from HF_TOKEN and MODELSCOPE_API_TOKEN, which the hubs' own
libraries read.
"""

import contextlib
import fcntl
import glob
import hashlib
import http.client
import importlib.util
import json
import os
import posixpath
import signal
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

MARKER = ".complete"
LOCK = ".prepare.lock"
# The fetched files of a data set and their sizes, by which a finished directory is looked at again.
FILES = ".files"

# What LLaMA-Factory reads files of a type with (llamafactory/extras/constants.py, FILEEXT2TYPE).
READERS = {".arrow": "arrow", ".csv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet", ".txt": "text"}


class Failure(Exception):
    """Something the user can act on: printed as one line."""


def say(text):
    print(f"prepare: {text}", flush=True)


def main():
    os.umask(0o022)
    # As the container's first process Python would not hear TERM. Nothing is to be tidied up: the marker comes last.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    spec = read_spec()
    for name in spec:
        if name not in ("model", "data", "packages"):
            raise Failure(f"unknown part {name!r} in PREPARE_SPEC; there are model, data and packages")
    check_endpoints([*([spec["model"]] if "model" in spec else []), *spec.get("data", [])])
    if "model" in spec:
        model = spec["model"]
        request = requested(model)
        fill(model["directory"], request, lambda: fetch(request, model), check_model)
    for data in spec.get("data", []):
        fill_data(data)
    if "packages" in spec:
        packages = spec["packages"]
        with open(packages["requirements"], "rb") as file:
            request = {"requirements": hashlib.sha256(file.read()).hexdigest()}
        fill(packages["directory"], request, lambda: install(packages), check_packages)
    say("done")


def read_spec():
    path = os.environ.get("PREPARE_SPEC")
    if not path:
        raise Failure("PREPARE_SPEC is not set: it names the JSON file that says what to fetch")
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except ValueError as error:
        raise Failure(f"{path} is not valid JSON: {error}") from error


def check_endpoints(parts):
    """The hubs' libraries read the endpoint once, when they are imported."""
    endpoints = {}
    for part in parts:
        hub, endpoint = part["hub"], part.get("endpoint")
        if hub != "http" and endpoints.setdefault(hub, endpoint) != endpoint:
            raise Failure(f"two endpoints for {hub} in PREPARE_SPEC: {endpoints[hub]} and {endpoint}")


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
        with open(os.path.join(data["directory"], FILES), "w", encoding="utf-8") as file:
            json.dump(sizes, file)

    fill(data["directory"], request, work, check_data)


def fill(directory, request, work, check):
    """Brings a directory to hold what was requested; does nothing but look where that is done already."""
    os.makedirs(directory, exist_ok=True)
    marker = os.path.join(directory, MARKER)
    with locked(directory):
        if os.path.exists(marker):
            compare(marker, request)
            try:
                check(directory)
                say(f"{directory} is complete already")
                return
            except Failure as damage:
                say(f"{directory} was complete, but {damage}: fetching again")
                os.remove(marker)
        work()
        check(directory)
        write_marker(marker, request)
        say(f"{directory} is complete")


def compare(marker, request):
    with open(marker, encoding="utf-8") as file:
        text = file.read()
    try:
        found = json.loads(text)
    except ValueError:
        found = text
    if found != request:
        raise Failure(
            f"{os.path.dirname(marker)} holds {json.dumps(found)}, but {json.dumps(request)} is asked for: "
            "use another directory, or delete this one"
        )


def write_marker(marker, request):
    # First the data, then the name: a crash leaves either no marker or a whole one.
    os.sync()
    partial = marker + ".partial"
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(request, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, marker)


@contextlib.contextmanager
def locked(directory):
    """Holds the directory's lock; the kernel drops it when the process ends, however it ends."""
    with open(os.path.join(directory, LOCK), "a") as file:
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
    if request["hub"] == "http":
        http_download(part)
        return list(part["files"])
    endpoint = part.get("endpoint")
    say(f"fetching {request['repository']} at {request['revision']} from {endpoint or request['hub']} to {directory}")
    if request["hub"] == "modelscope":
        if endpoint:
            os.environ["MODELSCOPE_ENDPOINT"] = endpoint
            os.environ["MODELSCOPE_DOMAIN"] = endpoint.split("://", 1)[-1].rstrip("/")
        download, token = modelscope_download, "MODELSCOPE_API_TOKEN"
    elif request["hub"] == "huggingface":
        if endpoint:
            os.environ["HF_ENDPOINT"] = endpoint
            # A mirror has the files, but seldom the chunk storage beside them.
            os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
        download, token = huggingface_download, "HF_TOKEN"
    else:
        raise Failure(f"unknown hub {request['hub']!r}; there are modelscope, huggingface and http")
    try:
        return download(request, directory)
    except ImportError as error:
        raise Failure(f"the image lacks the package {error.name}, which fetches from {request['hub']}") from error
    except Failure:
        raise
    except Exception as error:
        set_or_not = "is set" if os.environ.get(token) else "is not set"
        raise Failure(
            f"cannot fetch {request['repository']} at {request['revision']} from {endpoint or request['hub']}: "
            f"{type(error).__name__}: {first_line(error)} ({token} {set_or_not})"
        ) from error


def modelscope_download(request, directory):
    # Asked first: both downloads take a hub that they cannot reach for a reason to be content with what is there.
    repository, revision = request["repository"], request["revision"]
    modelscope_login()
    if "path" in request:
        from modelscope import dataset_snapshot_download

        files = modelscope_data_files(repository, revision)
        names = data_files([file["Path"] for file in files], request)
        patterns = [glob.escape(name) for name in names]
        dataset_snapshot_download(repository, revision=revision, local_dir=directory, allow_patterns=patterns)
        remove_others(directory, request["path"], names)
    else:
        from modelscope import HubApi, snapshot_download

        files = HubApi().get_model_files(repository, revision=revision, recursive=True)
        files = [file for file in files if file.get("Type") != "tree"]
        names = [file["Path"] for file in files]
        snapshot_download(repository, revision=revision, local_dir=directory)
    for file in files:
        if file["Path"] in names:
            compare_file(os.path.join(directory, file["Path"]), file.get("Size"), sha256=file.get("Sha256"))
    return names


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
        files += [file for file in more if file.get("Type") != "tree"]
        if len(more) < size:
            return files
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


def huggingface_download(request, directory):
    from huggingface_hub import HfApi, snapshot_download

    # As above.
    kind = "dataset" if "path" in request else "model"
    repository = {"repo_id": request["repository"], "repo_type": kind}
    info = HfApi().repo_info(**repository, revision=request["revision"], files_metadata=True)
    names, patterns = [file.rfilename for file in info.siblings], None
    if kind == "dataset":
        names = data_files(names, request)
        patterns = [glob.escape(name) for name in names]
    remove_torn_notes(directory)
    snapshot_download(**repository, revision=info.sha, local_dir=directory, allow_patterns=patterns)
    if kind == "dataset":
        remove_others(directory, request["path"], names)
    for file in info.siblings:
        path = os.path.join(directory, file.rfilename)
        if file.rfilename not in names:
            continue
        if file.lfs is not None:
            compare_file(path, file.size, sha256=file.lfs["sha256"])
        else:
            compare_file(path, file.size, git=file.blob_id)
    return names


def data_files(names, request):
    """The data file at the path that is asked for, or the data files of that folder."""
    path, repository = request["path"], request["repository"]
    chosen = sorted(
        name for name in names if path in (name, posixpath.dirname(name)) and posixpath.splitext(name)[1] in READERS
    )
    if not chosen:
        there = ", ".join(sorted(names)[:10]) or "no file"
        raise Failure(f"{repository} has no data file at {path} (types: {', '.join(READERS)}); it has {there}")
    if len({READERS[posixpath.splitext(name)[1]] for name in chosen}) > 1:
        raise Failure(f"{repository} has files of several types in {path}, and LLaMA-Factory reads one: name a file")
    return chosen


def remove_others(directory, path, names):
    """Takes out of a folder what an earlier try left there when the branch stood elsewhere: it would be trained on."""
    folder = os.path.join(directory, path)
    if path in names or not os.path.isdir(folder):
        return
    for name in os.listdir(folder):
        if posixpath.join(path, name) not in names:
            os.remove(os.path.join(folder, name))


def compare_file(path, size, sha256=None, git=None):
    """Compares a file with what its source says of it. A wrong one is removed: the next try would take it for whole."""
    if not os.path.exists(path):
        raise Failure(f"{path} is missing")
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
    if not endpoint.startswith(("https://", "http://")):
        raise Failure(f"{endpoint} is no http or https address")
    say(f"fetching {len(part['files'])} files from {endpoint} to {directory}")
    for name, expected in part["files"].items():
        path = os.path.join(directory, name)
        if os.path.relpath(path, directory).startswith(".."):
            raise Failure(f"{name} lies outside of {directory}")
        if os.path.exists(path) and hash_of(path, hashlib.sha256()) == expected.lower():
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        partial = path + ".partial"
        url = f"{endpoint}/{urllib.parse.quote(name)}"
        for waiting in (1, 5, 25, None):
            try:
                http_get(url, partial)
                break
            except urllib.error.HTTPError as error:
                # Asking again helps a busy server only.
                if waiting is None or error.code not in (408, 429, 500, 502, 503, 504):
                    raise Failure(f"cannot fetch {url}: {error.code} {error.reason}") from error
                problem = error
            except (OSError, http.client.HTTPException) as error:
                if waiting is None:
                    raise Failure(f"cannot fetch {url}: {first_line(error)}") from error
                problem = error
            say(f"{url}: {first_line(problem)}; again in {waiting} s")
            time.sleep(waiting)
        compare_file(partial, None, sha256=expected)
        os.replace(partial, path)


def http_get(url, partial):
    """Fetches what a file still lacks, or all of it where the server knows no ranges."""
    there = os.path.getsize(partial) if os.path.exists(partial) else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={there}-"} if there else {})
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        if error.code == 416:
            return
        raise
    with answer, open(partial, "ab" if answer.status == 206 else "wb") as file:
        expected = answer.headers.get("Content-Length")
        begin = file.tell()
        for block in iter(lambda: answer.read(1 << 20), b""):
            file.write(block)
        if expected is not None and file.tell() - begin != int(expected):
            raise http.client.IncompleteRead(b"", int(expected) - (file.tell() - begin))


def check_data(directory):
    """Every file that was fetched must be there, as long as it was; hashes were compared before the marker."""
    files = os.path.join(directory, FILES)
    need(files)
    try:
        with open(files, encoding="utf-8") as file:
            sizes = json.load(file).items()
    except (ValueError, AttributeError) as error:
        raise Failure(f"{files} is damaged") from error
    for name, size in sizes:
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
    if os.path.exists(index):
        try:
            with open(index, encoding="utf-8") as file:
                shards = sorted(set(json.load(file)["weight_map"].values()))
        except (ValueError, KeyError) as error:
            raise Failure(f"{index} is damaged") from error
    else:
        shards = ["model.safetensors"]
    for shard in shards:
        check_safetensors(os.path.join(directory, shard))


def check_safetensors(path):
    """A safetensors file begins with the length of its header, and the header says where the last tensor ends."""
    need(path)
    size = os.path.getsize(path)
    try:
        with open(path, "rb") as file:
            (header_bytes,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(header_bytes, size)))
        end = max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failure(f"{path} is no whole safetensors file") from error
    if size != 8 + header_bytes + end:
        raise Failure(f"{path} has {size} bytes, but its header says {8 + header_bytes + end}")


def need(path):
    if not os.path.exists(path):
        raise Failure(f"{path} is missing")
    if os.path.getsize(path) == 0:
        raise Failure(f"{path} is empty")


def install(packages):
    directory = packages["directory"]
    say(f"installing {packages['requirements']} to {directory}")
    command = [sys.executable, "-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar=off"]
    # With --upgrade what an interrupted run left is replaced; without it pip would keep it.
    command += ["--upgrade", "--target", directory, "--requirement", packages["requirements"]]
    if packages.get("indexUrl"):
        command += ["--index-url", packages["indexUrl"]]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(result.stdout, end="", flush=True)
    if result.returncode != 0:
        lines = [line for line in result.stdout.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR:")] or lines[-1:] or ["no output"]
        raise Failure(f"pip cannot install {packages['requirements']}: {errors[0]}")


def check_packages(directory):
    """Every file that a package's own list names must be there."""
    lists = [
        os.path.join(directory, name, "RECORD") for name in sorted(os.listdir(directory)) if name.endswith(".dist-info")
    ]
    if not lists:
        raise Failure(f"{directory} holds no package")
    for path in lists:
        need(path)
        with open(path, encoding="utf-8") as file:
            names = [line.split(",", 1)[0] for line in file if not line.startswith('"')]
        for name in names:
            # pip puts a package's programs elsewhere than its list says.
            if name and not name.startswith("..") and not os.path.exists(os.path.join(directory, name)):
                raise Failure(f"{os.path.join(directory, name)} is missing")


def first_line(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else "no message"


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        print(f"prepare: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyError as error:
        print(f"prepare: PREPARE_SPEC lacks {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"prepare: {error}", file=sys.stderr)
        sys.exit(1)
