import { rule } from '../../../../src/judge/rules/arguments/evaluations-never-fire';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { chat, ruleCases } from '../rule-cases';

const ARGS = {
  ...{ eval_strategy: 'steps', val_size: 0.1 },
  per_device_train_batch_size: 2,
  gradient_accumulation_steps: 4,
  num_train_epochs: 20,
};
const tenth = (key: string) => ({ file: 'train.yaml', key, op: EditOperation.SET, value: 0.1 });

ruleCases(rule, {
  failing: {
    'fewer steps than an interval': {
      args: { ...ARGS, eval_steps: 500 },
      datasets: [chat(200)],
      finds: [
        {
          key: 'eval_steps',
          severity: Severity.WARNING,
          message: expect.stringContaining('the run has 1'),
          fix: [tenth('eval_steps')],
        },
      ],
    },
    'data that is not at hand, bounded by max_samples': {
      args: { ...ARGS, eval_steps: 500, max_samples: 200 },
      finds: [{ key: 'eval_steps', message: expect.stringContaining('at most') }],
    },
    max_steps: { args: { ...ARGS, eval_steps: 50, max_steps: 50 }, finds: [{ key: 'eval_steps' }] },
    'the best model wanted, for which both must keep step': {
      args: { ...ARGS, eval_steps: 500, load_best_model_at_end: true },
      datasets: [chat(200)],
      finds: [{ key: 'eval_steps', fix: [tenth('eval_steps'), tenth('save_steps')] }],
    },
  },
  passing: {
    'a share of all steps': { args: { ...ARGS, eval_steps: 0.1 }, datasets: [chat(200)] },
    'an interval that fits': { args: { ...ARGS, eval_steps: 50 }, datasets: [chat(200)] },
    'data that is not at hand': { args: { ...ARGS, eval_steps: 500 } },
    'none before a delay, which is meant': {
      args: { ...ARGS, eval_steps: 500, eval_delay: 10 },
      datasets: [chat(200)],
    },
    'no evaluations': { args: { ...ARGS, eval_strategy: 'no', eval_steps: 500 }, datasets: [chat(200)] },
    'epochs longer than the run': {
      args: { ...ARGS, eval_strategy: 'epoch', num_train_epochs: 0.5 },
      datasets: [chat(200)],
    },
    'a run of one step': { args: { ...ARGS, eval_steps: 500, max_steps: 1 } },
    'each epoch': {
      args: { ...ARGS, save_strategy: 'epoch', eval_strategy: 'epoch' },
      datasets: [chat(200)],
    },
  },
});
