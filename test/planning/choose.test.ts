import fc from 'fast-check';
import { CARDS } from '../../src/planning/catalog/cards';
import { MODELS } from '../../src/planning/catalog/models';
import { type Choice, choose, type Way } from '../../src/planning/choose';
import { gpuMemory } from '../../src/planning/memory';
import type { Run } from '../../src/run/run';
import { seedRun } from './runs';

const GiB = 2 ** 30;
const { deepspeed } = seedRun();
const ZERO3 = { file: 'ds.json', config: { zero_optimization: { stage: 3, overlap_comm: true } } };
const WAYS: readonly Way[] = [
  { strategy: 'ddp', deepspeed: undefined },
  { strategy: 'zero3', deepspeed: ZERO3 },
  { strategy: 'zero3-offload', deepspeed },
];
const on = (card: string, model = 'Qwen3-14B', args: Record<string, unknown> = {}): Run => ({
  ...seedRun(args),
  card: CARDS[card],
  model: MODELS[model],
});

/** The run as chosen. */
function chosen(run: Run, choice: Choice): Run {
  const args = {
    ...run.args,
    per_device_train_batch_size: choice.trainBatch,
    gradient_accumulation_steps: choice.accumulation,
    per_device_eval_batch_size: choice.evalBatch,
  };
  return { ...run, args, deepspeed: WAYS.find(({ strategy }) => strategy === choice.strategy)?.deepspeed };
}

test.each([
  ['T10', 'Qwen3-14B', 'zero3-offload', 2],
  ['T4', 'Qwen3-14B', 'zero3-offload', 2],
  ['T10', 'Qwen3-8B', 'ddp', 1],
  ['A10', 'Qwen3-14B', 'ddp', 1],
  ['H100', 'Qwen3-14B', 'ddp', 8],
])('%s and %s: %s with %i a GPU', (card, model, strategy, trainBatch) => {
  expect(choose(on(card, model), WAYS)).toEqual(expect.objectContaining({ strategy, trainBatch, fits: 'fits' }));
});

test('whatever is asked, the effective batch stays, and what is said to fit does', () => {
  const run = fc.record({
    card: fc.constantFrom(...Object.keys(CARDS)),
    model: fc.constantFrom('Qwen3-1.7B', 'Qwen3-8B', 'Qwen3-14B', 'Qwen3-32B'),
    batch: fc.integer({ min: 1, max: 6 }),
    accumulation: fc.integer({ min: 1, max: 12 }),
    length: fc.constantFrom(512, 1024, 4096),
  });
  fc.assert(
    fc.property(run, ({ card, model, batch, accumulation, length }) => {
      const asked = on(card, model, {
        per_device_train_batch_size: batch,
        gradient_accumulation_steps: accumulation,
        cutoff_len: length,
      });
      const choice = choose(asked, WAYS);
      expect(choice.trainBatch * choice.accumulation).toBe(batch * accumulation);
      const after = chosen(asked, choice);
      if (after.model !== undefined) expect(gpuMemory(after, after.model).fits).toBe(choice.fits);
    }),
  );
});

test('what does not fit the memory of the node is not chosen', () => {
  // room for four ranks and their start, but for no offloaded weights
  expect(choose(on('T10'), WAYS, 22 * GiB)).toEqual(expect.objectContaining({ strategy: 'zero3', fits: 'fits' }));
});

test('the evaluation batch is kept where it fits, and is 1 where only that does', () => {
  const choice = (evalBatch: number) => choose(on('T10', 'Qwen3-14B', { per_device_eval_batch_size: evalBatch }), WAYS);
  expect([choice(2).evalBatch, choice(8).evalBatch]).toEqual([2, 1]);
});

test('if nothing fits, it is the way that takes least', () => {
  const run = on('T4', 'Qwen2.5-72B-Instruct');
  expect(choose(run, WAYS).fits).toBe('does not fit');
});

test('without a card the run stays as it is, with the last of the ways', () => {
  expect(choose({ ...seedRun(), card: undefined }, WAYS)).toEqual({
    strategy: 'zero3-offload',
    trainBatch: 2,
    accumulation: 4,
    evalBatch: 2,
  });
});

test('where no speed is known, the first way that fits is taken, with the largest batch', () => {
  const card = { ...(CARDS['H100'] as NonNullable<Run['card']>), fp16FlopsPerSecond: 0 };
  expect(choose({ ...seedRun(), card }, WAYS)).toEqual(expect.objectContaining({ strategy: 'ddp', trainBatch: 8 }));
});
