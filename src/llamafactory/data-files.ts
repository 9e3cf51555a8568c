import { posix } from 'node:path';

/** What LLaMA-Factory reads files of a type with. Source: llamafactory/extras/constants.py, FILEEXT2TYPE. */
const READERS: Readonly<Record<string, string>> = {
  '.arrow': 'arrow',
  '.csv': 'csv',
  '.json': 'json',
  '.jsonl': 'json',
  '.parquet': 'parquet',
  '.txt': 'text',
};

/** The endings of files that LLaMA-Factory reads as data. */
export const DATA_TYPES: readonly string[] = Object.keys(READERS);

/** The data file at a path, or the data files right in the folder of that name; what is no data is left out. */
export function dataFilesAt(names: readonly string[], path: string): string[] {
  return names.filter((name) => (name === path || posix.dirname(name) === path) && readerOf(name) !== undefined);
}

/** Whether the loader takes the files of a folder together. Source: llamafactory/data/loader.py, _load_single_dataset. */
export function areReadAlike(names: readonly string[]): boolean {
  return new Set(names.map(readerOf)).size <= 1;
}

function readerOf(name: string): string | undefined {
  return READERS[posix.extname(name)];
}
