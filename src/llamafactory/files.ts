import { join, resolve } from 'node:path';

/** The files LLaMA-Factory would see: relative paths start from the folder the trainer runs in. */
export interface Files {
  /** What is at a path; undefined: nothing. */
  kind(path: string): 'file' | 'folder' | undefined;
  /** A file's text; undefined if it can't be read or isn't UTF-8. */
  read(path: string): string | undefined;
  /** The names in a folder; none if there is no such folder. */
  list(path: string): readonly string[];
}

/** The files of this machine, seen from a folder. Each is read once, so many configs can share one. */
export function filesFrom(folder: string): Files {
  const fs: typeof import('node:fs') = require('node:fs');
  const at = (path: string) => resolve(folder, path);
  const texts = new Map<string, string | undefined>();
  return {
    kind(path) {
      const stat = fs.statSync(at(path), { throwIfNoEntry: false });
      if (!stat) return undefined;
      return stat.isDirectory() ? 'folder' : 'file';
    },
    read(path) {
      if (!texts.has(path)) texts.set(path, readText(fs, at(path)));
      return texts.get(path);
    },
    list(path) {
      try {
        return fs.readdirSync(at(path));
      } catch {
        return [];
      }
    },
  };
}

function readText(fs: typeof import('node:fs'), path: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(fs.readFileSync(path));
  } catch {
    return undefined;
  }
}

/** Python's `os.path.join` of a folder and a name. */
export function joinPath(folder: string, name: string): string {
  if (name.startsWith('/')) return name;
  return folder === '' ? name : join(folder, name);
}
