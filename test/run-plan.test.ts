import { Gpu, NodePool } from '../src';
import { plan } from '../src/planning/plan';
import { runPlan } from '../src/run-plan';
import { seedRun } from './planning/runs';
import { chartOf, jobOf, manifestsOf, mathRun } from './synthesis';

test('a run tells its plan, and so does the preset’s construct', () => {
  const job = mathRun(chartOf().chart);
  expect(job.plan.schedule.effectiveBatch).toBe(32);
  expect(job.plan.memory?.gpu.verdict).toBe('fits');
  expect(job.plan).toBe(job.job.plan);
});

test('it is plain JSON: nothing is lost or undefined', () => {
  const planned = mathRun(chartOf().chart).plan;
  expect(JSON.parse(JSON.stringify(planned))).toStrictEqual(planned);
});

test('fits is true only above the planner’s own error', () => {
  expect(runPlan(plan(seedRun({}, 'ddp'))).memory?.gpu).toEqual(
    expect.objectContaining({ fits: false, verdict: 'does not fit' }),
  );
});

test('what is not known is left out', () => {
  const planned = runPlan(plan({ ...seedRun(), model: undefined, datasets: [] }));
  expect(Object.keys(planned)).toEqual(['schedule', 'advice']);
  expect(planned.schedule).not.toHaveProperty('optimizerSteps');
});

test('without a card there is no verdict', () => {
  expect(runPlan(plan({ ...seedRun(), card: undefined })).memory?.gpu).not.toHaveProperty('verdict');
});

test('its lists are copies', () => {
  const planned = plan(seedRun());
  runPlan(planned).schedule.saves.push(1e9);
  expect(planned.schedule.saves).not.toContain(1e9);
});

test('the Job carries it in one line', () => {
  const { app, chart } = chartOf();
  mathRun(chart);
  const line = jobOf(manifestsOf(app), 'train').metadata?.annotations?.['cdk8s-llamafactory/plan'];
  expect(line).toMatch(
    /^\d+ steps; \d.* to \d.*; step peak 13\.\d GB of 15\.\d GB \(fits; .*\); host \d\d\.\d GB; zero3-offload 2 x 2048 tokens, accumulation 4, effective batch 32$/,
  );
});

test('it changes neither name nor digest of the run: an own annotation of that name does not either', () => {
  const name = (annotations?: Record<string, string>) => {
    const job = mathRun(chartOf().chart, { annotations });
    return job.runDigest;
  };
  expect(name({ 'cdk8s-llamafactory/plan': 'mine' })).toBe(name());
});

test.each([
  ['are asked for', { cpus: 3.5 }, 3],
  ['are left by a small node', { nodePool: NodePool.of(Gpu.T10, { gpus: 4, cpus: 8 }) }, 5],
  ['are asked for where nothing is said', {}, 16],
])('workers are held against the CPUs that %s', (_, props, cpus) => {
  const advised = (preprocessingNumWorkers: number) =>
    mathRun(chartOf().chart, { ...props, train: { preprocessingNumWorkers } }).plan.advice.find(
      ({ id }) => id === 'workers-above-cpus',
    );
  expect(advised(cpus)).toBeUndefined();
  expect(advised(cpus + 1)?.edits).toEqual([
    expect.objectContaining({ key: 'preprocessing_num_workers', value: cpus }),
  ]);
});

test('half a CPU is no reason to have no worker', () => {
  const { advice } = mathRun(chartOf().chart, { cpus: 0.5, train: { preprocessingNumWorkers: 1 } }).plan;
  expect(advice.map(({ id }) => id)).not.toContain('workers-above-cpus');
});
