import { isOn } from '../../../llamafactory/effective-arguments';
import { section } from '../../../planning/settings';
import { type Finding, Severity } from '../../../run/finding';
import { transformersOf } from '../../../run/releases';
import type { Run } from '../../../run/run';
import { found, removeArgument, setArgument } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'gradient-checkpointing-stays-on',
  severity: Severity.WARNING,
  reason:
    "Two arguments turn gradient checkpointing on. LLaMA-Factory does so unless `disable_gradient_checkpointing`, so `gradient_checkpointing: false` turns nothing off; transformers' Trainer does so by `gradient_checkpointing`, whatever the other says. Before transformers 5 what the Trainer turns on gives adapters and frozen models no gradient: the first step dies, which is an error.",
  source:
    'src/llamafactory/model/model_utils/checkpointing.py, prepare_model_for_training; transformers: src/transformers/modeling_utils.py, gradient_checkpointing_enable; both tried on a CPU with each release',
  check(run) {
    const { args } = run;
    if (args['gradient_checkpointing'] === false && args['disable_gradient_checkpointing'] === undefined) {
      return [
        found(rule, run, {
          key: 'gradient_checkpointing',
          message: 'gradient checkpointing stays on: LLaMA-Factory asks `disable_gradient_checkpointing` alone',
          got: false,
          fix: [
            removeArgument(run, 'gradient_checkpointing'),
            setArgument(run, 'disable_gradient_checkpointing', true),
          ],
        }),
      ];
    }
    return isOn(run, 'gradient_checkpointing') && isOn(run, 'disable_gradient_checkpointing') ? [onAndOff(run)] : [];
  },
};

function onAndOff(run: Run): Finding {
  const { args } = run;
  const reentrant = section(args, 'gradient_checkpointing_kwargs')['use_reentrant'] !== false;
  const dies = transformersOf(run).major < 5 && reentrant && args['finetuning_type'] !== 'full';
  return found(rule, run, {
    key: 'gradient_checkpointing',
    severity: dies ? Severity.ERROR : Severity.WARNING,
    message: dies
      ? '`gradient_checkpointing` beside `disable_gradient_checkpointing` leaves nothing that trains with a gradient: the first step dies'
      : 'gradient checkpointing stays on: `gradient_checkpointing` wins over `disable_gradient_checkpointing`',
    got: args['gradient_checkpointing'],
    fix: [removeArgument(run, 'gradient_checkpointing')],
  });
}
