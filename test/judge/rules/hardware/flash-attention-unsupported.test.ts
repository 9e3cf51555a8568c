import { rule } from '../../../../src/judge/rules/hardware/flash-attention-unsupported';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { A100, BARE_IMAGE, ruleCases, T10 } from '../rule-cases';

const fix = [{ file: 'train.yaml', key: 'flash_attn', op: EditOperation.SET, value: 'auto' }];

ruleCases(rule, {
  failing: {
    'fa2 on Turing': {
      card: T10,
      args: { flash_attn: 'fa2' },
      finds: [{ key: 'flash_attn', severity: Severity.ERROR, fix }],
    },
    'fa2 in an image without it': {
      card: A100,
      image: BARE_IMAGE,
      args: { flash_attn: 'fa2' },
      finds: [{ key: 'flash_attn', severity: Severity.WARNING, fix }],
    },
  },
  passing: {
    'fa2 on Ampere': { card: A100, args: { flash_attn: 'fa2' } },
    'fa2 on Ampere in an image with it': {
      card: A100,
      image: { ...BARE_IMAGE, flashAttention: '2.7.4' },
      args: { flash_attn: 'fa2' },
    },
    'auto on Turing': { card: T10, image: BARE_IMAGE, args: { flash_attn: 'auto' } },
    'nothing known': { args: { flash_attn: 'fa2' } },
  },
});
