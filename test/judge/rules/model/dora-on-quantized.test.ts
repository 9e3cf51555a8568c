import { rule } from '../../../../src/judge/rules/model/dora-on-quantized';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { quantisedFilesOf } from '../../../../src/run/quantised-files';
import { ruleCases } from '../rule-cases';

const dora = { do_train: true, use_dora: true };
const finds = [
  {
    key: 'use_dora',
    severity: Severity.ERROR,
    got: 'true',
    fix: [{ file: 'train.yaml', key: 'use_dora', op: EditOperation.SET, value: false }],
  },
];

ruleCases(rule, {
  failing: {
    'four bits': { args: { ...dora, quantization_bit: 4 }, finds },
    'eight bits by bnb, as text': { args: { ...dora, quantization_bit: '8', quantization_method: 'bnb' }, finds },
    'another method that is applied': { args: { ...dora, quantization_bit: 4, quantization_method: 'hqq' }, finds },
    'a third': { args: { ...dora, quantization_bit: 8, quantization_method: 'eetq' }, finds },
    'a model quantised already': { args: dora, quantised: quantisedFilesOf('Qwen3-14B-AWQ'), finds },
    'by bitsandbytes': { args: dora, quantised: quantisedFilesOf('Qwen3-14B-bnb-4bit'), finds },
    'new adapters on top of old': {
      args: { ...dora, quantization_bit: 4, adapter_name_or_path: 'saves/a', create_new_adapter: true },
      finds,
    },
  },
  passing: {
    'sixteen bits': { args: { ...dora, model_name_or_path: '/int4-runs/Qwen3-14B' } },
    'no DoRA': { args: { do_train: true, use_dora: false, quantization_bit: 4 } },
    'a method that is not applied leaves 16 bits': {
      args: { ...dora, quantization_bit: 4, quantization_method: 'bitsandbytes' },
    },
    'adapters that go on': { args: { ...dora, quantization_bit: 4, adapter_name_or_path: 'saves/a' } },
    'no training': { args: { use_dora: true, quantization_bit: 4, do_eval: true } },
    'nothing of LoRA': { args: { ...dora, finetuning_type: 'freeze', quantization_bit: 4 } },
  },
});
