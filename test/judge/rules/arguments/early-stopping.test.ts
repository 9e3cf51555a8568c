import { rule } from '../../../../src/judge/rules/arguments/early-stopping';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

ruleCases(rule, {
  failing: {
    'a run that never evaluates': {
      args: { early_stopping_steps: 3, metric_for_best_model: 'loss' },
      finds: [
        {
          key: 'early_stopping_steps',
          severity: Severity.ERROR,
          fix: [{ file: 'train.yaml', key: 'early_stopping_steps', op: EditOperation.REMOVE }],
        },
      ],
    },
    'evaluations of which nothing is watched': {
      args: { early_stopping_steps: 3, eval_strategy: 'epoch' },
      finds: [{ fix: [{ file: 'train.yaml', key: 'metric_for_best_model', op: EditOperation.SET, value: 'loss' }] }],
    },
  },
  passing: {
    'no early stopping': { args: { eval_strategy: 'no', early_stopping_steps: null } },
    'a measure that is named': {
      args: { early_stopping_steps: 3, eval_strategy: 'steps', metric_for_best_model: 'loss' },
    },
    'one that the best model is chosen by': {
      args: { early_stopping_steps: 3, eval_strategy: 'steps', load_best_model_at_end: true },
    },
    'one that the scheduler watches': {
      args: { early_stopping_steps: 3, eval_strategy: 'steps', lr_scheduler_type: 'reduce_lr_on_plateau' },
    },
  },
});
