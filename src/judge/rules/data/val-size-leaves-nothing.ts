import { numberOf } from '../../../llamafactory/effective-arguments';
import { type Schedule, scheduleOf } from '../../../planning/schedule';
import { settingsOf } from '../../../planning/settings';
import { Severity } from '../../../run/finding';
import { found } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'val-size-leaves-nothing',
  severity: Severity.ERROR,
  reason:
    '`val_size` is rounded up to whole rows and comes first: where it holds back all of them, the split refuses to leave nothing to train on, minutes after the GPUs were taken. The run stops, too, if all rows of a part are among those that LLaMA-Factory leaves out.',
  source:
    'datasets: src/datasets/arrow_dataset.py, train_test_split; src/llamafactory/data/loader.py, _get_preprocessed_dataset',
  check(run) {
    const size = numberOf(run, 'val_size');
    if (size <= 1e-6 || settingsOf(run).streaming) return [];
    if (run.datasets.some(({ evaluation }) => evaluation === true)) return [];
    const fault = faultOf(scheduleOf(run));
    return fault === undefined
      ? []
      : [found(rule, run, { key: 'val_size', got: size, allowed: 'a share that leaves rows to both parts', ...fault })];
  },
};

function faultOf({ trainSamples, evalSamples, exact }: Schedule): { message: string; change: string } | undefined {
  if (trainSamples === 0 && evalSamples !== undefined && evalSamples > 0) {
    const rows = evalSamples === 1 ? '1 row' : `${evalSamples} rows`;
    return {
      message: `all that is there is held back to evaluate on, ${rows}, and nothing is left to train on`,
      change: evalSamples === 1 ? 'take more rows than one' : 'set `val_size` to 0.1, or take more rows',
    };
  }
  if (trainSamples === undefined || trainSamples === 0 || evalSamples !== 0 || !exact) return undefined;
  return {
    message: 'of the rows held back to evaluate on, LLaMA-Factory would leave out all',
    change: 'mend the rows that are left out, hold back more of them, or take another `seed`',
  };
}
