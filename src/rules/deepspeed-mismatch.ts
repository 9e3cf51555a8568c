import { isDeepStrictEqual } from 'node:util';
import { asJson } from '../as-json';
import { type Finding, Severity } from '../finding';
import { numberOf } from '../planning/settings';
import type { Mapping, Run } from '../run';
import { deepspeedOf } from './deepspeed-config';
import { found } from './found';
import type { Rule } from './rule';

export const rule: Rule = {
  id: 'deepspeed-mismatch',
  severity: Severity.ERROR,
  reason:
    'What a DeepSpeed config and the train arguments both say must agree. The trainer compares them only when it starts, with the model loaded, and dies.',
  source: 'transformers: src/transformers/integrations/deepspeed.py, trainer_config_process',
  check(run) {
    const deepspeed = deepspeedOf(run);
    if (deepspeed === undefined) return [];
    return compared(run).flatMap(({ path, name, value }): Finding[] => {
      const got = at(deepspeed.config, path);
      if (value === undefined || got === undefined || got === null || got === 'auto' || same(got, value)) return [];
      return [
        found(rule, run, {
          key: path,
          message: `\`${path}\` in the DeepSpeed config differs from \`${name}\`: the trainer refuses to start, once the model is loaded`,
          got,
          allowed: `"auto" or ${asJson(value)}`,
          fix: [deepspeed.set(path, 'auto')],
        }),
      ];
    });
  },
};

interface Compared {
  readonly path: string;
  /** The train argument, or what it is worked out from. */
  readonly name: string;
  /** Undefined: what was given is no number, so another rule speaks. */
  readonly value: unknown;
}

function compared(run: Run): readonly Compared[] {
  const { args } = run;
  const number = (name: string, fallback: number) => {
    const result = numberOf(args[name] ?? fallback, Number.NaN);
    return Number.isNaN(result) ? undefined : result;
  };
  const batch = number('per_device_train_batch_size', 8);
  const accumulation = number('gradient_accumulation_steps', 1);
  const rate = number('learning_rate', 5e-5);
  const betas = [number('adam_beta1', 0.9), number('adam_beta2', 0.999)];
  const whole = (batch ?? Number.NaN) * (accumulation ?? Number.NaN) * run.gpus * run.nodes;
  const either = (...names: string[]) => names.some((name) => args[name] === true);
  // Where the batch is searched for, the keys of the batch needn't agree.
  const searched = either('auto_find_batch_size');
  return [
    {
      path: 'train_micro_batch_size_per_gpu',
      name: 'per_device_train_batch_size',
      value: searched ? undefined : batch,
    },
    { path: 'gradient_accumulation_steps', name: 'gradient_accumulation_steps', value: accumulation },
    {
      path: 'train_batch_size',
      name: 'per_device_train_batch_size x gradient_accumulation_steps x GPUs',
      value: searched || Number.isNaN(whole) ? undefined : whole,
    },
    { path: 'gradient_clipping', name: 'max_grad_norm', value: number('max_grad_norm', 1) },
    { path: 'optimizer.params.lr', name: 'learning_rate', value: rate },
    {
      path: 'optimizer.params.betas',
      name: 'adam_beta1, adam_beta2',
      value: betas.includes(undefined) ? undefined : betas,
    },
    { path: 'optimizer.params.eps', name: 'adam_epsilon', value: number('adam_epsilon', 1e-8) },
    { path: 'optimizer.params.weight_decay', name: 'weight_decay', value: number('weight_decay', 0) },
    { path: 'scheduler.params.warmup_max_lr', name: 'learning_rate', value: rate },
    { path: 'fp16.enabled', name: 'fp16', value: either('fp16', 'fp16_full_eval') },
    { path: 'bf16.enabled', name: 'bf16', value: either('bf16', 'bf16_full_eval') },
  ];
}

/** Python takes true for 1. */
function same(got: unknown, value: unknown): boolean {
  return isDeepStrictEqual(plain(got), plain(value));
}

function plain(value: unknown): unknown {
  return typeof value === 'boolean' || typeof value === 'bigint' ? Number(value) : value;
}

function at(config: Mapping, path: string): unknown {
  return path.split('.').reduce<unknown>((node, key) => {
    return typeof node === 'object' && node !== null ? (node as Mapping)[key] : undefined;
  }, config);
}
