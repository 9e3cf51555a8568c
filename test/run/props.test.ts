import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Chart, Duration, Size } from 'cdk8s';
import * as library from '../../src';
import { findingsOf } from '../../src/tree/findings';
import { renderPodFields } from '../../tools/generate-pod-fields';
import { renderProps } from '../../tools/generate-props';
import { REPOSITORY } from '../folder';
import { chartOf, mathDataset } from '../synthesis';

const { DatasetVolume, DeepSpeedZero3, FineTuningJob, Gpu, Model, ModelCache, NetworkAccess, NodePool } = library;
const { QwenModel, QwenQLoRAJob, SavesVolume, Source, TrainConfig, TrainerImage } = library;

// What a program that nobody type-checks may say.
const wrong = (value: unknown) => value as never;

type Make = (chart: Chart) => unknown;
const run =
  (props: object): Make =>
  (chart) =>
    new QwenQLoRAJob(chart, 'math', { dataset: mathDataset(chart), ...props });

function errorsOf(make: Make): string[] {
  const { app, chart } = chartOf();
  make(chart);
  return findingsOf(app)
    .filter(({ severity }) => severity === 'error')
    .map(({ id, key, got, change }) => [id, key, got ?? change].filter((part) => part !== undefined).join(' '));
}

test.each<[string, Make, string]>([
  ['a misspelt prop', run({ trian: {} }), 'unknown-prop trian trian'],
  ['a prop of the wrong kind', run({ model: 'Qwen/Qwen3-14B' }), 'invalid-prop model a text of 14 characters'],
  ['a strategy as text', run({ deepspeed: 'zero2' }), 'invalid-prop deepspeed a text of 5 characters'],
  ['a size as a number', run({ memory: 20 }), 'invalid-prop memory 20'],
  ['a duration as a number', run({ gpuMonitor: 10 }), 'invalid-prop gpuMonitor 10'],
  ['a volume as a path', run({ modelCache: '/path' }), 'invalid-prop modelCache a text of 5 characters'],
  ['null', run({ saves: null }), 'invalid-prop saves null'],
  ['a list where a text belongs', run({ code: ['src'] }), 'invalid-prop code a list of 1'],
  [
    'a text where a list belongs',
    run({ imagePullSecrets: 'registry' }),
    'invalid-prop imagePullSecrets a text of 8 characters',
  ],
  ['a number in env', run({ env: { NCCL_DEBUG: 1 } }), 'invalid-prop env.NCCL_DEBUG 1'],
  ['labels that are null', run({ labels: null }), 'invalid-prop labels null'],
  ['a strategy that there is not', run({ strategy: 'zero2' }), 'invalid-prop strategy a text of 5 characters'],
  ['a symbol', run({ packageIndex: Symbol('x') }), 'invalid-prop packageIndex Symbol(x)'],
  ['a big number', run({ cpus: 4n }), 'invalid-prop cpus 4n'],
  ['train as text', run({ train: 'x' }), 'invalid-prop train a text of 1 characters'],
  ['a class', run({ image: TrainerImage }), 'invalid-prop image the function or class TrainerImage'],
  ['no data set', (chart) => new QwenQLoRAJob(chart, 'math', wrong({})), 'missing-prop dataset'],
  ['no props', (chart) => new QwenQLoRAJob(chart, 'math', wrong(null)), 'missing-prop dataset'],
  [
    'no model',
    (chart) => new FineTuningJob(chart, 'math', wrong({ dataset: mathDataset(chart), nodePool: NodePool.of(Gpu.T10) })),
    'missing-prop model',
  ],
  [
    'a card that there is not',
    run({ nodePool: NodePool.of(wrong(undefined)) }),
    'invalid-prop NodePool: the card undefined',
  ],
  ['a misspelt option', run({ nodePool: NodePool.of(Gpu.T10, wrong({ gpu: 4 })) }), 'unknown-prop NodePool.gpu gpu'],
  [
    'a card without memory',
    run({ nodePool: NodePool.anyNode(Gpu.custom(wrong({ name: 'X', computeCapability: 8 }))) }),
    'missing-prop Gpu.custom.memory',
  ],
  [
    'a model without repository',
    run({ model: Model.custom(wrong({ name: 'm' })) }),
    'missing-prop Model.custom.repository',
  ],
  [
    'an image as an object',
    run({ image: TrainerImage.custom(wrong({})) }),
    'invalid-prop TrainerImage.custom a mapping',
  ],
  [
    'a misspelt package',
    run({ image: TrainerImage.custom('a:1', wrong({ deepsped: '1' })) }),
    'unknown-prop TrainerImage.custom.deepsped deepsped',
  ],
  [
    'a misspelt image option',
    run({ image: TrainerImage.official(wrong({ mirror: 'x' })) }),
    'unknown-prop TrainerImage.official.mirror mirror',
  ],
  [
    'an address as text',
    run({ networkAccess: NetworkAccess.restricted(wrong('10.0.0.0/8')) }),
    'invalid-prop networkAccess a text of 10 characters',
  ],
  [
    'a misspelt destination',
    run({ networkAccess: NetworkAccess.restricted(wrong([{ cdir: 'x' }])) }),
    'unknown-prop networkAccess[0].cdir cdir',
  ],
  [
    'a train config that is no path',
    run({ trainConfig: TrainConfig.fromYaml(wrong(5)) }),
    'invalid-prop trainConfig 5',
  ],
  ['a claim without size', (chart) => new SavesVolume(chart, 'saves', wrong({ size: 20 })), 'invalid-prop size 20'],
  [
    'an existing claim without a name',
    (chart) => SavesVolume.fromClaim(chart, 'saves', wrong({ claim: 'x' })),
    'missing-prop claimName',
  ],
  [
    'a cache with a misspelt prop',
    (chart) => new ModelCache(chart, 'models', wrong({ sorce: 1 })),
    'unknown-prop sorce sorce',
  ],
  ['a cache on no node', (chart) => ModelCache.onNode(chart, 'models', wrong({ path: '/m' })), 'missing-prop hostname'],
  [
    'a model source with a misspelt option',
    (chart) => new ModelCache(chart, 'm', { source: Source.modelScope(wrong({ repo: 'a/b' })) }),
    'unknown-prop source.repo repo',
  ],
  [
    'files that are no mapping',
    (chart) =>
      new ModelCache(chart, 'm', { source: Source.http(wrong({ endpoint: 'https://a.example', files: 'x' })) }),
    'invalid-prop source.files a text of 1 characters',
  ],
  ['data without a path', (chart) => DatasetVolume.fromFile(chart, 'math', wrong({ file: 'x' })), 'missing-prop path'],
  [
    'columns that there are not',
    (chart) => DatasetVolume.fromClaim(chart, 'd', { claimName: 'c', path: 'p', columns: wrong({ promt: 'q' }) }),
    'unknown-prop columns.promt promt',
  ],
  [
    'a misspelt DeepSpeed option',
    (chart) => new DeepSpeedZero3(chart, 'z', wrong({ offloadParams: true })),
    'unknown-prop offloadParams offloadParams',
  ],
  [
    'a misspelt field of a pod',
    run({ podTemplate: { spec: { toleration: [] } } }),
    'pod-template podTemplate.spec.toleration toleration',
  ],
  [
    'a misspelt field of a container',
    run({ podTemplate: { spec: { containers: [{ name: 'trainer', envs: [] }] } } }),
    'pod-template podTemplate.spec.containers[0].envs envs',
  ],
])('%s is an error that says where', (_, make, expected) => {
  expect(errorsOf(make)).toContainEqual(expect.stringContaining(expected));
});

test('a misspelt prop is told what was meant, and the run is judged all the same', () => {
  const { app, chart } = chartOf();
  run({ trian: {}, backoffLimit: -1 })(chart);
  const findings = findingsOf(app);
  expect(findings.find(({ id }) => id === 'unknown-prop')?.change).toBe('did you mean train?');
  expect(findings.map(({ id }) => id)).toContain('invalid-quantity');
});

test.each(['podTemplate', 'train'])('a %s that holds itself, or never seems to end, is an error', (prop) => {
  const circular: Record<string, unknown> = {};
  circular['spec'] = circular;
  let deep: object = {};
  for (let i = 0; i < 10_000; i += 1) deep = { spec: deep };
  for (const value of [circular, deep, { spec: [circular] }]) {
    expect(errorsOf(run({ [prop]: value }))).toContainEqual(expect.stringContaining(`invalid-prop ${prop}`));
  }
});

test.each([Duration.millis(1500), Duration.days(1e6)])(
  'a duration that is not whole seconds, or more than Kubernetes counts, is told: %s',
  (prepareTimeout) => {
    expect(errorsOf(run({ prepareTimeout }))).toContainEqual(expect.stringContaining('invalid-prop prepareTimeout'));
  },
);

test('a text is never shown: it may be a secret', () => {
  expect(errorsOf(run({ env: 'HF_TOKEN=secret' })).join()).not.toContain('secret');
});

test('props that are right raise nothing, undefined ones neither', () => {
  const make = run({
    memory: Size.gibibytes(64),
    gpuMonitor: Duration.minutes(1),
    labels: undefined,
    model: QwenModel.QWEN3_8B,
  });
  expect(errorsOf(make).filter((line) => line.includes('prop'))).toEqual([]);
});

test('a run that was not given what it needs has a plan that says nothing', () => {
  const chart = new Chart(new App(), 'finetune');
  const job = new FineTuningJob(chart, 'math', wrong({}));
  expect([job.jobName, job.plan.advice, job.plan.schedule.effectiveBatch]).toEqual(['', [], 0]);
});

test('a class from another copy of the library is known by its name', () => {
  jest.isolateModules(() => {
    const copy = require('../../src') as typeof library;
    expect(errorsOf(run({ model: copy.QwenModel.QWEN3_8B })).filter((line) => line.includes('invalid-prop'))).toEqual(
      [],
    );
  });
});

test.each([
  ['data/props.json', renderProps],
  ['data/pod-fields.json', renderPodFields],
])('%s is what its generator writes', (file, render) => {
  expect(readFileSync(join(REPOSITORY, file), 'utf8')).toBe(render());
});
