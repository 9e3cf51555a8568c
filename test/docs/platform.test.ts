import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type QwenQLoRAJobProps, TrainerImage } from '../../src';
import { NO_NEW_RUN } from '../../src/job/identity';
import { camelCase } from '../../src/llamafactory/fields';
import { chartOf, jobOf, manifestsOf, mathRun, only } from '../synthesis';

test.each([
  ['guide-platform.md', /^\| of `train`: (.+); .+ \| new \| same \|/m],
  ['guide-platform.zh-CN.md', /^\| `train` 里的 (.+)；.+ \| 变 \| 不变 \|/m],
])('%s lists the arguments that start no new run', (page, row) => {
  const [, list = ''] = row.exec(readFileSync(join(__dirname, '../../docs', page), 'utf8')) ?? [];
  expect([...list.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual(NO_NEW_RUN.map(camelCase));
});

describe('a run with', () => {
  const run = (props: Partial<QwenQLoRAJobProps> = {}) => {
    const { job } = mathRun(chartOf().chart, props);
    return { name: job.jobName, digest: job.runDigest };
  };
  const plain = run();

  test.each<[string, Partial<QwenQLoRAJobProps>]>([
    ['another registry', { image: TrainerImage.official({ registry: 'registry.example.com/hub' }) }],
    ['other logging', { train: { loggingSteps: 7, reportTo: 'tensorboard', runName: 'other' } }],
  ])('%s is the same run in another Job', (_, props) => {
    const other = run(props);
    expect(other.digest).toBe(plain.digest);
    expect(other.name).not.toBe(plain.name);
  });

  test('another learning rate is another run', () => {
    expect(run({ train: { learningRate: 1e-4 } }).digest).not.toBe(plain.digest);
  });
});

test.each(['guide-platform.md', 'guide-platform.zh-CN.md'])('%s says what the smallest container asks for', (page) => {
  const { app, chart } = chartOf();
  mathRun(chart);
  const { name, resources } = only(jobOf(manifestsOf(app), 'train').spec?.template.spec?.initContainers ?? []);
  const { cpu, memory, 'ephemeral-storage': disk } = resources?.requests ?? {};
  const text = readFileSync(join(__dirname, '../../docs', page), 'utf8');
  expect(text).toMatch(new RegExp(`${cpu} CPU.*${memory}.*${disk}.*name: '${name}'`));
});
