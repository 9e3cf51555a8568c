import { isOn } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import { found, removeArgument, setArgument } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'bf16-unsupported',
  severity: Severity.ERROR,
  reason:
    'Cards before Ampere have no bf16 units. torch emulates them and says that bf16 is supported, so the parser lets it pass and the run crawls.',
  source: 'torch: torch/cuda/__init__.py, is_bf16_supported(including_emulation=True)',
  check(run) {
    const { card } = run;
    if (card === undefined || card.computeCapability >= 8) return [];
    const wide = !isOn(run, 'fp16') && !isOn(run, 'fp16_full_eval');
    return ['bf16', 'pure_bf16', 'bf16_full_eval']
      .filter((key) => isOn(run, key))
      .map((key) =>
        found(rule, run, {
          key,
          message: `the ${card.name} has no bf16 units (compute capability ${card.computeCapability.toFixed(1)}, bf16 needs 8.0): torch emulates them, slowly`,
          got: true,
          fix: [
            removeArgument(run, key),
            ...(wide && key !== 'bf16_full_eval' ? [setArgument(run, 'fp16', true)] : []),
          ],
        }),
      );
  },
};
