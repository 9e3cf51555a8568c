import { Severity } from '../../src/finding';
import { rule } from '../../src/rules/val-size-takes-all';
import { chat, ruleCases } from './rule-cases';

const datasets = [chat(1)];

ruleCases(rule, {
  failing: {
    'a share of one row': {
      args: { val_size: 0.1 },
      datasets,
      finds: [
        {
          key: 'val_size',
          severity: Severity.ERROR,
          message: 'all that is there is held back to evaluate on, 1 row, and nothing is left to train on',
        },
      ],
    },
    'as many rows as there are': {
      args: { val_size: 5 },
      datasets: [chat(2), chat(3)],
      finds: [{ message: expect.stringContaining('5 rows'), got: '5' }],
    },
    'as many rows as max_samples lets in': { args: { val_size: 3, max_samples: 3 }, datasets: [chat(9)], finds: [{}] },
  },
  passing: {
    'a share of two rows': { args: { val_size: 0.1 }, datasets: [chat(2)] },
    'one row of two': { args: { val_size: 1 }, datasets: [chat(2)] },
    'no split': { datasets },
    'a data set of its own to evaluate on': { datasets: [...datasets, { ...chat(1), evaluation: true }] },
    'no row at all, which is another fault': { args: { val_size: 0.1 }, datasets: [chat(0)] },
    'rows not at hand': { args: { val_size: 0.1 }, datasets: [{ name: 'math' }] },
    'rows that come one by one': { args: { val_size: 1, max_steps: 5, streaming: true }, datasets },
  },
});
