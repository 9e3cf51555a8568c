import { measuredIn, measuredLines } from '../../src/planning/measured';
import { scheduleOf } from '../../src/planning/schedule';
import { throughputOf } from '../../src/planning/throughput';
import { seedRun } from './runs';

const line = (current_steps: number, elapsed_time: string, more = {}) =>
  JSON.stringify({ current_steps, total_steps: 120, loss: 1.2, elapsed_time, remaining_time: '0:00:00', ...more });

test('seconds a step are those from the first line on, which has warmed up', () => {
  const log = [line(5, '0:01:00'), line(10, '0:01:30', { eval_loss: 1 }), line(120, '0:12:30'), ''].join('\n');
  expect(measuredIn(log)).toEqual({ steps: 120, totalSteps: 120, secondsPerStep: 6, seconds: 750 });
});

test('of a run that was resumed the last start counts', () => {
  const log = [line(5, '0:10:00'), line(60, '1:10:00'), line(65, '0:00:30'), line(75, '0:01:20')].join('\n');
  expect(measuredIn(log)).toEqual({ steps: 75, totalSteps: 120, secondsPerStep: 5, seconds: 80 });
});

test('days are read, and lines that tell no time are passed over', () => {
  const log = ['not json', '{"loss": 1}', line(1, 'soon'), line(5, '1 day, 2:00:01')].join('\n');
  expect(measuredIn(log)).toEqual({ steps: 5, totalSteps: 120, seconds: 93_601 });
  expect(measuredIn('{}')).toBeUndefined();
});

test('it stands beside the plan, with what is outside of the bounds', () => {
  const run = seedRun();
  const [schedule, throughput] = [scheduleOf(run), throughputOf(run, run.model, scheduleOf(run))];
  const words = (secondsPerStep: number, totalSteps = 120) =>
    measuredLines({ steps: 50, totalSteps, secondsPerStep, seconds: 500 }, schedule, throughput).join('\n');
  expect(words(80)).toMatch(/50 of 120, as planned\n {2}a step {7}80 s, planned \S+ to \d+ s: within/);
  expect(words(1000)).toContain('times the most');
  expect(words(1)).toContain('times quicker than the least');
  expect(words(80, 240)).toContain('50 of 240, planned 120');
});
