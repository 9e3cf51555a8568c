import { rule } from '../../../../src/judge/rules/data/neat-packing-batch';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { BARE_IMAGE, ruleCases } from '../rule-cases';

const packs = { do_train: true, neat_packing: true, flash_attn: 'fa2' };
const set = (key: string, value: number) => ({ file: 'train.yaml', key, op: EditOperation.SET, value });
const flash = { ...BARE_IMAGE, flashAttention: '2.8.3' };

ruleCases(rule, {
  failing: {
    'a batch of two': {
      args: { ...packs, per_device_train_batch_size: 2, gradient_accumulation_steps: 4 },
      finds: [
        {
          key: 'per_device_train_batch_size',
          severity: Severity.ERROR,
          fix: [set('per_device_train_batch_size', 1), set('gradient_accumulation_steps', 8)],
        },
      ],
    },
    'the batch by default, in an image with flash-attn': {
      args: packs,
      image: flash,
      finds: [
        {
          key: 'per_device_train_batch_size',
          fix: [set('per_device_train_batch_size', 1), set('gradient_accumulation_steps', 8)],
        },
      ],
    },
    'a batch to evaluate on': {
      args: { ...packs, per_device_train_batch_size: 1, per_device_eval_batch_size: 2, eval_strategy: 'steps' },
      finds: [{ key: 'per_device_eval_batch_size', fix: [set('per_device_eval_batch_size', 1)] }],
    },
  },
  passing: {
    'one sequence a batch': { args: { ...packs, per_device_train_batch_size: 1, per_device_eval_batch_size: 2 } },
    'another kernel': { args: { ...packs, flash_attn: 'sdpa' } },
    'an image without flash-attn falls back': { args: packs, image: BARE_IMAGE },
    'plain packing': { args: { ...packs, neat_packing: false, packing: true } },
    'an older release': { release: '0.9.4', args: packs },
    'no training': { args: { ...packs, do_train: false, do_predict: true } },
  },
});
