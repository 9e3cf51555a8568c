import { rule } from '../../../../src/judge/rules/deepspeed/deepspeed-missing-keys';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { deepspeed, ruleCases } from '../rule-cases';

const auto = (key: string) => ({ file: 'ds.json', key, op: EditOperation.SET, value: 'auto' });
const REST = { gradient_accumulation_steps: 'auto', gradient_clipping: 'auto' };
const BATCHES = { train_batch_size: 'auto', train_micro_batch_size_per_gpu: 'auto' };

ruleCases(rule, {
  failing: {
    'nothing said of the batch': {
      ...deepspeed(REST),
      finds: [
        {
          key: 'train_micro_batch_size_per_gpu',
          severity: Severity.ERROR,
          fix: [auto('train_micro_batch_size_per_gpu'), auto('train_batch_size')],
        },
      ],
    },
    'one of the batch keys, from which DeepSpeed works out the other': {
      ...deepspeed({ ...REST, train_batch_size: 'auto' }),
      finds: [{ key: 'train_micro_batch_size_per_gpu', severity: Severity.ADVICE }],
    },
    'no accumulation, where the train config accumulates': {
      args: { gradient_accumulation_steps: 4 },
      ...deepspeed({ ...BATCHES, gradient_clipping: 1 }),
      finds: [{ key: 'gradient_accumulation_steps', fix: [auto('gradient_accumulation_steps')] }],
    },
    'no clipping': {
      ...deepspeed(BATCHES),
      finds: [{ key: 'gradient_clipping', severity: Severity.ERROR, fix: [auto('gradient_clipping')] }],
    },
    'a config in the train config itself': {
      args: { deepspeed: { ...BATCHES } },
      finds: [{ key: 'gradient_clipping', fix: [{ ...auto('deepspeed.gradient_clipping'), file: 'train.yaml' }] }],
    },
  },
  passing: {
    'all four': deepspeed({ ...REST, ...BATCHES }),
    'no DeepSpeed': { args: { gradient_accumulation_steps: 4 } },
    'no accumulation and none wanted': deepspeed({ ...BATCHES, gradient_clipping: 1 }),
    'no clipping and none wanted': { args: { max_grad_norm: 0 }, ...deepspeed(BATCHES) },
  },
});
