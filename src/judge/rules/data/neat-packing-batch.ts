import { isOn } from '../../../llamafactory/effective-arguments';
import { settingsOf } from '../../../planning/settings';
import { Severity } from '../../../run/finding';
import { before } from '../../../run/releases';
import { found, setArgument } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'neat-packing-batch',
  severity: Severity.ERROR,
  reason:
    'With FlashAttention 2 `neat_packing` takes, since 0.9.5, one sequence a batch: with more the first batch ends in an AssertionError, "bsz should be 1 for neat packing". Other kernels take any batch.',
  source: 'src/llamafactory/data/collator.py, SFTDataCollatorWith4DAttentionMask',
  check(run) {
    const lacksFlash = run.image !== undefined && run.image.flashAttention === undefined;
    if (before(run.release, '0.9.5') || !isOn(run, 'neat_packing') || run.args['flash_attn'] !== 'fa2' || lacksFlash)
      return [];
    const { trainBatch, accumulation, evalBatch, evaluates } = settingsOf(run);
    const batches = [
      ...(isOn(run, 'do_train') && trainBatch > 1 ? ['per_device_train_batch_size'] : []),
      ...(evaluates && evalBatch > 1 ? ['per_device_eval_batch_size'] : []),
    ];
    return batches.map((key) =>
      found(rule, run, {
        key,
        message: 'FlashAttention 2 with `neat_packing` takes one sequence a batch',
        got: run.args[key],
        allowed: '1',
        fix: [
          setArgument(run, key, 1),
          ...(key === 'per_device_train_batch_size'
            ? [setArgument(run, 'gradient_accumulation_steps', trainBatch * accumulation)]
            : []),
        ],
      }),
    );
  },
};
