import { scheduleOf } from '../../src/planning/schedule';
import type { Release } from '../../src/run/releases';
import type { Mapping, Run, RunDataset } from '../../src/run/run';
import { seedRun } from './runs';

/** What is left of both parts of `Dataset.train_test_split(val_size, seed=seed)`, datasets 4.0.0, without some rows. */
const SPLITS = [
  { rows: 20, left_out: [2, 3, 4, 8, 18], val_size: 0.1, seed: 42, train: 13, evaluation: 2 },
  { rows: 15, left_out: [7, 12, 14], val_size: 0.1, seed: 42, train: 11, evaluation: 1 },
  { rows: 20, left_out: [3, 6, 12, 15, 19], val_size: 5, seed: 42, train: 12, evaluation: 3 },
  { rows: 37, left_out: [0, 1, 7, 17, 23, 24, 25, 27, 28], val_size: 0.25, seed: 0, train: 19, evaluation: 9 },
  {
    rows: 100,
    left_out: [1, 2, 3, 13, 27, 28, 29, 37, 40, 44, 48, 54, 56, 58, 63, 67, 69, 70, 75, 80, 83, 84, 87, 94, 96],
    val_size: 0.05,
    seed: 7,
    train: 71,
    evaluation: 4,
  },
];

describe('the seed', () => {
  const schedule = scheduleOf(seedRun());
  test('has 180 samples to train on and 20 to evaluate on', () => {
    expect([schedule.trainSamples, schedule.evalSamples]).toEqual([180, 20]);
  });
  test('takes 120 steps of 32 samples, 12 of them to warm up', () => {
    const { effectiveBatch, batchesPerEpoch, optimizerStepsPerEpoch, optimizerSteps, warmupSteps } = schedule;
    expect([effectiveBatch, batchesPerEpoch, optimizerStepsPerEpoch, optimizerSteps, warmupSteps]).toEqual([
      32, 23, 6, 120, 12,
    ]);
  });
  test('saves and evaluates once, at the end', () => {
    expect([schedule.saves, schedule.evaluations]).toEqual([[120], [120]]);
  });
  test('logs at each fifth step', () => {
    expect(schedule.logs).toHaveLength(24);
  });
});

test('one process, batch 2 x 4, 2 epochs of 180 samples make 46 steps, as observed', () => {
  const run = { ...seedRun({ num_train_epochs: 2 }, 'ddp'), gpus: 1 };
  expect(scheduleOf(run).optimizerSteps).toBe(46);
});

test('save_steps 20 in 46 steps saves at 20, 40 and 46', () => {
  const run = { ...seedRun({ num_train_epochs: 2, save_steps: 20 }, 'ddp'), gpus: 1 };
  expect(scheduleOf(run).saves).toEqual([20, 40, 46]);
});

test('transformers 4 evaluates at the end only if the interval says so', () => {
  expect(scheduleOf({ ...seedRun(), release: '0.9.4' }).evaluations).toEqual([]);
});

test('a step number below 1 is a share of all steps, rounded up', () => {
  expect(scheduleOf(seedRun({ save_steps: 0.3 })).saves).toEqual([36, 72, 108, 120]);
});

test('save_strategy epoch saves after each epoch', () => {
  expect(scheduleOf(seedRun({ save_strategy: 'epoch', num_train_epochs: 2.5 })).saves).toEqual([6, 12, 15]);
});

test('save_strategy no never saves', () => {
  expect(scheduleOf(seedRun({ save_strategy: 'no' })).saves).toEqual([]);
});

test('max_steps overrides the epochs', () => {
  expect(scheduleOf(seedRun({ max_steps: 7 })).optimizerSteps).toBe(7);
});

test('a fraction of an epoch is rounded up to whole steps', () => {
  expect(scheduleOf(seedRun({ num_train_epochs: 0.1 })).optimizerSteps).toBe(1);
});

test('val_size from 1 on is a number of samples', () => {
  expect(scheduleOf(seedRun({ val_size: 30 })).trainSamples).toBe(170);
  expect(scheduleOf(seedRun({ val_size: 1 })).trainSamples).toBe(199);
});

test('max_samples caps each data set, before the split', () => {
  expect(scheduleOf(seedRun({ max_samples: 50 })).trainSamples).toBe(45);
});

test('num_samples of dataset_info.json comes before max_samples', () => {
  const run = { ...seedRun(), datasets: [{ name: 'a', entry: { num_samples: 100 }, rows: [{}, {}] }] };
  expect(scheduleOf(run).trainSamples).toBe(90);
});

test('streaming has no length, so the steps are max_steps and no epoch is known', () => {
  const schedule = scheduleOf(seedRun({ streaming: true, max_steps: 50, val_size: 10, max_samples: undefined }));
  expect([schedule.optimizerSteps, schedule.optimizerStepsPerEpoch, schedule.evalSamples]).toEqual([50, undefined, 10]);
});

test('packing makes the schedule an upper bound', () => {
  expect(scheduleOf(seedRun({ packing: true })).exact).toBe(false);
  expect(scheduleOf(seedRun()).exact).toBe(true);
});

test('without the data and max_steps the steps are unknown', () => {
  expect(scheduleOf({ ...seedRun(), datasets: [{ name: 'on-a-pvc' }] }).optimizerSteps).toBeUndefined();
});

test('a given number of samples stands in for data that is not at hand', () => {
  expect(scheduleOf({ ...seedRun(), datasets: [{ name: 'on-a-pvc' }] }, 200).optimizerSteps).toBe(120);
});

test('transformers 5 lets warmup_ratio win over warmup_steps, transformers 4 the other way round', () => {
  const run = seedRun({ warmup_ratio: 0.1, warmup_steps: 5 });
  expect(scheduleOf(run).warmupSteps).toBe(12);
  expect(scheduleOf({ ...run, release: '0.9.4' }).warmupSteps).toBe(5);
});

describe('rows that are left out', () => {
  const QA = { instruction: 'why', input: '', output: 'so' };
  const UNANSWERED = { ...QA, output: null };
  const data = (good: number, leftOut: number, entry: Mapping = {}): RunDataset => ({
    name: 'a',
    entry,
    rows: [...Array.from({ length: good }, () => QA), ...Array.from({ length: leftOut }, () => UNANSWERED)],
  });
  const withData = (args: Mapping, ...datasets: RunDataset[]): Run => ({
    ...seedRun({ max_samples: undefined, val_size: 0, ...args }),
    datasets,
  });
  const counted = (run: Run) => {
    const { trainSamples, evalSamples, exact } = scheduleOf(run);
    return [trainSamples, evalSamples, exact];
  };

  test('are no samples, and take no steps', () => {
    const { trainSamples, optimizerSteps, exact } = scheduleOf(withData({}, data(192, 1)));
    expect([trainSamples, optimizerSteps, exact]).toEqual([192, 120, true]);
    expect(scheduleOf(withData({}, data(193, 0))).optimizerSteps).toBe(140);
  });

  test('count for max_samples, which cuts before any row is looked at', () => {
    expect(counted(withData({ max_samples: 10 }, data(8, 5)))).toEqual([8, 0, true]);
    expect(counted(withData({ max_samples: 8 }, data(8, 5)))).toEqual([8, 0, true]);
  });

  test('are no samples of a data set for evaluation', () => {
    const evaluation = { ...data(5, 2), name: 'b', evaluation: true };
    expect(counted(withData({ eval_dataset: 'b' }, data(10, 1), evaluation))).toEqual([10, 5, true]);
  });

  test('for want of an answer are evaluated on all the same where answers are generated', () => {
    const evaluation = { ...data(5, 2), name: 'b', evaluation: true };
    const run = withData({ eval_dataset: 'b', predict_with_generate: true }, data(10, 1), evaluation);
    expect(counted(run)).toEqual([10, 7, true]);
  });

  test.each<[Release, (number | boolean)[]]>([
    ['0.9.3', [9, 1, true]],
    ['0.9.4', [8, 2, true]],
    ['0.9.5', [8, 2, true]],
  ])('go before the split in 0.9.3 and after it since: %s', (release, numbers) => {
    expect(counted({ ...withData({ val_size: 0.1 }, data(10, 5)), release })).toEqual(numbers);
  });

  test('leave neither part with more than is left of all', () => {
    expect(counted(withData({ val_size: 0.1, seed: 'x' }, data(1, 19)))).toEqual([1, 1, false]);
  });

  test.each(
    SPLITS.map((split) => [`${split.rows} rows, val_size ${split.val_size}, seed ${split.seed}`, split] as const),
  )(
    'go out of the part that the seed put them into, as with the real datasets library: %s',
    (_, { rows, left_out, val_size, seed, train, evaluation }) => {
      const texts = Array.from({ length: rows }, (_, i) => (left_out.includes(i) ? UNANSWERED : QA));
      const whole = { ...data(0, 0), rows: texts };
      const parts = [texts.slice(0, 7), texts.slice(7)].map((part, i) => ({ ...whole, name: `part${i}`, rows: part }));
      expect(counted(withData({ val_size, seed }, whole))).toEqual([train, evaluation, true]);
      expect(counted(withData({ val_size, seed }, ...parts))).toEqual([train, evaluation, true]);
    },
  );

  test.each([-1, 0.5, 2 ** 32])('are told within bounds if the seed is none: %s', (seed) => {
    expect(counted(withData({ val_size: 0.1, seed }, data(10, 5)))).toEqual([10, 2, false]);
  });

  test('are told within bounds if others are drawn at random', () => {
    const drawn = { ...data(10, 0, { num_samples: 8 }), name: 'b' };
    expect(counted(withData({ val_size: 0.1 }, data(10, 5), drawn))).toEqual([18, 3, false]);
  });

  test('at which the run stops are counted: once mended they are trained on', () => {
    const run = withData({}, { ...data(2, 0), rows: [QA, { ...QA, instruction: 5 }] });
    expect(counted(run)).toEqual([2, 0, true]);
  });

  test('make the number an upper bound where the rows are drawn at random', () => {
    expect(counted(withData({}, data(10, 1, { num_samples: 8 })))).toEqual([8, 0, false]);
    expect(counted(withData({}, data(10, 0, { num_samples: 8 })))).toEqual([8, 0, true]);
  });
});

test('data sets are mixed as mix_strategy says, those for evaluation too', () => {
  const rows = (name: string, count: number, evaluation = false) => ({ name, evaluation, rows: Array(count).fill({}) });
  const samples = (mix_strategy: string, args: Mapping = {}) => {
    const datasets = [rows('a', 10), rows('b', 4), rows('c', 6, true), rows('d', 2, true)];
    const { trainSamples, evalSamples, exact } = scheduleOf({ ...seedRun({ mix_strategy, ...args }), datasets });
    return [trainSamples, evalSamples, exact];
  };
  expect(samples('concat')).toEqual([14, 8, true]);
  expect(samples('interleave_under')).toEqual([8, 4, false]);
  expect(samples('interleave_over')).toEqual([20, 12, false]);
  expect(samples('interleave_once')).toEqual([14, 8, true]);
  expect(samples('interleave_under', { eval_on_each_dataset: true })).toEqual([8, 8, false]);
});
