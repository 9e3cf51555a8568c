import { isOn, numberOf } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import { found, setArgument } from '../../found';
import { trainingRows } from '../../rows';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'workers-above-rows',
  severity: Severity.ADVICE,
  reason:
    'Each worker takes a share of the rows, so there are never more at work than rows: datasets starts fewer, with a warning.',
  source: 'datasets: src/datasets/arrow_dataset.py, map',
  check(run) {
    const workers = numberOf(run, 'preprocessing_num_workers', 1);
    const rows = trainingRows(run);
    if (rows === undefined || rows < 1 || workers <= rows || isOn(run, 'streaming')) return [];
    return [
      found(rule, run, {
        key: 'preprocessing_num_workers',
        message: `there are ${workers} workers for ${rows} ${rows === 1 ? 'row' : 'rows'}`,
        got: workers,
        allowed: `${rows} at most`,
        fix: [setArgument(run, 'preprocessing_num_workers', rows)],
      }),
    ];
  },
};
