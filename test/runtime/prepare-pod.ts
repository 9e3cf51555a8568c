import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Hub, model } from './hub';
import { codeOf } from './pod';
import { type Ended, folder, RUNTIME, run, write } from './programs';

export const PREPARE = join(RUNTIME, 'prepare.py');

interface Options {
  readonly hub?: string;
  readonly revision?: string;
  readonly endpoint?: string;
  readonly maxBytes?: number;
  readonly maxSeconds?: number;
}

/** A place with a request for a model, and a stand-in for the hubs' libraries that copies `source`. */
export function place(options: Options = {}) {
  const root = folder();
  const source = join(root, 'source');
  for (const [name, data] of Object.entries(model())) write(join(source, name), data);
  write(join(root, 'modules', 'modelscope.py'), STAND_IN);
  write(join(root, 'modules', 'huggingface_hub.py'), `${STAND_IN}${STAND_IN_API}`);
  const directory = join(root, 'models 模型', 'Qwen3');
  const request = {
    model: { hub: 'modelscope', repository: 'Qwen/Qwen3-14B', revision: 'main', directory, ...options },
  };
  const env = {
    PREPARE_SPEC: write(join(root, 'request.json'), JSON.stringify(request)),
    PYTHONPATH: join(root, 'modules'),
    SOURCE: source,
    ROOT: root,
    HOME: root,
  };
  const marker = join(directory, '.complete');
  return { root, source, directory, env, marker, calls: () => readdirSync(root).filter((name) => /^call-/.test(name)) };
}

// What the libraries offer, as far as prepare.py uses it: copies a folder. PAUSE makes it wait in the middle until
// the file `go` exists; FAIL makes it raise; NAMES are names that its list has besides; ENDLESS has it write for ever.
const STAND_IN = `
import json, os, shutil, time
def listed():
    source = os.environ["SOURCE"]
    sizes = [(name, os.path.getsize(os.path.join(source, name))) for name in os.listdir(source)]
    return sizes + [(name, 4) for name in json.loads(os.environ.get("NAMES", "[]"))]
def snapshot_download(repo_id, repo_type=None, revision=None, local_dir=None, allow_patterns=None):
    root = os.environ["ROOT"]
    open(os.path.join(root, "call-%d" % os.getpid()), "w").write("%s %s" % (repo_id, revision))
    if os.environ.get("FAIL"):
        raise ConnectionError(os.environ["FAIL"])
    if os.environ.get("ENDLESS"):
        os.makedirs(os.path.join(local_dir, ".cache"), exist_ok=True)
        with open(os.path.join(local_dir, ".cache", "begun"), "ab") as begun:
            while begun.write(bytes(1 << 20)):
                pass
    for number, name in enumerate(sorted(os.listdir(os.environ["SOURCE"]))):
        if number == 2 and os.environ.get("PAUSE"):
            open(os.path.join(root, "half"), "w").close()
            while not os.path.exists(os.path.join(root, "go")):
                time.sleep(0.01)
        shutil.copy(os.path.join(os.environ["SOURCE"], name), os.path.join(local_dir, name))
class HubApi:
    def login(self, token):
        pass
    def get_model_files(self, repository, revision=None, recursive=False):
        if os.environ.get("FAIL"):
            raise ConnectionError(os.environ["FAIL"])
        return [{"Path": name, "Size": size} for name, size in listed()]
`;
const STAND_IN_API = `
class File:
    lfs = blob_id = None
    def __init__(self, name, size):
        self.rfilename, self.size = name, size
class HfApi:
    def repo_info(self, repo_id, repo_type=None, revision=None, files_metadata=False):
        class Info: sha = "commit-of-" + revision; siblings = [File(*file) for file in listed()]
        return Info
`;

/** Runs prepare.py to its end. */
export const prepare = (env: Record<string, string>): Promise<Ended> => run('python3', [PREPARE], env);

/** One line of why, with the code of a class: 10 where it would come again, 1 where another try may do better. */
export const failed = (ended: Ended, name = 'config'): string => {
  expect(ended.stderr.trim().split('\n')).toHaveLength(1);
  expect(ended.code).toBe(codeOf(name));
  expect(ended.stderr).toMatch(/^prepare: /);
  return ended.stderr;
};

/** A Python with the hubs' own libraries. */
const PYTHON = process.env.TRAINER_PYTHON ?? 'python3';

/** A hub's own library, and the variable of its token. */
export interface Library {
  readonly library: string;
  readonly token: string;
}

/** A hub on loopback and a request for what it has; nothing where the library is not installed. */
export async function served(
  { library, token }: Library,
  make: () => Promise<Hub>,
  request: (url: string, directory: string) => object,
  variables: Record<string, string> = {},
) {
  const found = await run(PYTHON, ['-c', `import ${library}`], { HOME: folder() });
  if (found.code !== 0) {
    console.warn(`${PYTHON} has no ${library}: not run (set TRAINER_PYTHON to a Python that has it)`);
    return undefined;
  }
  const hubServed = await make();
  const root = folder();
  const directory = join(root, 'models');
  const env = {
    PREPARE_SPEC: write(join(root, 'request.json'), JSON.stringify(request(hubServed.url, directory))),
    HOME: root,
    [token]: 'secret-token',
    MODELSCOPE_DISABLE_TELEMETRY: '1',
    ...variables,
  };
  return { served: hubServed, directory, env, fetch: () => run(PYTHON, [PREPARE], env) };
}
