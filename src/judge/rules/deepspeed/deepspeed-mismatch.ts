import { isDeepStrictEqual } from 'node:util';
import { asNumber, isGiven, isOn, numberOf } from '../../../llamafactory/effective-arguments';
import { asJson } from '../../../run/as-json';
import { type Finding, Severity } from '../../../run/finding';
import type { Mapping, Run } from '../../../run/run';
import { deepspeedOf } from '../../deepspeed-config';
import { found } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'deepspeed-mismatch',
  severity: Severity.ERROR,
  reason:
    'What a DeepSpeed config and the train arguments both say must agree. The trainer compares them only when it starts, with the model loaded, and dies.',
  source: 'transformers: src/transformers/integrations/deepspeed.py, trainer_config_process',
  check(run) {
    const deepspeed = deepspeedOf(run);
    if (deepspeed === undefined) return [];
    const findings: Finding[] = [];
    for (const { path, keys, name, valueIn } of COMPARED) {
      const got = at(deepspeed.config, keys);
      if (got === undefined || got === null || got === 'auto') continue;
      const value = valueIn(run);
      if ([value].flat().some(Number.isNaN) || same(got, value)) continue;
      const finding = found(rule, run, {
        key: path,
        message: `\`${path}\` in the DeepSpeed config differs from \`${name}\`: the trainer refuses to start, once the model is loaded`,
        got,
        allowed: `"auto" or ${asJson(value)}`,
        fix: [deepspeed.set(path, 'auto')],
      });
      findings.push(finding);
    }
    return findings;
  },
};

interface Compared {
  readonly path: string;
  readonly keys: readonly string[];
  /** The train argument, or what it is worked out from. */
  readonly name: string;
  /** With NaN in it: what was given is no number, so another rule speaks. */
  valueIn(run: Run): boolean | number | number[];
}

const COMPARED: readonly Compared[] = [
  compared('train_micro_batch_size_per_gpu', 'per_device_train_batch_size', batch),
  sameAs('gradient_accumulation_steps', 'gradient_accumulation_steps'),
  compared(
    'train_batch_size',
    'per_device_train_batch_size x gradient_accumulation_steps x GPUs',
    (run) => batch(run) * number(run, 'gradient_accumulation_steps') * run.gpus * run.nodes,
  ),
  sameAs('gradient_clipping', 'max_grad_norm'),
  sameAs('optimizer.params.lr', 'learning_rate'),
  compared('optimizer.params.betas', 'adam_beta1, adam_beta2', (run) =>
    ['adam_beta1', 'adam_beta2'].map((name) => number(run, name)),
  ),
  sameAs('optimizer.params.eps', 'adam_epsilon'),
  sameAs('optimizer.params.weight_decay', 'weight_decay'),
  sameAs('scheduler.params.warmup_max_lr', 'learning_rate'),
  compared('fp16.enabled', 'fp16', (run) => isOn(run, 'fp16') || isOn(run, 'fp16_full_eval')),
  compared('bf16.enabled', 'bf16', (run) => isOn(run, 'bf16') || isOn(run, 'bf16_full_eval')),
];

function compared(path: string, name: string, valueIn: Compared['valueIn']): Compared {
  return { path, keys: path.split('.'), name, valueIn };
}

function sameAs(path: string, name: string): Compared {
  return compared(path, name, (run) => number(run, name));
}

function number(run: Run, name: string): number {
  return isGiven(run, name) ? asNumber(run.args[name], Number.NaN) : numberOf(run, name);
}

/** Where the batch is searched for, the keys of the batch needn't agree. */
function batch(run: Run): number {
  return isOn(run, 'auto_find_batch_size') ? Number.NaN : number(run, 'per_device_train_batch_size');
}

/** Python takes true for 1. */
function same(got: unknown, value: unknown): boolean {
  return isDeepStrictEqual(plain(got), plain(value));
}

function plain(value: unknown): unknown {
  return typeof value === 'boolean' || typeof value === 'bigint' ? Number(value) : value;
}

function at(config: Mapping, keys: readonly string[]): unknown {
  let node: unknown = config;
  for (const key of keys) node = typeof node === 'object' && node !== null ? (node as Mapping)[key] : undefined;
  return node;
}
