import { columnOf, isMapping, tagOf } from '../llamafactory/dataset-info';
import type { Mapping, Run, RunDataset } from '../run';

/** A data set whose entry and rows are at hand. */
export interface ReadDataset {
  readonly name: string;
  readonly entry: Mapping;
  readonly rows: readonly unknown[];
}

/** The data sets of a run that can be looked into. */
export function readDatasets(run: Run): ReadDataset[] {
  return run.datasets.flatMap(({ name, entry, rows }) =>
    entry === undefined || rows === undefined ? [] : [{ name, entry, rows }],
  );
}

/** Rows of the data sets to train on; undefined if one isn't at hand. */
export function trainingRows(run: Run): number | undefined {
  const training = run.datasets.filter(({ evaluation }) => evaluation !== true);
  const known = training.filter((dataset): dataset is RunDataset & ReadDataset => dataset.rows !== undefined);
  if (known.length === 0 || known.length < training.length) return undefined;
  return known.reduce((sum, { rows }) => sum + rows.length, 0);
}

/** What a row has the model answer, in order: what isn't text is left out. */
export function answersOf(row: unknown, entry: Mapping): string[] {
  if (!isMapping(row)) return [];
  const formatting = entry['formatting'] ?? 'alpaca';
  const answers = formatting === 'alpaca' ? [] : turns(row, entry);
  for (const column of entry['ranking'] === true
    ? ['chosen', 'rejected']
    : formatting === 'alpaca'
      ? ['response']
      : []) {
    const name = columnOf(entry, column);
    const value = name === undefined ? undefined : row[name];
    answers.push(...textOf(isMapping(value) ? value[contentTag(entry)] : value));
  }
  return answers;
}

function turns(row: Mapping, entry: Mapping): string[] {
  const column = columnOf(entry, 'messages');
  const messages = column === undefined ? undefined : row[column];
  if (!Array.isArray(messages)) return [];
  const [role, content, assistant] = [
    tagOf(entry, 'role_tag') ?? 'from',
    contentTag(entry),
    tagOf(entry, 'assistant_tag'),
  ];
  return (messages as unknown[]).flatMap((message) => {
    const answers = isMapping(message) && assistant !== undefined && message[role] === assistant;
    // A call of a tool comes without text in OpenAI's format.
    return answers && !('tool_calls' in message) ? textOf(message[content]) : [];
  });
}

function contentTag(entry: Mapping): string {
  return tagOf(entry, 'content_tag') ?? 'value';
}

function textOf(value: unknown): string[] {
  return typeof value === 'string' ? [value] : [];
}
