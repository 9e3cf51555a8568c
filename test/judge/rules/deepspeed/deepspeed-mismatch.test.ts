import { rule } from '../../../../src/judge/rules/deepspeed/deepspeed-mismatch';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { deepspeed, ruleCases } from '../rule-cases';

const auto = (key: string) => ({ file: 'ds.json', key, op: EditOperation.SET, value: 'auto' });
const ARGS = { per_device_train_batch_size: 2, gradient_accumulation_steps: 4, fp16: true, learning_rate: 3e-5 };

ruleCases(rule, {
  failing: {
    'another batch': {
      args: ARGS,
      ...deepspeed({ train_micro_batch_size_per_gpu: 1, train_batch_size: 16 }),
      finds: [
        {
          key: 'train_micro_batch_size_per_gpu',
          severity: Severity.ERROR,
          fix: [auto('train_micro_batch_size_per_gpu')],
        },
        { key: 'train_batch_size', got: '16', allowed: '"auto" or 32' },
      ],
    },
    'other numbers than the defaults of the trainer': {
      ...deepspeed({ gradient_accumulation_steps: 2, gradient_clipping: 0.5 }),
      finds: [
        { key: 'gradient_accumulation_steps', message: expect.stringContaining('`gradient_accumulation_steps`: the') },
        { key: 'gradient_clipping', message: expect.stringContaining('`max_grad_norm`') },
      ],
    },
    'another optimizer': {
      args: ARGS,
      ...deepspeed({ optimizer: { params: { lr: 1e-4, betas: [0.9, 0.95], eps: 1e-6, weight_decay: 0.1 } } }),
      finds: ['lr', 'betas', 'eps', 'weight_decay'].map((name) => ({
        key: `optimizer.params.${name}`,
        fix: [auto(`optimizer.params.${name}`)],
      })),
    },
    'another precision': {
      args: { bf16: true },
      ...deepspeed({ fp16: { enabled: true }, bf16: { enabled: false } }),
      finds: [{ key: 'fp16.enabled' }, { key: 'bf16.enabled' }],
    },
    'a batch reckoned without the nodes': {
      args: ARGS,
      nodes: 2,
      ...deepspeed({ train_batch_size: 32 }),
      finds: [{ key: 'train_batch_size', allowed: '"auto" or 64' }],
    },
    'betas other than those of the train config': {
      args: { ...ARGS, adam_beta1: 0.8, adam_beta2: 0.99 },
      ...deepspeed({ optimizer: { params: { betas: [0.9, 0.999] } } }),
      finds: [{ key: 'optimizer.params.betas', allowed: '"auto" or [0.8,0.99]' }],
    },
    'another rate in the scheduler': {
      args: ARGS,
      ...deepspeed({ scheduler: { params: { warmup_max_lr: 1e-3 } } }),
      finds: [{ key: 'scheduler.params.warmup_max_lr' }],
    },
  },
  passing: {
    'auto everywhere': { args: ARGS, ...deepspeed({ train_batch_size: 'auto', fp16: { enabled: 'auto' } }) },
    'the same numbers': {
      args: ARGS,
      ...deepspeed({
        train_batch_size: 32,
        train_micro_batch_size_per_gpu: 2,
        gradient_accumulation_steps: 4,
        gradient_clipping: 1,
        fp16: { enabled: true },
        optimizer: { params: { lr: 3e-5, betas: [0.9, 0.999] } },
      }),
    },
    'a batch that is searched for': {
      args: { ...ARGS, auto_find_batch_size: true },
      ...deepspeed({ train_micro_batch_size_per_gpu: 1, train_batch_size: 16 }),
    },
    'a rate that is no number, of which another rule speaks': {
      args: { learning_rate: 'fast' },
      ...deepspeed({ optimizer: { params: { lr: 1e-4 } } }),
    },
    'no DeepSpeed': { args: ARGS },
  },
});
