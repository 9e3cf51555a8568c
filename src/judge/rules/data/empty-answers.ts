import { Severity } from '../../../run/finding';
import type { Mapping } from '../../../run/run';
import { found } from '../../found';
import { answersIn, placeOfRow, readDatasets } from '../../rows';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'empty-answers',
  severity: Severity.WARNING,
  reason: 'From an answer without text the model learns to say nothing.',
  source: 'src/llamafactory/data/converter.py',
  check(run) {
    return readDatasets(run).flatMap(({ name, entry, rows, files }) => {
      const { count, first } = emptyIn(rows, entry);
      if (count === 0) return [];
      return [
        found(rule, run, {
          key: name,
          message: `${count} of the ${rows.length} rows of data set ${name} ${count === 1 ? 'has' : 'have'} an empty answer; the first is row ${first}`,
          place: placeOfRow({ files }, first),
          change: 'fill the answers in, or take the rows out',
        }),
      ];
    });
  },
};

/** The rows of a data set with an empty answer. */
interface Empty {
  readonly count: number;
  /** The first of them, from 1. */
  readonly first: number;
  /** How the rows were read. */
  readonly entry: Mapping;
}

/** Data sets are shared by runs and don't change. */
const counted = new WeakMap<readonly unknown[], Empty>();

function emptyIn(rows: readonly unknown[], entry: Mapping): Empty {
  const known = counted.get(rows);
  if (known?.entry === entry) return known;
  const answers = answersIn(entry);
  let [count, first] = [0, 0];
  for (const [i, row] of rows.entries()) {
    if (!answers(row).some(isBlank)) continue;
    count += 1;
    if (first === 0) first = i + 1;
  }
  const result = { count, first, entry };
  counted.set(rows, result);
  return result;
}

function isBlank(text: string): boolean {
  return !/\S/.test(text);
}
