import { columnOf, tagOf } from '../llamafactory/dataset-info';
import { atMostSamples } from '../planning/rows-read';
import type { Place } from '../run/finding';
import { isMapping, type Mapping, type Run, type RunDataset } from '../run/run';

/** Where a row of a data set is, counted from 1 over all its files; undefined: not known. */
export function placeOfRow({ files }: Pick<RunDataset, 'files'>, row: number): Place | undefined {
  let before = 0;
  for (const { file, rows } of files ?? []) {
    if (row <= before + rows) return { file, row: row - before };
    before += rows;
  }
  return undefined;
}

/** A data set whose entry and rows are at hand. */
export interface ReadDataset {
  readonly name: string;
  readonly entry: Mapping;
  readonly rows: readonly unknown[];
  readonly files: RunDataset['files'];
}

/** The data sets of a run that can be looked into. */
export function readDatasets(run: Run): ReadDataset[] {
  return run.datasets.flatMap(({ name, entry, rows, files }) =>
    entry === undefined || rows === undefined ? [] : [{ name, entry, rows, files }],
  );
}

/** Rows of the data sets to train on, of each max_samples at most; undefined if one isn't at hand. */
export function trainingRows(run: Run): number | undefined {
  const training = run.datasets.filter(({ evaluation }) => evaluation !== true);
  const known = training.filter((dataset): dataset is RunDataset & ReadDataset => dataset.rows !== undefined);
  if (known.length === 0 || known.length < training.length) return undefined;
  return known.reduce((sum, { rows }) => sum + atMostSamples(run, rows.length), 0);
}

/** Reads what a row has the model answer, in order; what isn't text is left out. Looks into the entry once for all rows. */
export function answersIn(entry: Mapping): (row: unknown) => readonly string[] {
  const formatting = entry['formatting'] ?? 'alpaca';
  const messages = formatting === 'alpaca' ? undefined : columnOf(entry, 'messages');
  const last = entry['ranking'] === true ? ['chosen', 'rejected'] : formatting === 'alpaca' ? ['response'] : [];
  const columns = last.flatMap((column) => columnOf(entry, column) ?? []);
  const role = tagOf(entry, 'role_tag') ?? 'from';
  const content = tagOf(entry, 'content_tag') ?? 'value';
  const assistant = tagOf(entry, 'assistant_tag');

  return (row) => {
    if (!isMapping(row)) return [];
    const answers: unknown[] = [];
    const turns = messages === undefined ? undefined : row[messages];
    for (const turn of Array.isArray(turns) ? (turns as unknown[]) : []) {
      // A call of a tool comes without text in OpenAI's format.
      if (isMapping(turn) && turn[role] === assistant && !('tool_calls' in turn)) answers.push(turn[content]);
    }
    for (const column of columns) {
      const value = row[column];
      answers.push(isMapping(value) ? value[content] : value);
    }
    return answers.filter((answer) => typeof answer === 'string');
  };
}

/** Whether an answer in the data has a think block; undefined: not all data are at hand. */
export function thinksInData(run: Run): boolean | undefined {
  const datasets = readDatasets(run);
  const thinks = datasets.some(({ rows, entry }) => {
    const answers = answersIn(entry);
    return rows.some((row) => answers(row).some((answer) => answer.includes('<think>')));
  });
  if (thinks) return true;
  return datasets.length > 0 && datasets.length === run.datasets.length ? false : undefined;
}
