import { CARDS } from '../../src/planning/catalog/cards';
import { MODELS } from '../../src/planning/catalog/models';
import { scheduleOf } from '../../src/planning/schedule';
import { type Bounds, throughputOf } from '../../src/planning/throughput';
import type { Mapping, Run } from '../../src/run/run';
import { measurements, predictSeconds, warmSeconds } from '../../tools/measured-runs';
import { seedRun } from './runs';

const timed = ['whole-runs.jsonl', 'several-ranks.jsonl']
  .flatMap(measurements)
  .filter(({ rank, ...measured }) => (rank ?? 0) === 0 && warmSeconds(measured) !== undefined)
  .map((each) => {
    const { card = 'H100', model, strategy, world_size, per_device_train_batch_size: batch, sequence_tokens } = each;
    const data = each.sample_tokens === undefined ? 'full' : 'short';
    return [`${model} ${strategy} on ${world_size} ${card}, ${batch} x ${sequence_tokens}, ${data}`, each] as const;
  });

test.each(timed)('the bounds hold: %s', (_, measured) => {
  const { least, most } = predictSeconds(measured) ?? { least: 0, most: 0 };
  const seconds = warmSeconds(measured) ?? 0;
  expect(seconds).toBeGreaterThan(least);
  expect(seconds).toBeLessThan(most);
});

const spread = ({ least, most }: Bounds) => most / least;
const sentences = (bytes: number) => ({
  datasets: [{ name: 'math', rows: Array.from({ length: 200 }, () => ({ text: 'word '.repeat(bytes / 5) })) }],
});
const speedOf = (args: Mapping = {}, more: Partial<Run> = {}, strategy: 'ddp' | 'zero3-offload' = 'ddp') => {
  const run = { ...seedRun(args, strategy), ...more };
  const throughput = throughputOf(run, run.model, scheduleOf(run));
  if (throughput?.seconds === undefined) throw new Error('the run has a duration');
  return { ...throughput, seconds: throughput.seconds };
};

test.each([
  ['H100', 2.5],
  ['H200', 2.5],
  ['T10', 4],
  ['A100-80GB', 4],
  ['RTX-4090', 4],
])('the bounds of the duration on a %s are at most %f apart', (card, most) => {
  for (const strategy of ['ddp', 'zero3-offload'] as const) {
    for (const data of [sentences(200), sentences(20_000), {}]) {
      const { seconds } = speedOf({}, { ...data, card: CARDS[card] }, strategy);
      expect(spread(seconds)).toBeLessThanOrEqual(most + 1e-9);
    }
  }
});

test('short samples take less than full sequences, which stand beside them', () => {
  const { secondsPerStep, seconds, fullSequences, sampleTokens } = speedOf({}, sentences(500));
  expect(sampleTokens).toBeLessThan(300);
  expect(secondsPerStep.most).toBeLessThan(fullSequences.secondsPerStep.least);
  expect(seconds.most).toBeLessThan(fullSequences.seconds?.least ?? 0);
});

test('samples longer than cutoff_len are cut there', () => {
  const { secondsPerStep, fullSequences } = speedOf({}, sentences(50_000));
  expect(secondsPerStep).toEqual(fullSequences.secondsPerStep);
});

test('packed samples fill their sequences, however short they are', () => {
  const { secondsPerStep, fullSequences } = speedOf({ packing: true }, sentences(500));
  expect(secondsPerStep.most).toBeCloseTo(fullSequences.secondsPerStep.most);
});

test('batches of samples about as long as each other are padded less', () => {
  const rows = Array.from({ length: 200 }, (_, i) => ({ text: 'word '.repeat(10 * i) }));
  const more = { datasets: [{ name: 'math', rows }] };
  const grouped = speedOf({ train_sampling_strategy: 'group_by_length' }, more);
  expect(grouped.secondsPerStep.most).toBeLessThan(speedOf({}, more).secondsPerStep.most);
});

test('the evaluation set is timed by its own samples', () => {
  const short = sentences(100).datasets;
  const with_ = (bytes: number) => ({
    datasets: [...short, ...sentences(bytes).datasets.map((each) => ({ ...each, name: 'held', evaluation: true }))],
  });
  const seconds = (bytes: number) => speedOf({ val_size: 0, eval_steps: 1 }, with_(bytes)).seconds.most;
  expect(seconds(10_000)).toBeGreaterThan(2 * seconds(100));
});

test('a quicker card is never planned as a slower one', () => {
  const on = (card: string) => speedOf({}, { card: CARDS[card], model: MODELS['Qwen3-14B'] }).secondsPerStep.most;
  expect(on('H200')).toBeLessThan(on('T10'));
});
