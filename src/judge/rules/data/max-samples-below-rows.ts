import { numberOf } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import { found } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'max-samples-below-rows',
  severity: Severity.ADVICE,
  reason:
    '`max_samples` takes the first rows of each data set, before anything is shuffled: with less than the data has, the rest is never seen.',
  source: 'src/llamafactory/data/loader.py, _load_single_dataset',
  check(run) {
    const most = numberOf(run, 'max_samples', 0);
    if (most <= 0) return [];
    return run.datasets.flatMap(({ name, rows }) => {
      if (rows === undefined || rows.length <= most) return [];
      return [
        found(rule, run, {
          key: 'max_samples',
          message: `only the first ${most} of the ${rows.length} rows of data set ${name} are used`,
          got: most,
          change: 'leave `max_samples` out to use all rows',
        }),
      ];
    });
  },
};
