import { isMapping } from '../run/run';
import { DEEPEST_JSON, isTooDeep } from './json-depth';
import { jsonFault } from './json-fault';
import type { Position } from './position';

/** What a data file holds, or what is wrong with it. */
export type ParsedFile =
  | { readonly rows: readonly unknown[] }
  | {
      readonly fault: string;
      readonly change?: string;
      /** Where the file is no JSON. */
      readonly at?: Position;
      /** True if the trainer may well read it, and only its rows are too many to be looked at here. */
      readonly tooLarge?: boolean;
    };

/** Data files of one data set that are larger together aren't read, in bytes. */
export const LARGEST_DATA = 64 * 2 ** 20;
/** Rows take memory however short they are: of 64 MiB of `{}` more than 4 GB. */
export const MOST_ROWS = 500_000;
/** Values in rows, lists and mappings included, alike. */
const MOST_VALUES = 5_000_000;

/** Why rows aren't looked at, and what of the data can be. */
export function tooLarge(got: string): { fault: string; change: string; tooLarge: true } {
  return {
    fault: `${got}, and at most ${LARGEST_DATA / 2 ** 20} MiB, ${MOST_ROWS} rows and ${MOST_VALUES} values are looked at`,
    change: 'check a part of the rows, in a file of its own: what lint says of it holds for rows like them',
    tooLarge: true,
  };
}

/** Reads the text of a .json (a list) or .jsonl (one object a line) file. */
export function parseDataFile(fileName: string, text: string): ParsedFile {
  if (!/\S/.test(text)) return { fault: 'the file is empty' };
  if (holdsMoreThan(MOST_VALUES, text)) return tooLarge(`the file holds more than ${MOST_VALUES} values`);
  if (isTooDeep(text)) return { fault: `the file is nested deeper than ${DEEPEST_JSON} levels` };
  return fileName.endsWith('.jsonl') ? parseLines(text) : parseList(text);
}

function parseList(text: string): ParsedFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const { text: why = '', ...at } = jsonFault(text) ?? { line: 1, column: 1 };
    return { fault: `the file isn't JSON: ${why}`, at };
  }
  if (isMapping(value)) {
    return {
      fault: 'the file holds a single object, and a list of samples is needed',
      change: 'put the samples between [ and ], separated by commas',
    };
  }
  if (!Array.isArray(value))
    return { fault: `the file holds ${JSON.stringify(value)}, and a list of samples is needed` };
  if (value.length > MOST_ROWS) return tooLarge(`the file has ${value.length} rows`);
  return value.length === 0 ? { fault: 'the list of samples is empty' } : { rows: value };
}

function parseLines(text: string): ParsedFile {
  const rows: unknown[] = [];
  for (let number = 1, start = 0; start <= text.length; number++) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end < 0 ? text.length : end);
    start = end < 0 ? text.length + 1 : end + 1;
    if (line.trim() === '') continue;
    if (rows.length === MOST_ROWS) return tooLarge(`the file has more than ${MOST_ROWS} rows`);
    try {
      rows.push(JSON.parse(line));
    } catch {
      const { text: why = '', column = 1 } = jsonFault(line) ?? {};
      return { fault: `line ${number} isn't JSON: ${why}`, at: { line: number, column } };
    }
  }
  return { rows };
}

/** Whether a JSON text has more values than so many, told by what stands before each, unparsed. */
function holdsMoreThan(most: number, text: string): boolean {
  // Each takes two characters at least.
  if (text.length < 2 * most) return false;
  let values = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') quoted = !quoted;
    else if (quoted && character === '\\') at++;
    else if (!quoted && (character === ',' || character === '[' || character === '{' || character === '\n')) values++;
    if (values > most) return true;
  }
  return false;
}
