import { App, Chart } from 'cdk8s';
import type { QwenQLoRAJobProps } from '../../src';
import { byKind, manifestsOf, mathDataset, mathRun } from '../synthesis';

const PREFIX = 'train.cdk8s-llamafactory/';

/** What the Jobs of some runs on one data set say of the arguments in which they differ, by run. */
function told(runs: Readonly<Record<string, Partial<QwenQLoRAJobProps>>>) {
  const chart = new Chart(new App(), 'sweep', { namespace: 'ml' });
  const dataset = mathDataset(chart);
  const made = Object.entries(runs).map(([id, props]) => ({ id, ...mathRun(chart, { dataset, ...props }, id) }));
  const printed = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const { jobs } = byKind(chart.toJson());
  printed.mockRestore();
  const of = (entries: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(
      Object.entries(entries).flatMap(([key, value]) =>
        key.startsWith(PREFIX) ? [[key.slice(PREFIX.length), value]] : [],
      ),
    );
  return Object.fromEntries(
    made.map(({ id }) => {
      const job = jobs.find(
        ({ metadata }) =>
          metadata?.labels?.['app.kubernetes.io/instance'] === `sweep-${id}` &&
          metadata.labels['app.kubernetes.io/component'] === 'train',
      );
      const inPod = of(job?.spec?.template.metadata?.labels);
      return [id, { ...of(job?.metadata?.labels), ...of(job?.metadata?.annotations), ...inPod }];
    }),
  );
}

test('a run alone differs in nothing', () => {
  expect(told({ one: { train: { learningRate: 1e-4 } } })).toEqual({ one: {} });
});

test('runs on the same model and data say what they differ in, and that alone', () => {
  expect(
    told({
      one: { train: { learningRate: 1e-4, seed: 1 } },
      two: { train: { learningRate: 2e-4, seed: 1 } },
      three: { train: { learningRate: 2e-4, seed: 2 } },
    }),
  ).toEqual({
    one: { learning_rate: '0.0001', seed: '1' },
    two: { learning_rate: '0.0002', seed: '1' },
    three: { learning_rate: '0.0002', seed: '2' },
  });
});

test('a value that no label can hold is an annotation', () => {
  const chart = new Chart(new App(), 'sweep', { namespace: 'ml' });
  const dataset = mathDataset(chart);
  mathRun(chart, { dataset, train: { loraTarget: 'q_proj,v_proj' } }, 'one');
  mathRun(chart, { dataset }, 'two');
  const jobs = byKind(chart.toJson()).jobs.filter(
    ({ metadata }) => metadata?.labels?.['app.kubernetes.io/component'] === 'train',
  );
  expect(jobs.map(({ metadata }) => metadata?.annotations?.[`${PREFIX}lora_target`])).toEqual([
    'q_proj,v_proj',
    undefined,
  ]);
  expect(jobs.map(({ metadata }) => metadata?.labels?.[`${PREFIX}lora_target`])).toEqual([undefined, 'all']);
});

test('runs of other data are not compared, nor what starts no new run', () => {
  const chart = new Chart(new App(), 'sweep', { namespace: 'ml' });
  const dataset = mathDataset(chart);
  mathRun(chart, { dataset, train: { learningRate: 1e-4, loggingSteps: 1 } }, 'one');
  mathRun(chart, { dataset: mathDataset(chart, { name: 'other' }, 'other'), train: { learningRate: 2e-4 } }, 'two');
  mathRun(chart, { dataset, train: { learningRate: 1e-4, loggingSteps: 2 } }, 'three');
  expect(JSON.stringify(chart.toJson())).not.toContain(PREFIX);
});

test('the names of a sweep’s Jobs tell the runs apart', () => {
  const app = new App();
  const chart = new Chart(app, 'sweep-q4-math-train', { namespace: 'ml' });
  const dataset = mathDataset(chart);
  const rates = [1e-5, 3e-5, 1e-4];
  for (const rate of rates) mathRun(chart, { dataset, train: { learningRate: rate } }, `lr-${rate}`);
  const names = manifestsOf(app).jobs.map(({ metadata }) => metadata?.name ?? '');
  for (const end of ['lr-0-00001', 'lr-0-00003', 'lr-0-0001']) {
    expect(names.filter((name) => name.startsWith(`math-train-${end}-`)).length).toBe(1);
  }
  expect(names.every((name) => name.length <= 40)).toBe(true);
});
