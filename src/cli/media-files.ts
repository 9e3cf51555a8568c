import { isAbsolute } from 'node:path';
import { columnOf } from '../llamafactory/dataset-info';
import { type Files, joinPath } from '../llamafactory/files';
import { isMapping, type Mapping } from '../run/run';

/** A picture, film or sound that a row names and that is not there. */
export interface MissingMedia {
  /** The number of the first row that names one, from 1. */
  readonly row: number;
  /** What it names. */
  readonly file: string;
  /** How many rows do. */
  readonly rows: number;
}

/**
 * The media that rows name and the trainer would not find, neither in the folder `media_dir` nor from where it is
 * started; undefined: none. Of addresses and absolute paths nothing is known here.
 * Source: src/llamafactory/data/converter.py, _find_medias: a warning; src/llamafactory/data/mm_plugin.py opens them.
 */
export function missingMedia(
  rows: readonly unknown[],
  entry: Mapping,
  folder: string,
  files: Files,
): MissingMedia | undefined {
  const columns = ['images', 'videos', 'audios'].flatMap((column) => columnOf(entry, column) ?? []);
  if (columns.length === 0 || files.kind(folder) !== 'folder') return undefined;
  const isThere = (name: string) =>
    isAbsolute(name) ||
    name.includes('://') ||
    files.kind(joinPath(folder, name)) !== undefined ||
    files.kind(name) !== undefined;
  const missing = rows.flatMap((row, i) => {
    const names = isMapping(row) ? columns.flatMap((column) => textsIn(row[column])) : [];
    const file = names.find((name) => !isThere(name));
    return file === undefined ? [] : [{ row: i + 1, file }];
  });
  const [first] = missing;
  return first === undefined ? undefined : { ...first, rows: missing.length };
}

/** The texts of a value: a path, a list of paths, or for each film a list of its frames. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? (value as unknown[]).flatMap(textsIn) : [];
}
