import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { kindOf } from '../../llamafactory/config-kind';
import { loadYaml } from '../../llamafactory/load';
import type { Release } from '../../run/releases';
import type { FileStore } from '../file-store';
import { STARTS_TRAINING } from './launch-script';

/** How deep below the folder files are looked for. */
const DEEPEST = 2;
/** Folders that hold other things. */
const ELSEWHERE = new Set(['node_modules', 'dist', 'lib', 'saves', 'output', '__pycache__']);
/** More files than this are none that somebody laid out by hand. */
const MOST_FILES = 2000;

/** Keys that a train config has and hardly any other YAML. */
const TELLING = ['model_name_or_path', 'stage', 'finetuning_type', 'do_train'];

/** The files below a folder, those of the folder itself first, seen from it. */
export function filesBelow(folder: string): string[] {
  const found: string[] = [];
  let level = [''];
  for (let depth = 0; depth <= DEEPEST && level.length > 0; depth++) {
    const next: string[] = [];
    for (const place of level) {
      for (const entry of entriesOf(join(folder, place))) {
        if (entry.isDirectory() && !entry.name.startsWith('.') && !ELSEWHERE.has(entry.name)) {
          next.push(join(place, entry.name));
        } else if (entry.isFile() || entry.isSymbolicLink()) found.push(join(place, entry.name));
        if (found.length >= MOST_FILES) return found;
      }
    }
    level = next;
  }
  return found;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

/** The train configs among files: those nearest to the folder. A single YAML is taken for one, whatever it holds. */
export function trainConfigs(files: readonly string[], folder: string, release: Release, store: FileStore): string[] {
  const yaml = files.filter((file) => /\.ya?ml$/i.test(file));
  const configs = yaml.filter((file) => isTrainConfig(join(folder, file), release, store));
  const depth = (file: string) => file.split(/[\\/]/).length;
  const nearest = Math.min(...configs.map(depth));
  if (configs.length > 0) return configs.filter((file) => depth(file) === nearest);
  return yaml.length === 1 ? yaml : [];
}

function isTrainConfig(path: string, release: Release, store: FileStore): boolean {
  const text = store.read(path);
  if (!('text' in text)) return false;
  const { args } = loadYaml(text.text, release, path);
  return TELLING.some((key) => key in args) && kindOf(args) === 'train';
}

/** The script that starts a train config: the one that names it, or the only one that starts any. */
export function launchScript(
  files: readonly string[],
  folder: string,
  config: string,
  store: FileStore,
): { readonly file: string; readonly text: string } | undefined {
  const scripts = files
    .filter((file) => /\.(?:sh|bash)$/.test(file))
    .flatMap((file) => {
      const text = store.read(join(folder, file));
      return 'text' in text && STARTS_TRAINING.test(text.text) ? [{ file, text: text.text }] : [];
    });
  const naming = scripts.filter(({ text }) => text.includes(basename(config)));
  return naming[0] ?? (scripts.length === 1 ? scripts[0] : undefined);
}
