import { isOn } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import { found, removeArgument } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'resume-from-checkpoint',
  severity: Severity.WARNING,
  reason:
    'With `resume_from_checkpoint: true` a run that has no checkpoint yet dies: the first one, always. LLaMA-Factory finds the last checkpoint by itself when the argument is left out.',
  source: 'transformers: src/transformers/trainer.py, train',
  check(run) {
    if (!isOn(run, 'resume_from_checkpoint')) return [];
    return [
      found(rule, run, {
        key: 'resume_from_checkpoint',
        message:
          'the run dies where there is no checkpoint yet; without the argument it goes on from the last one by itself',
        got: true,
        fix: [removeArgument(run, 'resume_from_checkpoint')],
      }),
    ];
  },
};
