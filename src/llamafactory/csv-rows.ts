import { MOST_ROWS, type ParsedFile, tooLarge } from './dataset-file';

/**
 * Reads a .csv file as `datasets` does by way of pandas: the first line names the columns, an empty cell is null and so
 * is `None` or `NA`, a column of numbers alone holds numbers, and empty lines are passed over.
 */
export function parseCsv(text: string): ParsedFile {
  const lines = cells(text);
  if (lines === undefined) return { fault: 'a quoted cell has no end' };
  const [columns, ...values] = lines;
  if (columns === undefined) return { fault: 'the file is empty' };
  if (values.length > MOST_ROWS) return tooLarge(`the file has ${values.length} rows`);
  const long = values.findIndex((row) => row.length > columns.length);
  if (long >= 0) {
    return { fault: `row ${long + 1} has ${values[long]?.length} cells, and there are ${columns.length} columns` };
  }
  const numeric = columns.map((_, i) => values.every((row) => isNull(row[i] ?? '') || isNumber(row[i] ?? '')));
  const cell = (text: string, i: number) => (isNull(text) ? null : numeric[i] ? Number(text) : text);
  return {
    rows: values.map((row) => Object.fromEntries(columns.map((name, i) => [name, cell(row[i] ?? '', i)]))),
  };
}

/** What pandas takes for no value, `na_values` in its read_csv. */
const NULLS = new Set(
  '#N/A,#N/A N/A,#NA,-1.#IND,-1.#QNAN,-NaN,-nan,1.#IND,1.#QNAN,<NA>,N/A,NA,NULL,NaN,None,n/a,nan,null,'.split(','),
);

function isNull(text: string): boolean {
  return NULLS.has(text);
}

function isNumber(text: string): boolean {
  return /^\s*[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\s*$/.test(text);
}

/** The cells of each line, quotes taken off; undefined: a quote is left open. */
function cells(text: string): string[][] | undefined {
  const lines: string[][] = [];
  let line: string[] = [];
  for (let at = 0; at < text.length; ) {
    let cell = '';
    if (text[at] === '"') {
      let end = at + 1;
      for (; text[end] !== '"' || text[end + 1] === '"'; end += text[end] === '"' ? 2 : 1) {
        if (end >= text.length) return undefined;
      }
      cell = text.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    }
    let end = at;
    while (end < text.length && text[end] !== ',' && text[end] !== '\n') end++;
    line.push(cell + text.slice(at, end).replace(/\r$/, ''));
    if (text[end] !== ',' || end === text.length - 1) {
      if (text[end] === ',') line.push('');
      if (line.length > 1 || line[0] !== '') lines.push(line);
      line = [];
    }
    at = end + 1;
  }
  return lines;
}
