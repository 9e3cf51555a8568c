import { rule } from '../../../../src/judge/rules/arguments/saves-never-fire';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { chat, ruleCases } from '../rule-cases';

const ARGS = { ...{}, per_device_train_batch_size: 2, gradient_accumulation_steps: 4, num_train_epochs: 20 };
const tenth = (key: string) => ({ file: 'train.yaml', key, op: EditOperation.SET, value: 0.1 });

ruleCases(rule, {
  failing: {
    'fewer steps than an interval': {
      args: { ...ARGS, save_steps: 500 },
      datasets: [chat(200)],
      finds: [
        {
          key: 'save_steps',
          severity: Severity.WARNING,
          message: expect.stringContaining('the run has 1'),
          fix: [tenth('save_steps')],
        },
      ],
    },
    'data that is not at hand, bounded by max_samples': {
      args: { ...ARGS, save_steps: 500, max_samples: 200 },
      finds: [{ key: 'save_steps', message: expect.stringContaining('at most') }],
    },
    max_steps: { args: { ...ARGS, save_steps: 50, max_steps: 50 }, finds: [{ key: 'save_steps' }] },
    'the best model wanted, for which both must keep step': {
      args: { ...ARGS, save_steps: 500, load_best_model_at_end: true },
      datasets: [chat(200)],
      finds: [{ key: 'save_steps', fix: [tenth('eval_steps'), tenth('save_steps')] }],
    },
  },
  passing: {
    'a share of all steps': { args: { ...ARGS, save_steps: 0.1 }, datasets: [chat(200)] },
    'an interval that fits': { args: { ...ARGS, save_steps: 50 }, datasets: [chat(200)] },
    'data that is not at hand': { args: { ...ARGS, save_steps: 500 } },
    'a run of one step': { args: { ...ARGS, save_steps: 500, max_steps: 1 } },
    'each epoch': {
      args: { ...ARGS, save_strategy: 'epoch', eval_strategy: 'epoch' },
      datasets: [chat(200)],
    },
  },
});
