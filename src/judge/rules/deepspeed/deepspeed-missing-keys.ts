import { numberOf } from '../../../llamafactory/effective-arguments';
import { type Finding, Severity } from '../../../run/finding';
import type { Run } from '../../../run/run';
import { type DeepspeedConfig, deepspeedOf } from '../../deepspeed-config';
import { found } from '../../found';
import type { Rule } from '../../rule';

const BATCH = 'train_batch_size';
const MICRO_BATCH = 'train_micro_batch_size_per_gpu';

export const rule: Rule = {
  id: 'deepspeed-missing-keys',
  severity: Severity.ERROR,
  reason:
    'A key that a DeepSpeed config lacks is never filled in from the train arguments, only "auto" is. Without the batch keys the run dies once the model is loaded; without the others it accumulates over 1 batch and never clips gradients.',
  source: 'transformers: src/transformers/integrations/deepspeed.py; accelerate: src/accelerate/utils/dataclasses.py',
  check(run) {
    const deepspeed = deepspeedOf(run);
    return deepspeed === undefined
      ? []
      : [...batch(run, deepspeed), ...accumulation(run, deepspeed), ...clipping(run, deepspeed)];
  },
};

function batch(run: Run, { config, set }: DeepspeedConfig): Finding[] {
  const missing = [MICRO_BATCH, BATCH].filter((key) => !(key in config));
  const [first] = missing;
  if (first === undefined) return [];
  const both = missing.length === 2;
  return [
    found(rule, run, {
      key: first,
      severity: both ? Severity.ERROR : Severity.ADVICE,
      message: both
        ? `the DeepSpeed config says neither \`${MICRO_BATCH}\` nor \`${BATCH}\`: the run dies once the model is loaded`
        : `the DeepSpeed config lacks \`${first}\`, which DeepSpeed works out from the other keys`,
      fix: missing.map((key) => set(key, 'auto')),
    }),
  ];
}

function accumulation(run: Run, { config, set }: DeepspeedConfig): Finding[] {
  const steps = numberOf(run, 'gradient_accumulation_steps');
  if ('gradient_accumulation_steps' in config || steps === 1) return [];
  return [
    found(rule, run, {
      key: 'gradient_accumulation_steps',
      message: `the DeepSpeed config lacks \`gradient_accumulation_steps\`: accelerate takes 1, not the ${steps} of the train config`,
      fix: [set('gradient_accumulation_steps', 'auto')],
    }),
  ];
}

function clipping(run: Run, { config, set }: DeepspeedConfig): Finding[] {
  const norm = numberOf(run, 'max_grad_norm');
  if ('gradient_clipping' in config || norm === 0) return [];
  return [
    found(rule, run, {
      key: 'gradient_clipping',
      message: `the DeepSpeed config lacks \`gradient_clipping\`: gradients are not clipped, though \`max_grad_norm\` is ${norm}`,
      fix: [set('gradient_clipping', 'auto')],
    }),
  ];
}
