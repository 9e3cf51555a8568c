import { rule } from '../../../../src/judge/rules/model/quantization-without-effect';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { quantisedFilesOf } from '../../../../src/run/quantised-files';
import { deepspeed, ruleCases } from '../rule-cases';

const set = (key: string, value: unknown) => ({ file: 'train.yaml', key, op: EditOperation.SET, value });
const BNB = set('quantization_method', 'bnb');

ruleCases(rule, {
  failing: {
    'bitsandbytes, the name of 0.9.2': {
      args: { quantization_bit: 4, quantization_method: 'bitsandbytes' },
      finds: [{ key: 'quantization_method', severity: Severity.ERROR, fix: [BNB], got: 'bitsandbytes' }],
    },
    'bitsandbytes in 0.9.3': {
      release: '0.9.3',
      args: { quantization_bit: 4, quantization_method: 'bitsandbytes' },
      finds: [{ key: 'quantization_method' }],
    },
    'null, which is none of the methods': {
      args: { quantization_bit: 8, quantization_method: null },
      finds: [{ key: 'quantization_method', fix: [BNB] }],
    },
    'gptq on a model that is not quantised, with bits bnb has not': {
      args: { quantization_bit: 3, quantization_method: 'gptq', model_name_or_path: 'Qwen/Qwen3-14B' },
      finds: [{ key: 'quantization_method', fix: [BNB, set('quantization_bit', 4)] }],
    },
    '8 bits under ZeRO-3, which takes 4 alone': {
      args: { quantization_bit: 8, quantization_method: 'bitsandbytes' },
      ...deepspeed({ zero_optimization: { stage: 3 } }),
      finds: [{ key: 'quantization_method', fix: [BNB, set('quantization_bit', 4)] }],
    },
  },
  passing: {
    'the default': { args: { quantization_bit: 4 } },
    bnb: { args: { quantization_bit: 4, quantization_method: 'bnb' } },
    hqq: { args: { quantization_bit: 4, quantization_method: 'hqq' } },
    'no bits': { args: { quantization_method: 'bitsandbytes' } },
    'null bits': { args: { quantization_bit: null, quantization_method: 'bitsandbytes' } },
    'a model that is quantised already': {
      args: { quantization_bit: 4, quantization_method: 'gptq', model_name_or_path: 'Qwen/Qwen3-14B-GPTQ-Int4' },
      quantised: quantisedFilesOf('Qwen3-14B-GPTQ-Int4'),
    },
  },
});
