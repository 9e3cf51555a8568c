import { isGiven, isOn, textOf } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import { found, removeArgument, setArgument } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'early-stopping',
  severity: Severity.ERROR,
  reason:
    'Early stopping watches a measure of the evaluations. Without evaluations, or with no measure named, the trainer stops with an assertion before the first step.',
  source: 'transformers: src/transformers/trainer_callback.py, EarlyStoppingCallback.on_train_begin',
  check(run) {
    if (typeof run.args['early_stopping_steps'] !== 'number') return [];
    const evaluates = ['steps', 'epoch'].includes(textOf(run, 'eval_strategy'));
    const watchers = ['reduce_lr_on_plateau', 'greedy'];
    const measured =
      isGiven(run, 'metric_for_best_model') ||
      isOn(run, 'load_best_model_at_end') ||
      watchers.includes(textOf(run, 'lr_scheduler_type'));
    if (evaluates && measured) return [];
    return [
      found(rule, run, {
        key: 'early_stopping_steps',
        message: evaluates
          ? '`early_stopping_steps` needs a `metric_for_best_model` to watch'
          : '`early_stopping_steps` watches evaluations, and `eval_strategy` is no',
        fix: [
          evaluates ? setArgument(run, 'metric_for_best_model', 'loss') : removeArgument(run, 'early_stopping_steps'),
        ],
      }),
    ];
  },
};
