import { Severity } from '../finding';
import { scheduleOf } from '../planning/schedule';
import { numberOf, settingsOf } from '../planning/settings';
import { found } from './found';
import type { Rule } from './rule';

export const rule: Rule = {
  id: 'val-size-takes-all',
  severity: Severity.ERROR,
  reason:
    '`val_size` is rounded up to whole rows and comes first: where it holds back all of them, the split refuses to leave nothing to train on, minutes after the GPUs were taken.',
  source: 'datasets: src/datasets/arrow_dataset.py, train_test_split',
  check(run) {
    const size = numberOf(run.args['val_size'], 0);
    if (size <= 1e-6 || settingsOf(run).streaming) return [];
    const { trainSamples, evalSamples: held = 0 } = scheduleOf(run);
    if (trainSamples !== 0 || held === 0 || run.datasets.some(({ evaluation }) => evaluation === true)) return [];
    return [
      found(rule, run, {
        key: 'val_size',
        message: `all that is there is held back to evaluate on, ${held} ${held === 1 ? 'row' : 'rows'}, and nothing is left to train on`,
        got: size,
        allowed: 'a share that leaves rows to train on',
        change: held === 1 ? 'take more rows than one' : 'set `val_size` to 0.1, or take more rows',
      }),
    ];
  },
};
