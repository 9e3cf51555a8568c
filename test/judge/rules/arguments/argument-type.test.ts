import { rule } from '../../../../src/judge/rules/arguments/argument-type';
import { EditOperation } from '../../../../src/run/finding';
import { DEFAULT_RELEASE, type Release } from '../../../../src/run/releases';
import type { Run } from '../../../../src/run/run';

const check = (args: Run['args'], release: Release = DEFAULT_RELEASE) =>
  rule.check({ path: 'train.yaml', file: 'train.yaml', release, args, datasets: [], gpus: 4, nodes: 1 });

describe('argument-type', () => {
  test.each([
    { learning_rate: 1e-4 },
    { learning_rate: 1 },
    { lora_target: 'all' },
    { lora_target: ['q_proj', 'v_proj'] },
    { resume_from_checkpoint: true },
    { lora_alpha: null },
    { do_train: true, bf16: false },
    { report_to: ['tensorboard'] },
    { deepspeed: { zero_optimization: { stage: 2 } } },
    { no_such_argument: 'x' },
    { lr_scheduler_kwargs: '{"min_lr": 1e-6}', gradient_checkpointing_kwargs: { use_reentrant: false } },
    { lora_alpha: 0, weight_decay: 0, warmup_ratio: 1 },
  ])('nothing to say about %j', (args) => {
    expect(check(args)).toEqual([]);
  });

  test.each([
    ['learning_rate', 'abc'],
    ['lora_rank', 0],
    ['cutoff_len', 0.5],
    ['do_train', 'maybe'],
    ['lora_dropout', 2],
    ['template', 5],
    ['num_train_epochs', -1],
    ['learning_rate', 1.5],
    ['warmup_ratio', 10],
    ['lora_alpha', -8],
    ['early_stopping_steps', 0],
    ['lr_scheduler_kwargs', 'min_lr=1e-6'],
    ['gradient_checkpointing_kwargs', ''],
    ['per_device_train_batch_size', null],
  ])('%s: %j is an error', (key, value) => {
    expect(check({ [key]: value })).toMatchObject([{ id: 'argument-type', key, severity: 'error' }]);
  });

  test('a number in quotes is set as a number', () => {
    expect(check({ learning_rate: '1e-4' }, '0.9.3')).toMatchObject([
      {
        change: 'set `learning_rate` to 0.0001',
        fix: [{ op: EditOperation.SET, key: 'learning_rate', value: 0.0001 }],
      },
    ]);
  });

  test('false in quotes, which Python takes for true, is set as false', () => {
    expect(check({ do_train: 'false' })).toMatchObject([{ fix: [{ op: EditOperation.SET, value: false }] }]);
  });

  test('what has no meaning is removed', () => {
    expect(check({ learning_rate: 'abc' })).toMatchObject([
      { fix: [{ op: EditOperation.REMOVE, key: 'learning_rate' }] },
    ]);
  });

  test('a number where text is meant becomes text', () => {
    expect(check({ run_name: 5 })).toMatchObject([{ fix: [{ op: EditOperation.SET, value: '5' }] }]);
  });

  test.each(['deepspeed', 'fsdp', 'debug'])('a number for %s, which also takes other forms, is removed', (key) => {
    expect(check({ [key]: -1 })).toMatchObject([{ fix: [{ op: EditOperation.REMOVE, key }] }]);
  });

  test('the model, without which there is no run, is never removed', () => {
    const [finding] = check({ model_name_or_path: ['a'] });
    expect(finding).toMatchObject({ change: 'say which `model_name_or_path` is meant' });
    expect(finding?.fix).toBeUndefined();
  });

  test('says what is allowed', () => {
    expect(check({ lora_rank: 0 })).toMatchObject([{ got: '0', allowed: 'a whole number above 0' }]);
  });

  test('of what nothing reads no value is wrong', () => {
    expect(check({ stage: 'sft', pref_beta: null })).toEqual([]);
    expect(check({ finetuning_type: 'full', lora_rank: 0 })).toEqual([]);
    expect(check({ stage: 'dpo', pref_beta: 0 })).toMatchObject([{ key: 'pref_beta' }]);
  });
});
