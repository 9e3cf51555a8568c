import { Severity } from '../../../run/finding';
import { found, setArgument } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'flash-attention-unsupported',
  severity: Severity.ERROR,
  reason:
    'FlashAttention 2 runs on Ampere cards and newer: on others the first step dies. In an image without flash-attn LLaMA-Factory falls back to another kernel, with a warning in the log.',
  source: 'flash-attn: README.md; src/llamafactory/model/model_utils/attention.py',
  check(run) {
    const { args, card, image } = run;
    const kernel = args['flash_attn'];
    if (kernel !== 'fa2' && kernel !== 'fa3') return [];
    const inImage = image === undefined || image.flashAttention !== undefined;
    const onCard = card === undefined || card.computeCapability >= 8;
    if (inImage && onCard) return [];
    return [
      found(rule, run, {
        key: 'flash_attn',
        severity: inImage ? Severity.ERROR : Severity.WARNING,
        message: inImage
          ? `FlashAttention needs compute capability 8.0, and the ${card?.name} has ${card?.computeCapability.toFixed(1)}: the first step dies`
          : 'the image has no flash-attn: LLaMA-Factory falls back to another kernel',
        got: kernel,
        allowed: 'auto, sdpa, disabled',
        fix: [setArgument(run, 'flash_attn', 'auto')],
      }),
    ];
  },
};
