import { scheduleOf } from '../../src/planning/schedule';
import { seedRun } from './runs';

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

test('val_size above 1 is a number of samples', () => {
  expect(scheduleOf(seedRun({ val_size: 30 })).trainSamples).toBe(170);
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
