import { isMapping } from './dataset-info';

/** What a data file holds, or what is wrong with it. */
export type ParsedFile = { readonly rows: readonly unknown[] } | { readonly fault: string; readonly change?: string };

/** Reads the text of a .json (a list) or .jsonl (one object a line) file. */
export function parseDataFile(fileName: string, text: string): ParsedFile {
  if (text.trim() === '') return { fault: 'the file is empty' };
  return fileName.endsWith('.jsonl') ? parseLines(text) : parseList(text);
}

function parseList(text: string): ParsedFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { fault: `the file isn't JSON: ${(error as Error).message}` };
  }
  if (isMapping(value)) {
    return {
      fault: 'the file holds a single object, and a list of samples is needed',
      change: 'put the samples between [ and ], separated by commas',
    };
  }
  if (!Array.isArray(value))
    return { fault: `the file holds ${JSON.stringify(value)}, and a list of samples is needed` };
  return value.length === 0 ? { fault: 'the list of samples is empty' } : { rows: value };
}

function parseLines(text: string): ParsedFile {
  const rows: unknown[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      rows.push(JSON.parse(line));
    } catch (error) {
      return { fault: `line ${i + 1} isn't JSON: ${(error as Error).message}` };
    }
  }
  return { rows };
}
