import { Severity } from '../../../run/finding';
import { found } from '../../found';
import { placeOfRow } from '../../rows';
import type { Rule } from '../../rule';

/** Data sets are shared by runs and don't change. */
const counted = new WeakMap<readonly unknown[], Repeated>();

export const rule: Rule = {
  id: 'duplicate-rows',
  severity: Severity.WARNING,
  reason:
    'A row that is there twice weighs twice, and with `val_size` its copy may be trained on and evaluated on: the evaluation then flatters.',
  source: 'src/llamafactory/data/data_utils.py, split_dataset',
  check(run) {
    return run.datasets.flatMap(({ name, rows, files }) => {
      const { count, first } = rows === undefined ? NONE : repeatedIn(rows);
      if (count === 0) return [];
      return [
        found(rule, run, {
          key: name,
          message: `${count} of the ${rows?.length} rows of data set ${name} ${count === 1 ? 'repeats' : 'repeat'} an earlier one; the first is row ${first}`,
          place: placeOfRow({ files }, first),
          change: 'take the copies out',
        }),
      ];
    });
  },
};

interface Repeated {
  readonly count: number;
  /** The first row that repeats another, from 1. */
  readonly first: number;
}

const NONE: Repeated = { count: 0, first: 0 };

function repeatedIn(rows: readonly unknown[]): Repeated {
  const known = counted.get(rows);
  if (known !== undefined) return known;
  const seen = new Set<string>();
  let [count, first] = [0, 0];
  for (const [i, row] of rows.entries()) {
    const text = JSON.stringify(row) ?? '';
    if (!seen.has(text)) seen.add(text);
    else {
      count += 1;
      if (first === 0) first = i + 1;
    }
  }
  const result = { count, first };
  counted.set(rows, result);
  return result;
}
