import { rule } from '../../../../src/judge/rules/hardware/gpu-memory';
import { MODELS } from '../../../../src/planning/catalog/models';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { A100, chat, QWEN3_14B, ruleCases, runOf, T10 } from '../rule-cases';

const ARGS = {
  quantization_bit: 4,
  quantization_method: 'bnb',
  fp16: true,
  lora_rank: 16,
  cutoff_len: 2048,
  per_device_train_batch_size: 2,
  gradient_accumulation_steps: 4,
};
const ON_T10 = { card: T10, model: QWEN3_14B };
const set = (key: string, value: unknown) => ({ file: 'train.yaml', key, op: EditOperation.SET, value });

ruleCases(rule, {
  failing: {
    'steps that need more than the card has': {
      ...ON_T10,
      args: ARGS,
      finds: [
        {
          key: 'per_device_train_batch_size',
          severity: Severity.ERROR,
          message: "the run doesn't fit the card, in a step with sequences of cutoff_len 2048",
          got: '20.9 GB needed',
          allowed: '15.9 GB on a T10',
          change: expect.stringMatching(
            /^ZeRO-3 with offload in place of ddp: .*; or per_device_train_batch_size 2 -> 1, /,
          ),
          fix: expect.arrayContaining([set('deepspeed', 'ds_zero3_offload.json')]),
        },
      ],
    },
    'an evaluation that needs more': {
      ...ON_T10,
      args: { ...ARGS, per_device_train_batch_size: 1, cutoff_len: 1024, eval_strategy: 'steps' },
      finds: [
        {
          key: 'per_device_eval_batch_size',
          severity: Severity.ERROR,
          message: "the run doesn't fit the card, in an evaluation with sequences of cutoff_len 1024",
          fix: [set('per_device_eval_batch_size', 1)],
        },
      ],
    },
    'a run that fits with the samples it has, and not at full length': {
      ...ON_T10,
      args: ARGS,
      datasets: [chat(100)],
      finds: [
        {
          severity: Severity.ADVICE,
          message: 'the run fits with the samples it has, but not in a step with sequences of cutoff_len 2048',
        },
      ],
    },
    "a margin below the planner's own error": {
      ...ON_T10,
      args: { ...ARGS, per_device_train_batch_size: 1, cutoff_len: 1900 },
      finds: [
        {
          severity: Severity.WARNING,
          message: expect.stringContaining("fits by less than the planner's own error of "),
        },
      ],
    },
  },
  passing: {
    'a run that fits': { ...ON_T10, args: { ...ARGS, per_device_train_batch_size: 1, cutoff_len: 1024 } },
    'the same on a larger card': { card: A100, model: QWEN3_14B, args: ARGS },
    'no card known': { model: QWEN3_14B, args: ARGS },
    'no model known': { card: T10, args: ARGS },
  },
});

test('gpu-memory: where nothing makes the model fit, no change is named', () => {
  const run = runOf({ card: T10, model: MODELS['Qwen2.5-72B-Instruct'], args: { ...ARGS, cutoff_len: 16 }, gpus: 1 });
  const [finding] = rule.check(run);
  expect([finding?.severity, finding?.change, finding?.fix]).toEqual([Severity.ERROR, undefined, undefined]);
});
