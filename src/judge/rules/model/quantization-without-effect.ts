import { argumentOf, isGiven } from '../../../llamafactory/effective-arguments';
import { strategyOf } from '../../../planning/settings';
import { Severity } from '../../../run/finding';
import type { Run } from '../../../run/run';
import { found, setArgument } from '../../found';
import type { Rule } from '../../rule';

/** The methods that quantise a model while it is loaded; the others only name how a model was quantised before. */
const ON_THE_FLY: readonly unknown[] = ['bnb', 'hqq', 'eetq'];

/** True if `quantization_bit` has an effect: with bnb, the default, or another method of those. */
export function quantisesOnLoad(run: Run): boolean {
  return ON_THE_FLY.includes(argumentOf(run, 'quantization_method'));
}

export const rule: Rule = {
  id: 'quantization-without-effect',
  severity: Severity.ERROR,
  reason:
    'With a `quantization_method` that LLaMA-Factory does not apply, `quantization_bit` is ignored without a word: the model is loaded in 16 bit and takes about four times the memory. Since 0.9.3 `bitsandbytes` is such a value.',
  source: 'src/llamafactory/model/model_utils/quantization.py, configure_quantization',
  everyKind: true,
  check(run) {
    if (!isGiven(run, 'quantization_bit') || quantisesOnLoad(run)) return [];
    // Of files that are quantised already the method says what they are.
    if (run.quantised !== undefined) return [];
    return [
      found(rule, run, {
        key: 'quantization_method',
        message: `LLaMA-Factory ${run.release} ignores this \`quantization_method\`: \`quantization_bit\` has no effect, and the model is loaded in 16 bit`,
        got: run.args['quantization_method'],
        allowed: ON_THE_FLY.join(', '),
        fix: [setArgument(run, 'quantization_method', 'bnb'), ...bits(run)],
      }),
    ];
  },
};

/** bitsandbytes takes 4 and 8 bits, under ZeRO-3 4 alone. */
function bits(run: Run) {
  const given = run.args['quantization_bit'];
  const usable = given === 4 || (given === 8 && !strategyOf(run).startsWith('zero3'));
  return usable ? [] : [setArgument(run, 'quantization_bit', 4)];
}
