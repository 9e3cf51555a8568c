import { Severity } from '../finding';
import { type RowFate, rowFates } from '../llamafactory/row-fates';
import { numberOf } from '../planning/settings';
import type { Mapping, Run } from '../run';
import { found } from './found';
import type { Rule } from './rule';

/** Data sets are shared by runs and don't change. */
const judged = new WeakMap<readonly unknown[], Map<string, readonly RowFate[]>>();

export const rule: Rule = {
  id: 'dataset-rows',
  severity: Severity.ERROR,
  reason:
    'A row whose roles are out of order or that lacks an answer is left out with a line in the log, and the run trains on less than it was given; a value of the wrong kind stops the run minutes after its GPUs were taken, and so does a data set of which no row is left.',
  source: 'src/llamafactory/data/converter.py, src/llamafactory/data/processor',
  check(run) {
    return run.datasets.flatMap(({ name, entry, rows, rowsReported }) => {
      if (entry === undefined || rows === undefined || rowsReported) return [];
      const count = rowsRead(run, entry, rows);
      const fates = fatesOf(rows, entry, count, run);
      const stops = fates.filter((fate) => fate.stops);
      const shown = stops.length > 0 ? stops : fates;
      const [first] = shown;
      if (first === undefined) return [];
      const rest = fates.length < count;
      return [
        found(rule, run, {
          severity: stops.length === 0 && rest ? Severity.WARNING : Severity.ERROR,
          key: name,
          message: `${outcome(stops.length > 0, rest)} ${shown.length} of the ${count} rows of data set ${name}; the first is row ${first.row}: ${first.reason}`,
          change: 'mend the rows, or name the columns and roles they have in dataset_info.json',
        }),
      ];
    });
  },
};

function outcome(stops: boolean, rest: boolean): string {
  if (stops) return 'the run stops at';
  return rest ? 'LLaMA-Factory leaves out' : 'the run stops, since it would leave out';
}

function stageOf(run: Run): string {
  const stage = run.args['stage'];
  return typeof stage === 'string' ? stage : 'sft';
}

/** How many rows are read: `max_samples` takes the first of each data set, unless the entry draws some at random. */
function rowsRead(run: Run, entry: Mapping, rows: readonly unknown[]): number {
  const most = numberOf(run.args['max_samples'], 0);
  return most > 0 && entry['num_samples'] === undefined ? Math.min(most, rows.length) : rows.length;
}

function fatesOf(rows: readonly unknown[], entry: Mapping, count: number, run: Run): readonly RowFate[] {
  let known = judged.get(rows);
  if (known === undefined) {
    known = new Map();
    judged.set(rows, known);
  }
  const stage = stageOf(run);
  const { formatting, ranking, columns, tags } = entry;
  const key = JSON.stringify([count, stage, run.release, formatting, ranking, columns, tags]);
  let fates = known.get(key);
  if (fates === undefined) {
    fates = rowFates(count < rows.length ? rows.slice(0, count) : rows, entry, stage, run.release);
    known.set(key, fates);
  }
  return fates;
}
