import { rule } from '../../../../src/judge/rules/arguments/argument-choice';
import { EditOperation } from '../../../../src/run/finding';
import { DEFAULT_RELEASE, type Release } from '../../../../src/run/releases';
import type { Run } from '../../../../src/run/run';

const check = (args: Run['args'], release: Release = DEFAULT_RELEASE) =>
  rule.check({ path: 'train.yaml', file: 'train.yaml', release, args, datasets: [], gpus: 4, nodes: 1 });

describe('argument-choice', () => {
  test.each([
    { quantization_method: 'bnb' },
    { quantization_method: 'bitsandbytes', quantization_bit: 4 },
    { pref_loss: 'simpo' },
    { mix_strategy: 'interleave_under' },
    { log_level: 'info' },
    { optim: 'anything' },
    { badam_switch_mode: null },
    { template: 'anything' },
  ])('nothing to say about %j', (args) => {
    expect(check(args)).toEqual([]);
  });

  test('of what nothing reads no value is wrong', () => {
    expect(check({ quantization_method: 'bitsandbytes', quantization_bit: null })).toEqual([]);
    expect(check({ pref_loss: 'zzz', stage: 'sft' })).toEqual([]);
  });

  test('a choice of a later release is an error', () => {
    expect(check({ mix_strategy: 'interleave_once' }, '0.9.5')).toEqual([]);
    expect(check({ mix_strategy: 'interleave_once' }, '0.9.4')).toMatchObject([{ key: 'mix_strategy' }]);
  });

  test('the nearest choice is the fix', () => {
    expect(check({ stage: 'dpo', pref_loss: 'sigmoide' })).toMatchObject([
      { fix: [{ op: EditOperation.SET, value: 'sigmoid' }] },
    ]);
  });

  test('what is like no choice is removed', () => {
    expect(check({ stage: 'dpo', pref_loss: 'zzz' })).toMatchObject([
      { fix: [{ op: EditOperation.REMOVE, key: 'pref_loss' }] },
    ]);
  });
});
