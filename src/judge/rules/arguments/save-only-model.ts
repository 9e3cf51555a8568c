import { isOn } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import { found, removeArgument } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'save-only-model',
  severity: Severity.WARNING,
  reason:
    'Checkpoints of weights alone hold no optimizer and no schedule: a pod that is replaced can not go on from them as if nothing had happened.',
  source: 'transformers: src/transformers/trainer.py, _save_checkpoint',
  check(run) {
    if (!isOn(run, 'save_only_model')) return [];
    return [
      found(rule, run, {
        key: 'save_only_model',
        message: 'checkpoints have no optimizer and no schedule, so a restart can not go on from them properly',
        got: true,
        fix: [removeArgument(run, 'save_only_model')],
      }),
    ];
  },
};
