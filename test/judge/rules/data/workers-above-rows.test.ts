import { rule } from '../../../../src/judge/rules/data/workers-above-rows';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { chat, ruleCases } from '../rule-cases';

const args = { preprocessing_num_workers: 4 };

ruleCases(rule, {
  failing: {
    'more than the rows': {
      args,
      datasets: [chat(1), { ...chat(9), evaluation: true }],
      finds: [
        {
          key: 'preprocessing_num_workers',
          severity: Severity.ADVICE,
          fix: [{ file: 'train.yaml', key: 'preprocessing_num_workers', op: EditOperation.SET, value: 1 }],
        },
      ],
    },
    'more than max_samples leaves of them': {
      args: { ...args, max_samples: 3 },
      datasets: [chat(9)],
      finds: [
        {
          key: 'preprocessing_num_workers',
          severity: Severity.ADVICE,
          fix: [{ file: 'train.yaml', key: 'preprocessing_num_workers', op: EditOperation.SET, value: 3 }],
        },
      ],
    },
  },
  passing: {
    'max_samples of each data set': { args: { ...args, max_samples: 2 }, datasets: [chat(9), chat(9)] },
    'as many as the rows': { args, datasets: [chat(2), chat(2)] },
    'rows that are not at hand': { args, datasets: [chat(1), { name: 'math' }] },
    'streaming, which has no workers': { args: { ...args, streaming: true }, datasets: [chat(1)] },
    'none asked for': { datasets: [chat(1)] },
  },
});
