import { rule } from '../../../../src/judge/rules/hardware/bf16-unsupported';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { A100, ruleCases, T10 } from '../rule-cases';

const remove = (key: string) => ({ file: 'train.yaml', key, op: EditOperation.REMOVE });
const FP16 = { file: 'train.yaml', key: 'fp16', op: EditOperation.SET, value: true };

ruleCases(rule, {
  failing: {
    'bf16 on Turing': {
      card: T10,
      args: { bf16: true },
      finds: [{ key: 'bf16', severity: Severity.ERROR, fix: [remove('bf16'), FP16] }],
    },
    'pure_bf16 beside fp16': {
      card: T10,
      args: { pure_bf16: true, fp16: true },
      finds: [{ key: 'pure_bf16', fix: [remove('pure_bf16')] }],
    },
    'an evaluation in bf16': {
      card: T10,
      args: { bf16_full_eval: true },
      finds: [{ key: 'bf16_full_eval', fix: [remove('bf16_full_eval')] }],
    },
  },
  passing: {
    'bf16 on Ampere': { card: A100, args: { bf16: true } },
    'a card that is not known': { args: { bf16: true } },
    'bf16 that is off': { card: T10, args: { bf16: false, pure_bf16: false, fp16: true } },
  },
});
