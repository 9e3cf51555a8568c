import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { type Arguments, argumentOf, asNames, namesOf } from '../llamafactory/effective-arguments';
import { joinPath } from '../llamafactory/files';
import type { Run } from '../run/run';
import type { FileStore } from './file-store';

/** The folder the trainer is started in, from which the paths of a run start. */
export interface Root {
  /** Absolute. */
  readonly folder: string;
  /** Who says so: an option, the launch script, the files that the run names, or nobody. */
  readonly from: 'option' | 'script' | 'files' | 'nobody';
}

/** What the root of a run is told from. */
export interface RootRequest extends Arguments {
  /** The train config, absolute. */
  readonly path: string;
  /** The script that starts the trainer; its name is absolute. */
  readonly script: Run['launchScript'];
  /** The folder that an option names. */
  readonly named?: string;
  /** The folder that the command is for: where it runs, if it is not told another. */
  readonly here: string;
}

/**
 * Where the trainer is started: in the folder that an option names; else where the launch script starts it; else where
 * most of the files are that the run names by relative paths; else here.
 */
export function rootOf(request: RootRequest, store: FileStore): Root {
  const { path, named, here, script } = request;
  if (named !== undefined) return { folder: resolve(named), from: 'option' };
  const started = script && startedBy(script, path, store);
  if (started !== undefined) return { folder: started, from: 'script' };
  const names = relativePaths(request);
  const found = [here, ...foldersAbove(path)].map((folder) => {
    const files = store.from(folder);
    return { folder, count: names.filter((name) => files.kind(name) === 'file').length };
  });
  const most = Math.max(...found.map(({ count }) => count));
  const best = found.find(({ count }) => count === most && count > 0);
  return best === undefined ? { folder: here, from: 'nobody' } : { folder: best.folder, from: 'files' };
}

/** The root as seen from the folder we run in; absolute, if it is not below that. */
export function rootName({ folder }: Root): string {
  return seenFrom(process.cwd(), folder) || '.';
}

/** A path from a folder, if that doesn't go up; absolute otherwise. */
export function seenFrom(folder: string, path: string): string {
  const seen = relative(folder, path);
  return seen.startsWith('..') || isAbsolute(seen) ? path : seen;
}

/** The root in words, and who says so. */
export function rootText(root: Root, script: string | undefined): string {
  const name = rootName(root);
  const where = name === '.' ? 'started here' : `started in ${name}`;
  if (root.from === 'script') return `${where}, as ${script} says`;
  return root.from === 'files' && name !== '.' ? `${where}, where its files are` : where;
}

/** How many folders above the config are looked into, its own counted. */
const MOST_FOLDERS = 5;

/** The config's folder and those above it. */
function foldersAbove(path: string): string[] {
  const folders = [dirname(path)];
  while (folders.length < MOST_FOLDERS) {
    const above = dirname(folders.at(-1) as string);
    if (above === folders.at(-1)) break;
    folders.push(above);
  }
  return folders;
}

/** Arguments that name a file. */
const FILES = ['deepspeed', 'new_special_tokens_config'];
/** Arguments that name a folder or a repository of a hub, and a file that such a folder has. */
const FOLDERS = [
  ['model_name_or_path', 'config.json'],
  ['adapter_name_or_path', 'adapter_config.json'],
  ['reward_model', 'adapter_config.json'],
] as const;

/** The relative paths of files that a run reads. */
function relativePaths(request: Arguments): string[] {
  const folder = argumentOf(request, 'dataset_dir');
  const hasData = ['dataset', 'eval_dataset'].some((key) => namesOf(request, key).length > 0);
  return [
    ...(hasData && typeof folder === 'string' ? [joinPath(folder, 'dataset_info.json')] : []),
    ...FILES.flatMap((key) => asNames(request.args[key])),
    ...FOLDERS.flatMap(([key, file]) => asNames(request.args[key]).map((name) => joinPath(name, file))),
  ].filter((path) => !isAbsolute(path));
}

/** Folders in which launch scripts are kept, beside or above the config. */
const SCRIPT_FOLDERS = ['', 'scripts', 'script', 'shell', 'bin', 'launch'];

/**
 * The script that starts a config, absolute: of the .sh files beside the config the first by name that names it; else of
 * those in the folders above, up to the one we run in, one that names it by a path that leads there.
 */
export function launchScriptOf(path: string, here: string, store: FileStore): string | undefined {
  const [own = '', ...above] = foldersAbove(path);
  const within = above.filter((folder) => folder === here || folder.startsWith(here + sep));
  const beside = scriptsIn(own, store).find(([, text]) => wordsOf(text, basename(path)).length > 0);
  if (beside !== undefined) return beside[0];
  for (const folder of [own, ...within]) {
    for (const inner of SCRIPT_FOLDERS) {
      const found = scriptsIn(join(folder, inner), store).find(([, text]) => rootsOf(text, path).length > 0);
      if (found !== undefined) return found[0];
    }
  }
  return undefined;
}

function scriptsIn(folder: string, store: FileStore): [path: string, text: string][] {
  return store.scripts(folder).flatMap((file): [string, string][] => {
    const path = join(folder, file);
    const text = store.read(path);
    return 'text' in text ? [[path, text.text]] : [];
  });
}

/** Where a script starts the trainer: the folder from which it names the config, or the one that it goes to. */
function startedBy(script: NonNullable<Run['launchScript']>, path: string, store: FileStore): string | undefined {
  const [root] = rootsOf(script.text, path);
  return root ?? wentTo(script, store);
}

/** The folders from which a script's names of a config lead to it. */
function rootsOf(script: string, path: string): string[] {
  return wordsOf(script, basename(path)).flatMap((word) => {
    const plain = word.replace(/^(?:\.\/)+/, '');
    if (isAbsolute(plain) || /[$`~]|(?:^|\/)\.\.?\//.test(plain)) return [];
    return path.endsWith(`/${plain}`) ? [path.slice(0, -plain.length - 1) || '/'] : [];
  });
}

/** The words of a script that end with a file's name, comments left out. */
function wordsOf(script: string, file: string): string[] {
  const words: string[] = [];
  for (const line of script.split('\n')) {
    if (/^\s*#/.test(line)) continue;
    for (let at = line.indexOf(file); at >= 0; at = line.indexOf(file, at + 1)) {
      const ahead =
        line
          .slice(0, at)
          .split(/[\s"'=;|&<>()]/)
          .at(-1) ?? '';
      const after = line[at + file.length] ?? ' ';
      if (!/[\w.-]$/.test(ahead) && !/[\w-]/.test(after)) words.push(ahead + file);
    }
  }
  return words;
}

/** The folder of the last `cd` of a script that is a folder here: the script's own is where `$(dirname "$0")` says. */
function wentTo({ file, text }: NonNullable<Run['launchScript']>, store: FileStore): string | undefined {
  const own = dirname(file);
  let folder: string | undefined;
  for (const line of text.split('\n')) {
    const [, place] = /^\s*(?:cd|pushd)\s+([^;&|]+)/.exec(line) ?? [];
    if (place === undefined) continue;
    const plain = place
      .replace(/["']/g, '')
      .replace(/\$\(dirname [^()]*\)|\$\{(?:0|BASH_SOURCE(?:\[0\])?)%\/\*\}/g, own)
      .trim();
    if (/[$`~]/.test(plain)) continue;
    const there = resolve(folder ?? own, plain);
    if (store.from('/').kind(there) === 'folder') folder = there;
  }
  return folder;
}
