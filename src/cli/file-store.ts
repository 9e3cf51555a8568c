import { readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseCsv } from '../llamafactory/csv-rows';
import { LARGEST_DATA, type ParsedFile, parseDataFile, tooLarge } from '../llamafactory/dataset-file';
import { type Files, joinPath } from '../llamafactory/files';
import { isTooDeep } from '../llamafactory/json-depth';
import { type FileText, LARGEST_CONFIG, readText, statOf } from '../llamafactory/read-text';
import { isMapping, type Mapping } from '../run/run';
import { writeWhole } from './write-file';

export { type FileText, reasonOf } from '../llamafactory/read-text';

/** The files of one call of the command line: read once each, and as fixes have changed them. Paths are absolute. */
export interface FileStore {
  read(path: string): FileText;
  /** What a JSON file holds; undefined if that is no mapping. */
  mapping(path: string): Mapping | undefined;
  /** The rows of a data file; undefined: of a format that only Python reads. */
  rows(path: string): ParsedFile | undefined;
  /** How many bytes a file has; 0 if it is not there. */
  size(path: string): number;
  /** The files that were read, in the order they were. */
  reads(): readonly string[];
  /** The shell scripts in a folder, by name. */
  scripts(folder: string): readonly string[];
  /** Changes a file for every later reading; it is written by `save`. */
  change(path: string, text: string): void;
  /** The files changed, with the text they had; empty for a new one. */
  changes(): readonly { readonly path: string; readonly before: string; readonly after: string }[];
  /** Writes one changed file. */
  save(path: string): void;
  /** What the trainer would see from a folder. */
  from(folder: string): Files;
}

export function fileStore(): FileStore {
  const texts = new Map<string, FileText>();
  const parsed = new Map<string, ParsedFile | undefined>();
  const mappings = new Map<string, Mapping | undefined>();
  const kinds = new Map<string, 'file' | 'folder' | undefined>();
  const scripts = new Map<string, readonly string[]>();
  const changed = new Map<string, { before: string; after: string }>();

  function read(path: string): FileText {
    let text = texts.get(path);
    if (text === undefined) {
      text = readText(path, LARGEST_CONFIG);
      texts.set(path, text);
    }
    return text;
  }

  return {
    read,
    mapping(path) {
      if (!mappings.has(path)) mappings.set(path, jsonMapping(read(path)));
      return mappings.get(path);
    },
    rows(path) {
      if (!parsed.has(path)) parsed.set(path, readRows(path));
      return parsed.get(path);
    },
    size(path) {
      const stat = statOf(path);
      return typeof stat === 'string' ? 0 : stat.size;
    },
    reads: () => [
      ...new Set([
        ...[...texts].flatMap(([path, text]) => ('text' in text ? [path] : [])),
        ...[...parsed].flatMap(([path, file]) => (file !== undefined && 'rows' in file ? [path] : [])),
      ]),
    ],
    scripts(folder) {
      let names = scripts.get(folder);
      if (names === undefined) {
        names = namesIn(folder)
          .filter((name) => name.endsWith('.sh'))
          .sort();
        scripts.set(folder, names);
      }
      return names;
    },
    change(path, text) {
      const now = read(path);
      const before = changed.get(path)?.before ?? ('text' in now ? now.text : '');
      changed.set(path, { before, after: text });
      texts.set(path, { text });
      mappings.delete(path);
      kinds.set(path, 'file');
    },
    changes: () =>
      [...changed].filter(([, { before, after }]) => before !== after).map(([path, texts]) => ({ path, ...texts })),
    save(path) {
      const text = changed.get(path)?.after;
      if (text !== undefined) writeWhole(path, text);
    },
    from(folder) {
      const at = (path: string) => resolve(folder, path);
      return {
        kind(path) {
          if (!isReached(joinPath(folder, path))) return undefined;
          const place = at(path);
          if (!kinds.has(place)) kinds.set(place, kindOf(place));
          return kinds.get(place);
        },
        read(path) {
          const text = isReached(joinPath(folder, path)) ? read(at(path)) : undefined;
          return text !== undefined && 'text' in text ? text.text : undefined;
        },
        list: (path) => namesIn(at(path)),
      };
    },
  };
}

/**
 * Whether the system can go a path to its end: what stands before `..` must be there, and before a last slash a folder.
 * Node's `resolve` takes both out of the text.
 */
function isReached(path: string): boolean {
  return !/\/\.\.(\/|$)|.\/$/.test(path) || kindOf(path) !== undefined;
}

/** What a folder holds; nothing if it can't be read. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function kindOf(path: string): 'file' | 'folder' | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    return stat.isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}

function jsonMapping(text: FileText): Mapping | undefined {
  if (!('text' in text) || isTooDeep(text.text)) return undefined;
  try {
    const value: unknown = JSON.parse(text.text);
    return isMapping(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Of one object a line the mark is skipped. */
const BYTE_ORDER_MARK = 'a byte order mark stands before the list, which the reader of data files does not take';

/** Reads .csv, .json and .jsonl; the last two may hold a list or one object a line, since Python's loader takes both. */
function readRows(path: string): ParsedFile | undefined {
  if (!/\.(?:csv|jsonl?)$/.test(path)) return undefined;
  const stat = statOf(path);
  if (typeof stat !== 'string' && stat.size > LARGEST_DATA) return tooLarge(`the file has ${stat.size} bytes`);
  const text = readText(path, LARGEST_DATA);
  if (!('text' in text)) return { fault: text.fault };
  const [first, second] = path.endsWith('.jsonl') ? ['a.jsonl', 'a.json'] : ['a.json', 'a.jsonl'];
  const plain = text.text.replace(/^\ufeff/, '');
  if (path.endsWith('.csv')) return parseCsv(plain);
  if (plain !== text.text && /^\s*\[/.test(plain))
    return { fault: BYTE_ORDER_MARK, change: 'save it as UTF-8 without BOM' };
  const asNamed = parseDataFile(first, plain);
  if ('rows' in asNamed ? !asNamed.rows.every(Array.isArray) : asNamed.tooLarge) return asNamed;
  const otherwise = parseDataFile(second, plain);
  return 'rows' in otherwise || otherwise.tooLarge ? otherwise : asNamed;
}
