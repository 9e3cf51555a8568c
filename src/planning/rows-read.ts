import { type Arguments, isGiven, isOn, numberOf, textOf } from '../llamafactory/effective-arguments';
import { type ReadRows, readRows } from '../llamafactory/row-fates';
import type { Mapping, Run, RunDataset } from '../run/run';

/** The rows of a data set that a run reads, and what becomes of those that it doesn't train on. */
export interface RowsRead extends ReadRows {
  /** How many may be read: `max_samples` takes the first, unless the entry draws some at random. */
  readonly count: number;
}

/** Data sets are shared by runs and don't change. */
const judged = new WeakMap<readonly unknown[], Map<string, RowsRead>>();

/**
 * What a run reads of a data set; undefined if its entry or its rows aren't at hand. `max_samples` cuts before any row
 * is looked at, so rows left out are not made up for.
 * Source: llamafactory/data/loader.py, _load_single_dataset.
 */
export function rowsRead(run: Run, { entry, rows, evaluation }: RunDataset): RowsRead | undefined {
  if (entry === undefined || rows === undefined) return undefined;
  const drawn = entry['num_samples'] !== undefined && entry['num_samples'] !== null;
  const count = drawn ? rows.length : atMostSamples(run, rows.length);
  return readOnce(rows, entry, count, stageOf(run, evaluation === true), run);
}

/** So many rows, or as many as `max_samples` lets in. */
export function atMostSamples(run: Arguments, count: number): number {
  return isGiven(run, 'max_samples') ? Math.max(0, Math.min(count, numberOf(run, 'max_samples', count))) : count;
}

/** The stage whose processor reads the rows: what is generated from needs no answer, as the questions of ppo don't. */
function stageOf(run: Run, evaluation: boolean): string {
  const stage = textOf(run, 'stage');
  return stage === 'sft' && evaluation && isOn(run, 'predict_with_generate') ? 'ppo' : stage;
}

const readings = new WeakMap<Mapping, string>();

/** What an entry says of how its rows are read, as text. */
function readingOf(entry: Mapping): string {
  const { formatting, ranking, columns, tags } = entry;
  const reading = readings.get(entry) ?? JSON.stringify([formatting, ranking, columns, tags]);
  readings.set(entry, reading);
  return reading;
}

function readOnce(rows: readonly unknown[], entry: Mapping, count: number, stage: string, { release }: Run): RowsRead {
  let known = judged.get(rows);
  if (known === undefined) {
    known = new Map();
    judged.set(rows, known);
  }
  const key = `${count} ${stage} ${release} ${readingOf(entry)}`;
  let read = known.get(key);
  if (read === undefined) {
    read = { count, ...readRows(rows, entry, stage, release, count) };
    known.set(key, read);
  }
  return read;
}
