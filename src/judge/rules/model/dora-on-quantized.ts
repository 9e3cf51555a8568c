import { isGiven, isOn, numberOf, textOf } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import type { Run } from '../../../run/run';
import { found, setArgument } from '../../found';
import type { Rule } from '../../rule';
import { quantisesOnLoad } from './quantization-without-effect';

export const rule: Rule = {
  id: 'dora-on-quantized',
  severity: Severity.ERROR,
  reason:
    'LLaMA-Factory means to allow DoRA on bitsandbytes\' weights, but compares transformers\' name `bitsandbytes` with its own `bnb`: DoRA on any quantised model stops with "DoRA is not compatible with PTQ-quantized models" once the model is loaded.',
  source:
    'src/llamafactory/model/adapter.py, _setup_lora_tuning; src/llamafactory/extras/constants.py; tried on a GPU and a CPU',
  check(run) {
    const goesOn = isGiven(run, 'adapter_name_or_path') && !isOn(run, 'create_new_adapter');
    const isLora = textOf(run, 'finetuning_type') === 'lora';
    if (!isOn(run, 'use_dora') || !isLora || goesOn || !isOn(run, 'do_train') || !isQuantised(run)) return [];
    return [
      found(rule, run, {
        key: 'use_dora',
        message: 'DoRA is refused on a quantised model',
        got: run.args['use_dora'],
        change: 'set use_dora: false, or leave quantization_bit out: the model then takes 16 bits a weight',
        fix: [setArgument(run, 'use_dora', false)],
      }),
    ];
  },
};

/** On load or already; a method that LLaMA-Factory doesn't apply quantises nothing. */
function isQuantised(run: Run): boolean {
  return run.quantised !== undefined || (numberOf(run, 'quantization_bit', 0) > 0 && quantisesOnLoad(run));
}
