import { join } from 'node:path';
import { App, Chart, Duration, Size } from 'cdk8s';
import {
  Adapter,
  DatasetFormat,
  DatasetVolume,
  DeepSpeedZero3,
  FineTuningJob,
  Gate,
  Gpu,
  Model,
  ModelCache,
  NetworkAccess,
  NodePool,
  QwenModel,
  QwenQLoRAJob,
  SavesVolume,
  Source,
  Strategy,
  TrainConfig,
  TrainerImage,
} from '../../src';
import { findingsOf } from '../../src/tree/findings';
import { Random } from '../parity/random';

const cycle: Record<string, unknown> = {};
cycle['self'] = cycle;
const deep = (levels: number): unknown => (levels === 0 ? 'x' : { a: deep(levels - 1) });

/** What no prop, or only some other one, may be. */
const ODD: readonly unknown[] = [
  null,
  undefined,
  0,
  -1,
  1.5,
  1e300,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  10n,
  '',
  'x',
  ' ',
  '\0',
  '\ud800',
  '数据',
  '../up',
  '/etc/passwd',
  'x'.repeat(5000),
  '$(HOME)',
  '__proto__',
  true,
  false,
  [],
  [null],
  ['x', 1],
  [[]],
  {},
  { a: 1 },
  { constructor: 'x', toString: 1 },
  Object.create(null),
  cycle,
  deep(3000),
  () => 1,
  Symbol('x'),
  new Date(Number.NaN),
  Size.gibibytes(0),
  Size.gibibytes(1e6),
  Duration.millis(1),
  Duration.days(1e6),
  Gpu.T10,
  Gate.waves(),
  Strategy.DDP,
  DatasetFormat.ALPACA,
];

const MATH = join(__dirname, '..', 'fixtures', 'math.json');

type Props = Record<string, unknown>;
/** A construct or value with props that are right, and what makes a run of it. */
interface Subject {
  readonly name: string;
  readonly props: (chart: Chart) => Props;
  readonly make: (chart: Chart, props: never) => Partial<Record<string, unknown>> | undefined;
}

const dataset = (chart: Chart): DatasetVolume =>
  DatasetVolume.fromFile(chart, 'math', { path: MATH, formatting: DatasetFormat.SHAREGPT });
const SHA = 'a'.repeat(64);

/** Every way to make something of props. What `make` answers are props of a run that has it. */
const SUBJECTS: readonly Subject[] = [
  {
    name: 'FineTuningJob',
    props: (chart) => ({
      model: QwenModel.QWEN3_0_6B,
      nodePool: NodePool.of(Gpu.T10),
      dataset: dataset(chart),
      train: { stage: 'sft', doTrain: true },
      trainConfig: undefined,
      code: undefined,
      env: { A: 'b' },
      labels: { a: 'b' },
      annotations: { a: 'b' },
      podTemplate: { spec: { containers: [{ name: 'trainer', env: [{ name: 'A', value: 'b' }] }] } },
      acknowledge: { 'report-to-unset': 'x' },
      backoffLimit: 1,
      activeDeadline: Duration.hours(1),
      ttlAfterFinished: Duration.hours(1),
      prepareTimeout: Duration.hours(1),
      gpuMonitor: Duration.seconds(5),
      evictionProtection: Duration.hours(1),
      gate: Gate.wait(),
      networkAccess: NetworkAccess.restricted(),
      imagePullSecrets: ['a'],
      serviceAccountName: 'a',
      priorityClassName: 'a',
      cpus: 8,
      gpus: 1,
      memory: Size.gibibytes(64),
      sharedMemory: Size.gibibytes(4),
      ephemeralStorage: Size.gibibytes(20),
      packageIndex: 'https://mirror/simple',
      virtualEnvironment: '/opt/venv',
      cudaVisibleDevices: '0',
      image: TrainerImage.official(),
      strategy: Strategy.DDP,
      deepspeed: undefined,
      adapter: Adapter.fromSaves('/saves/x/y'),
      additionalDatasets: [],
      evaluationDataset: undefined,
      modelCache: undefined,
      saves: undefined,
      preflight: true,
      smoke: true,
      tensorBoard: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
    }),
    make: (chart, props) => void new FineTuningJob(chart, 'run', props),
  },
  {
    name: 'QwenQLoRAJob',
    props: (chart) => ({ dataset: dataset(chart), model: QwenModel.QWEN3_14B, strategy: Strategy.AUTO, train: {} }),
    make: (chart, props) => void new QwenQLoRAJob(chart, 'run', props),
  },
  {
    name: 'DatasetVolume.fromFile',
    props: () => ({ path: MATH, name: 'a', formatting: DatasetFormat.SHAREGPT, columns: {}, tags: {}, ranking: false }),
    make: (chart, props) => ({ dataset: DatasetVolume.fromFile(chart, 'it', props) }),
  },
  {
    name: 'DatasetVolume.fromDirectory',
    props: () => ({ path: '.', name: 'a', numSamples: 3 }),
    make: (chart, props) => ({ dataset: DatasetVolume.fromDirectory(chart, 'it', props) }),
  },
  {
    name: 'DatasetVolume.fromClaim',
    props: () => ({ claimName: 'a', path: 'a.json', revision: '1', numSamples: 3 }),
    make: (chart, props) => ({ dataset: DatasetVolume.fromClaim(chart, 'it', props) }),
  },
  {
    name: 'DatasetVolume.fromSource',
    props: () => ({ source: Source.modelScope({ repository: 'a/b' }), path: 'a.json' }),
    make: (chart, props) => ({ dataset: DatasetVolume.fromSource(chart, 'it', props) }),
  },
  {
    name: 'ModelCache',
    props: () => ({
      size: Size.gibibytes(80),
      storageClassName: 'a',
      readWriteMany: true,
      source: Source.huggingFace(),
      labels: {},
      annotations: {},
      prepareDeadline: Duration.hours(2),
    }),
    make: (chart, props) => ({ modelCache: new ModelCache(chart, 'it', props) }),
  },
  {
    name: 'ModelCache.fromClaim',
    props: () => ({ claimName: 'a', modelPath: 'b', revision: '1' }),
    make: (chart, props) => ({ modelCache: ModelCache.fromClaim(chart, 'it', props) }),
  },
  {
    name: 'ModelCache.onNode',
    props: () => ({ hostname: 'a', path: '/b', modelPath: 'c', revision: '1', size: Size.gibibytes(5) }),
    make: (chart, props) => ({ modelCache: ModelCache.onNode(chart, 'it', props) }),
  },
  {
    name: 'SavesVolume',
    props: () => ({ size: Size.gibibytes(80), prepareDeadline: Duration.hours(2), labels: {}, annotations: {} }),
    make: (chart, props) => ({ saves: new SavesVolume(chart, 'it', props) }),
  },
  {
    name: 'SavesVolume.fromClaim',
    props: () => ({ claimName: 'a', subPath: 'b', labels: {}, annotations: {}, prepareDeadline: Duration.hours(2) }),
    make: (chart, props) => ({ saves: SavesVolume.fromClaim(chart, 'it', props) }),
  },
  {
    name: 'DeepSpeedZero3',
    props: () => ({ offloadOptimizer: true, offloadParam: true, fp16: { lossScaleWindow: 5 }, reduceBucketSize: 5 }),
    make: (chart, props) => ({ deepspeed: new DeepSpeedZero3(chart, 'it', props) }),
  },
  {
    name: 'NodePool.of',
    props: () => ({ gpus: 4, cpus: 32, memory: Size.gibibytes(100), tolerations: ['a'], labels: { a: 'b' } }),
    make: (_, props) => ({ nodePool: NodePool.of(Gpu.T10, props) }),
  },
  {
    name: 'Gpu.custom',
    props: () => ({ name: 'a', memory: Size.gibibytes(16), computeCapability: 7.5, products: ['a'] }),
    make: (_, props) => ({ nodePool: NodePool.ack(Gpu.custom(props)) }),
  },
  {
    name: 'Model.custom',
    props: () => ({ name: 'a', repository: 'a/b', config: { model_type: 'qwen3', hidden_size: 64 } }),
    make: (_, props) => ({ model: Model.custom(props) }),
  },
  {
    name: 'TrainerImage.official',
    props: () => ({ release: '0.9.4', registry: 'r/m' }),
    make: (_, props) => ({ image: TrainerImage.official(props) }),
  },
  {
    name: 'TrainerImage.custom',
    props: () => ({ llamafactory: '0.9.5', transformers: '5.6.0', deepspeed: '0.18.4', cudaToolkit: true }),
    make: (_, props) => ({ image: TrainerImage.custom('a/b:1', props) }),
  },
  {
    name: 'Source.huggingFace',
    props: () => ({ repository: 'a/b', revision: 'c', endpoint: 'https://d', token: undefined }),
    make: (chart, props) => ({ modelCache: new ModelCache(chart, 'it', { source: Source.huggingFace(props) }) }),
  },
  {
    name: 'Source.http',
    props: () => ({ endpoint: 'https://d', files: { 'config.json': SHA } }),
    make: (chart, props) => ({ modelCache: new ModelCache(chart, 'it', { source: Source.http(props) }) }),
  },
  {
    name: 'NetworkAccess.restricted',
    props: () => ({ cidr: '203.0.113.7/32', ports: [443] }),
    make: (_, props) => ({ networkAccess: NetworkAccess.restricted([props]) }),
  },
  {
    name: 'Adapter.fromClaim',
    props: () => ({ claimName: 'a', path: 'b', revision: '1' }),
    make: (_, props) => ({ adapter: Adapter.fromClaim(props) }),
  },
  {
    name: 'arguments',
    props: () => ({ config: 'x.yaml', saves: '/saves/a', image: 'a/b:1', hostname: 'a' }),
    make: (_, props: Record<string, string> | undefined) => {
      const { config = '', saves = '', image = '', hostname = '' } = props ?? {};
      return {
        trainConfig: TrainConfig.fromYaml(config),
        adapter: Adapter.fromSaves(saves),
        image: TrainerImage.custom(image),
        nodePool: NodePool.hostname(Gpu.T10, hostname),
      };
    },
  },
];

/** How many ways there are to make something. */
export const SUBJECT_COUNT = SUBJECTS.length;

/** Something made of props of which one or some are wrong, and what they are, in words. */
export function propsAt(
  seed: number,
  index: number,
): { readonly name: string; readonly build: (chart: Chart) => void } {
  const random = new Random(seed * 1_000_003 + index);
  const draw = (below: number) => random.below(below);
  const subject = SUBJECTS[index % SUBJECTS.length] as Subject;
  const changes: [number, unknown][] = Array.from({ length: 1 + draw(3) }, () => [draw(1000), ODD[draw(ODD.length)]]);
  const inside = draw(3) === 0;
  const build = (chart: Chart) => {
    const props: Props = subject.props(chart);
    const keys = [...Object.keys(props), 'unknown'];
    for (const [at, odd] of changes) {
      const key = keys[at % keys.length] as string;
      const held = props[key];
      // Where a prop holds others, one of those.
      if (inside && typeof held === 'object' && held !== null && Object.getPrototypeOf(held) === Object.prototype) {
        const inner = Object.keys(held)[0] ?? 'unknown';
        props[key] = { ...held, [inner]: odd };
      } else props[key] = odd;
    }
    const given = changes.length === 3 && inside ? (changes[0]?.[1] as never) : (props as never);
    const made = subject.make(chart, given);
    if (made !== undefined) {
      const run = { model: QwenModel.QWEN3_14B, nodePool: NodePool.of(Gpu.T10), dataset: dataset(chart), ...made };
      new FineTuningJob(chart, 'run', run as never);
    }
  };
  return { name: `${index}: ${subject.name}`, build };
}

/** What is wrong with the answer: a thrown error, or a check that failed; undefined: nothing. */
export function faultOfProps(seed: number, index: number): string | undefined {
  const { name, build } = propsAt(seed, index);
  const app = new App();
  try {
    build(new Chart(app, 'fuzz', { namespace: 'ml' }));
    const failed = findingsOf(app).find(({ id }) => id === 'check-failed');
    if (failed !== undefined) return `${name}: ${failed.key}: ${failed.message}`;
    // What is wrong is said; what nothing is wrong with is written.
    if (findingsOf(app).every(({ severity }) => severity !== 'error')) for (const chart of app.charts) chart.toJson();
    return undefined;
  } catch (error) {
    const [first, at] = error instanceof Error ? (error.stack ?? error.message).split('\n') : [String(error)];
    return `${name}: ${first} ${at?.trim() ?? ''}`;
  }
}
