import { rule } from '../../../../src/judge/rules/arguments/nothing-to-do';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

ruleCases(rule, {
  failing: {
    'a data set, and nothing to do with it': {
      args: { dataset: 'math', do_eval: false, eval_strategy: 'no' },
      finds: [
        {
          key: 'do_train',
          severity: Severity.ERROR,
          fix: [{ file: 'train.yaml', key: 'do_train', op: EditOperation.SET, value: true }],
        },
      ],
    },
    'training that is off': { args: { dataset: 'math', do_train: false }, finds: [{ key: 'do_train' }] },
    'a training run that would also export': {
      args: { dataset: 'math', output_dir: 'saves', export_dir: 'merged' },
      finds: [{ key: 'do_train' }],
    },
  },
  passing: {
    'a run that trains': { args: { dataset: 'math', do_train: true } },
    'one that only predicts': { args: { dataset: 'math', do_predict: true } },
    'evaluations, which turn do_eval on': { args: { dataset: 'math', eval_strategy: 'steps' } },
    'a value that is wrong elsewhere': { args: { dataset: 'math', do_train: 'true' } },
    'no data': { args: { do_train: false } },
    'a config that merges': { args: { dataset: 'math', export_dir: 'merged' } },
  },
});
