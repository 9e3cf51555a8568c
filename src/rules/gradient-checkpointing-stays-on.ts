import { Severity } from '../finding';
import { found, removeArgument, setArgument } from './found';
import type { Rule } from './rule';

export const rule: Rule = {
  id: 'gradient-checkpointing-stays-on',
  severity: Severity.WARNING,
  reason:
    'LLaMA-Factory turns gradient checkpointing on by itself and asks `disable_gradient_checkpointing` alone: `gradient_checkpointing: false` turns nothing off.',
  source: 'src/llamafactory/model/model_utils/checkpointing.py, prepare_model_for_training',
  check(run) {
    const { args } = run;
    if (args['gradient_checkpointing'] !== false || args['disable_gradient_checkpointing'] !== undefined) return [];
    return [
      found(rule, run, {
        key: 'gradient_checkpointing',
        message: 'gradient checkpointing stays on: LLaMA-Factory asks `disable_gradient_checkpointing` alone',
        got: false,
        fix: [removeArgument(run, 'gradient_checkpointing'), setArgument(run, 'disable_gradient_checkpointing', true)],
      }),
    ];
  },
};
