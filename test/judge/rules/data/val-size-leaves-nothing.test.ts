import { rule } from '../../../../src/judge/rules/data/val-size-leaves-nothing';
import { Severity } from '../../../../src/run/finding';
import type { RunDataset } from '../../../../src/run/run';
import { chat, ruleCases } from '../rule-cases';

const datasets = [chat(1)];
/** So many good rows, then some without an answer. */
const mixed = (good: number, leftOut: number): RunDataset => ({
  ...chat(good),
  rows: [...(chat(good).rows ?? []), ...Array(leftOut).fill({ messages: [{ role: 'user', content: 'why' }] })],
});

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
          change: 'take more rows than one',
        },
      ],
    },
    'as many rows as there are': {
      args: { val_size: 5 },
      datasets: [chat(2), chat(3)],
      finds: [
        {
          message: expect.stringContaining('5 rows'),
          got: '5',
          change: 'set `val_size` to 0.1, or take more rows',
        },
      ],
    },
    'as many rows as max_samples lets in': { args: { val_size: 3, max_samples: 3 }, datasets: [chat(9)], finds: [{}] },
    'a part of which all rows are left out': {
      args: { val_size: 1 },
      datasets: [mixed(1, 19)],
      finds: [{ message: 'of the rows held back to evaluate on, LLaMA-Factory would leave out all' }],
    },
  },
  passing: {
    'a part of which something is left': { args: { val_size: 0.5 }, datasets: [mixed(9, 1)] },
    'rows left out before the split': { release: '0.9.3', args: { val_size: 1 }, datasets: [mixed(2, 19)] },
    'a share of two rows': { args: { val_size: 0.1 }, datasets: [chat(2)] },
    'one row of two': { args: { val_size: 1 }, datasets: [chat(2)] },
    'no split': { datasets },
    'a data set of its own to evaluate on': { datasets: [...datasets, { ...chat(1), evaluation: true }] },
    'rows to train on that are left out, beside a data set to evaluate on': {
      args: { val_size: 0.1 },
      datasets: [mixed(0, 3), { ...chat(1), name: 'other', evaluation: true }],
    },
    'no row at all, which is another fault': { args: { val_size: 0.1 }, datasets: [chat(0)] },
    'rows not at hand': { args: { val_size: 0.1 }, datasets: [{ name: 'math' }] },
    'rows that come one by one': { args: { val_size: 1, max_steps: 5, streaming: true }, datasets },
  },
});
