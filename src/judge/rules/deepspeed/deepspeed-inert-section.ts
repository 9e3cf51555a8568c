import { asNumber } from '../../../llamafactory/effective-arguments';
import { section } from '../../../planning/settings';
import { type Finding, Severity } from '../../../run/finding';
import { deepspeedOf } from '../../deepspeed-config';
import { found } from '../../found';
import type { Rule } from '../../rule';

/** Options that the optimizers of stages 1 and 2 alone are given. */
const STAGES_1_AND_2 = [
  'round_robin_gradients',
  'allgather_partitions',
  'allgather_bucket_size',
  'ignore_unused_parameters',
];

/** Options that stage 3 alone has, beside those that begin with `stage3_`. */
const STAGE_3 = ['offload_param', 'sub_group_size'];

export const rule: Rule = {
  id: 'deepspeed-inert-section',
  severity: Severity.WARNING,
  reason:
    "DeepSpeed takes keys that nothing reads: the `activation_checkpointing` section works only for models that call DeepSpeed's own checkpointing, which those of transformers do not, and each ZeRO stage has options of its own. What their author hoped for does not happen.",
  source: 'deepspeed: deepspeed/runtime/zero/config.py, deepspeed/runtime/engine.py',
  check(run) {
    const deepspeed = deepspeedOf(run);
    if (deepspeed === undefined) return [];
    const zero = section(deepspeed.config, 'zero_optimization');
    const stage = asNumber(zero['stage'], Number.NaN);
    const inert = (key: string, message: string): Finding =>
      found(rule, run, { key, message, fix: [deepspeed.remove(key)] });
    const sections =
      'activation_checkpointing' in deepspeed.config
        ? [
            inert(
              'activation_checkpointing',
              'nothing reads `activation_checkpointing` in the DeepSpeed config; LLaMA-Factory checkpoints activations unless `disable_gradient_checkpointing` is true',
            ),
          ]
        : [];
    const options = Object.keys(zero).flatMap((key) => {
      const other = otherStage(stage, key);
      return other === undefined
        ? []
        : [
            inert(
              `zero_optimization.${key}`,
              `\`${key}\` is an option of ${other}, and this is stage ${stage}: it has no effect`,
            ),
          ];
    });
    return [...sections, ...options];
  },
};

function otherStage(stage: number, key: string): string | undefined {
  if (stage === 3 && STAGES_1_AND_2.includes(key)) return 'stages 1 and 2';
  const early = stage === 0 || stage === 1 || stage === 2;
  return early && (key.startsWith('stage3_') || STAGE_3.includes(key)) ? 'stage 3' : undefined;
}
