import { isGiven } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import { found, removeArgument } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'fsdp-with-deepspeed',
  severity: Severity.ERROR,
  reason:
    'FSDP and DeepSpeed both divide the model over the GPUs: the parser takes both, the trainer refuses them once the model is loaded.',
  source: 'transformers: src/transformers/trainer.py, Trainer.__init__',
  check(run) {
    const { fsdp } = run.args;
    const isOn = fsdp === true || (typeof fsdp === 'string' && fsdp !== '') || (Array.isArray(fsdp) && fsdp.length > 0);
    if (!isOn || !isGiven(run, 'deepspeed') || run.args['deepspeed'] === '') return [];
    return [
      found(rule, run, {
        key: 'fsdp',
        message: '`fsdp` and `deepspeed` exclude each other',
        fix: ['fsdp', 'fsdp_config'].filter((key) => key in run.args).map((key) => removeArgument(run, key)),
      }),
    ];
  },
};
