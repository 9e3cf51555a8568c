import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../run/finding';

/** The Python files of a folder, as a ConfigMap carries them. */
export interface Code {
  /** Text by the ConfigMap's key. */
  readonly files: Readonly<Record<string, string>>;
  /** Which key stands at which path under the mount. */
  readonly items: ReadonlyArray<{ readonly key: string; readonly path: string }>;
  readonly problems: readonly Problem[];
}

/** Reads every .py file under a folder; hidden folders and caches are left out. */
export function readCode(directory: string): Code {
  const files: Record<string, string> = {};
  const items: Array<{ key: string; path: string }> = [];
  const problems: Problem[] = [];
  const problem = (message: string, got: string, allowed?: string): void => {
    problems.push({ id: 'code-folder', key: 'code', message, got, allowed });
  };
  const visit = (relative: string): void => {
    const entries = readdirSync(join(directory, relative), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.name.startsWith('.') || entry.name === '__pycache__') continue;
      if (entry.isDirectory()) visit(path);
      else if (entry.name.endsWith('.py')) add(path);
    }
  };
  const add = (path: string): void => {
    // A ConfigMap's keys can't hold a slash.
    const key = path.replaceAll('/', '__');
    if (!/^[A-Za-z0-9._-]+$/.test(key)) {
      problem('the name of a file is a key of a ConfigMap', path, 'letters, digits, ., _ and -');
    } else if (key in files) {
      problem('two files would have the same key in the ConfigMap', path);
    } else {
      files[key] = readFileSync(join(directory, path), 'utf8');
      items.push({ key, path });
    }
  };
  try {
    visit('');
    if (items.length === 0 && problems.length === 0) problem('the folder holds no .py file', directory);
  } catch (error) {
    problem('the folder cannot be read', `${directory}: ${(error as NodeJS.ErrnoException).code ?? error}`);
  }
  return { files, items, problems };
}
