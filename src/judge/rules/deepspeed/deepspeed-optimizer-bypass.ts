import { isGiven, isOn } from '../../../llamafactory/effective-arguments';
import { section } from '../../../planning/settings';
import { type Edit, Severity } from '../../../run/finding';
import type { Run } from '../../../run/run';
import { type DeepspeedConfig, deepspeedOf } from '../../deepspeed-config';
import { found, removeArgument } from '../../found';
import type { Rule } from '../../rule';

/** Arguments that ask for an optimizer of LLaMA-Factory's. */
const SWITCHES = ['use_badam', 'use_muon', 'use_adam_mini', 'use_galore', 'use_apollo'];

export const rule: Rule = {
  id: 'deepspeed-optimizer-bypass',
  severity: Severity.WARNING,
  reason:
    'With an `optimizer` section in its config DeepSpeed makes the optimizer itself, and LoRA+, BAdam, Muon, Adam-mini and the `optim` of the train config are left out without a word.',
  source: 'transformers: src/transformers/integrations/deepspeed.py, deepspeed_optim_sched',
  check(run) {
    const deepspeed = deepspeedOf(run);
    if (deepspeed === undefined || !('optimizer' in deepspeed.config)) return [];
    const type = String(section(deepspeed.config, 'optimizer')['type']);
    return bypassed(run, type).map((key) =>
      found(rule, run, {
        key,
        message: `the \`optimizer\` section of the DeepSpeed config takes the place of \`${key}\`, which has no effect`,
        got: run.args[key],
        fix: [fixOf(run, deepspeed, key)],
      }),
    );
  },
};

function bypassed(run: Run, type: string): string[] {
  const { args } = run;
  const optim = args['optim'];
  const isSame = typeof optim === 'string' && /^adamw(_torch|_torch_fused|_hf)?$/.test(optim) && /^adamw$/i.test(type);
  return [
    ...(isGiven(run, 'loraplus_lr_ratio') ? ['loraplus_lr_ratio'] : []),
    ...SWITCHES.filter((key) => isOn(run, key)),
    ...(isGiven(run, 'optim') && !isSame ? ['optim'] : []),
  ];
}

/** LoRA+ is AdamW with two rates: accelerate finds an optimizer for it. Others would meet DeepSpeed's offload. */
function fixOf(run: Run, deepspeed: DeepspeedConfig, key: string): Edit {
  const wanted = key === 'loraplus_lr_ratio' && run.args[key] !== 1;
  return wanted ? deepspeed.remove('optimizer') : removeArgument(run, key);
}
