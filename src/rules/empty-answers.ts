import { Severity } from '../finding';
import { found } from './found';
import { answersIn, readDatasets } from './rows';
import type { Rule } from './rule';

export const rule: Rule = {
  id: 'empty-answers',
  severity: Severity.WARNING,
  reason: 'From an answer without text the model learns to say nothing.',
  source: 'src/llamafactory/data/converter.py',
  check(run) {
    return readDatasets(run).flatMap(({ name, entry, rows }) => {
      const answers = answersIn(entry);
      const empty = rows.flatMap((row, i) => (answers(row).some(isBlank) ? [i + 1] : []));
      const [first] = empty;
      if (first === undefined) return [];
      return [
        found(rule, run, {
          key: name,
          message: `${empty.length} of the ${rows.length} rows of data set ${name} ${empty.length === 1 ? 'has' : 'have'} an empty answer; the first is row ${first}`,
          change: 'fill the answers in, or take the rows out',
        }),
      ];
    });
  },
};

function isBlank(text: string): boolean {
  return !/\S/.test(text);
}
