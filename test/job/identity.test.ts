import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Size } from 'cdk8s';
import { Secret } from 'cdk8s-plus-28';
import { parseAllDocuments } from 'yaml';
import {
  type DatasetFileProps,
  DatasetFormat,
  DatasetVolume,
  DeepSpeedZero3,
  type DeepSpeedZero3Props,
  Gate,
  Gpu,
  ModelCache,
  type ModelCacheProps,
  NetworkAccess,
  NodePool,
  QwenModel,
  QwenQLoRAJob,
  type QwenQLoRAJobProps,
  SavesVolume,
  Source,
  TrainerImage,
} from '../../src';
import { type RunIdentity, runDigest } from '../../src/job/identity';
import { copyRepository, REPOSITORY, runProgram, temporaryFolder, write } from '../folder';
import { byKind, chartOf, configMapWith, jobOf, MATH, type Manifests, manifestsOf } from '../synthesis';

const folder = temporaryFolder();
const MAIN = 'examples/qwen3-14b-t10/main.ts';

/** The names that follow from content, by what they name. */
interface Names {
  readonly run: string;
  readonly job: string;
  readonly config: string;
  readonly launch: string;
  readonly dataset: string;
  readonly zero3: string;
  readonly code: string;
  readonly prepare: string;
  readonly prepareFiles: string;
  readonly claims: string;
}

function namesOf(manifests: Manifests): Names {
  const withKey = (key: string): string => configMapWith(manifests, key).metadata?.name ?? '';
  const train = jobOf(manifests, 'train');
  return {
    run: train.metadata?.labels?.['cdk8s-llamafactory/run'] ?? '',
    job: train.metadata?.name ?? '',
    config: withKey('train_config.yaml'),
    launch: withKey('launch.sh'),
    dataset: withKey('math.json'),
    zero3: withKey('ds_config_zero3.json'),
    code: withKey('reward.py'),
    prepare: jobOf(manifests, 'prepare').metadata?.name ?? '',
    prepareFiles: withKey('prepare.py'),
    claims: manifests.claims.map(({ metadata }) => metadata?.name).join(),
  };
}

/** What an edit changes of the program below. */
interface Edit {
  readonly run?: Partial<QwenQLoRAJobProps>;
  readonly dataset?: Partial<DatasetFileProps>;
  readonly deepspeed?: DeepSpeedZero3Props;
  readonly cache?: ModelCacheProps;
  readonly savesSize?: Size;
}

function program(edit: Edit = {}): Names {
  const { app, chart } = chartOf();
  new QwenQLoRAJob(chart, 'math', {
    model: QwenModel.QWEN3_14B,
    dataset: DatasetVolume.fromFile(chart, 'math-train', {
      path: MATH,
      name: 'math_train',
      formatting: DatasetFormat.SHAREGPT,
      ...edit.dataset,
    }),
    deepspeed: new DeepSpeedZero3(chart, 'zero3', { offloadOptimizer: true, offloadParam: true, ...edit.deepspeed }),
    nodePool: NodePool.of(Gpu.T10),
    modelCache: new ModelCache(chart, 'models', edit.cache),
    saves: new SavesVolume(chart, 'saves', { size: edit.savesSize }),
    code: write(join(folder, 'code'), { 'reward.py': 'x = 1\n' }),
    train: { learningRate: 3e-5 },
    ...edit.run,
  });
  return namesOf(manifestsOf(app));
}

const RESULT: ReadonlyArray<keyof Names> = ['run', 'job', 'config'];
const token = { secret: Secret.fromSecretName(chartOf().chart, 'hub', 'hub'), key: 'token' };

/** Each edit and the names it changes. */
const EDITS: ReadonlyArray<readonly [string, Edit, ReadonlyArray<keyof Names>]> = [
  ['a train argument', { run: { train: { learningRate: 1e-4 } } }, RESULT],
  ['an argument set to its default', { run: { train: { learningRate: 3e-5, packing: false } } }, RESULT],
  ['what is told of the run', { run: { train: { learningRate: 3e-5, loggingSteps: 1 } } }, ['job', 'config']],
  ['how quickly data is prepared', { run: { train: { preprocessingNumWorkers: 8 } } }, ['job', 'config']],
  [
    'the bytes of the data file',
    { dataset: { path: join(write(folder, { 'math.json': `${readFileSync(MATH, 'utf8')}\n` }), 'math.json') } },
    [...RESULT, 'dataset'],
  ],
  ['the tags of the data set', { dataset: { tags: { roleTag: 'role', observationTag: 'result' } } }, RESULT],
  ['the columns of the data set', { dataset: { columns: { messages: 'messages' } } }, []],
  ['the name of the data set', { dataset: { name: 'maths' } }, RESULT],
  ['how many samples are drawn', { dataset: { numSamples: 10 } }, RESULT],
  ['a field of DeepSpeed', { deepspeed: { subGroupSize: 1e8 } }, [...RESULT, 'zero3']],
  ['a field of DeepSpeed set to its default', { deepspeed: { subGroupSize: 1e9 } }, []],
  ['the model', { run: { model: QwenModel.QWEN3_8B } }, [...RESULT, 'prepare', 'prepareFiles']],
  [
    'the revision of the model',
    { cache: { source: Source.modelScope({ revision: 'v1.0' }) } },
    [...RESULT, 'prepare', 'prepareFiles'],
  ],
  ['the hub', { cache: { source: Source.huggingFace() } }, [...RESULT, 'prepare', 'prepareFiles']],
  [
    'the mirror of the hub',
    { cache: { source: Source.modelScope({ endpoint: 'https://hub.example.com' }) } },
    ['prepare', 'prepareFiles'],
  ],
  ['the token for the hub', { cache: { source: Source.modelScope({ token }) } }, ['prepare']],
  [
    'the image',
    {
      run: { image: TrainerImage.custom('registry.example.com/trainer:1', { deepspeed: '0.18.4', cudaToolkit: true }) },
    },
    [...RESULT, 'prepare'],
  ],
  [
    'the registry that mirrors the image',
    { run: { image: TrainerImage.official({ registry: 'registry.example.com' }) } },
    ['job', 'prepare'],
  ],
  [
    'the LLaMA-Factory release',
    { run: { image: TrainerImage.official({ release: '0.9.4' }) } },
    [...RESULT, 'prepare'],
  ],
  [
    'a file of the code',
    { run: { code: write(join(folder, 'other-code'), { 'reward.py': 'x = 2\n' }) } },
    [...RESULT, 'code'],
  ],
  ['the GPUs', { run: { gpus: 2 } }, RESULT],
  ['a label', { run: { labels: { team: 'maths' } } }, ['job', 'prepare']],
  ['a label of the cache', { cache: { labels: { team: 'maths' } } }, ['prepare']],
  ['an annotation', { run: { annotations: { note: 'x' } } }, ['job', 'prepare']],
  ['a gate', { run: { gate: Gate.waves() } }, ['job']],
  ['a smoke run', { run: { smoke: true } }, ['job', 'config']],
  ['what the pods may reach', { run: { networkAccess: NetworkAccess.unrestricted() } }, []],
  ['a priority class', { run: { priorityClassName: 'batch' } }, ['job']],
  ['a priority class of the prepare pod', { run: { preparePod: { priorityClassName: 'batch' } } }, ['prepare']],
  ['a scheduler', { run: { schedulerName: 'volcano' } }, ['job']],
  ['the memory', { run: { memory: Size.gibibytes(64) } }, ['job']],
  ['the CPUs', { run: { cpus: 8 } }, ['job']],
  ['the size of /dev/shm', { run: { sharedMemory: Size.gibibytes(2) } }, ['job']],
  ['an environment variable', { run: { env: { NCCL_DEBUG: 'INFO' } } }, ['job']],
  ['the service account', { run: { serviceAccountName: 'trainer' } }, ['job', 'prepare']],
  ['the time to wait for the prepare Job', { run: { prepareTimeout: Duration.hours(1) } }, ['job']],
  ['the node pool', { run: { nodePool: NodePool.hostname(Gpu.T10, 'server') } }, ['job', 'prepare']],
  ['the user', { run: { runAsUser: 2000 } }, ['job', 'prepare']],
  ['a pull secret', { run: { imagePullSecrets: ['registry'] } }, ['job', 'prepare']],
  ['the package index', { run: { packageIndex: 'https://pypi.example.com' } }, ['prepare', 'prepareFiles']],
  [
    'the size of the claims',
    { cache: { size: Size.gibibytes(90) }, savesSize: Size.gibibytes(90) },
    ['prepare', 'prepareFiles'],
  ],
  ['how often a pod is replaced', { run: { backoffLimit: 5 } }, []],
];

describe('a program', () => {
  const before = program();

  test('has the same names the second time', () => {
    expect(program()).toEqual(before);
  });

  test.each(EDITS)('%s changes just the names it should', (_, edit, changed) => {
    const after = program(edit);
    const names = Object.keys(before) as Array<keyof Names>;
    expect(names.filter((name) => after[name] !== before[name]).sort()).toEqual([...changed].sort());
  });
});

/** What a program wrote: the text of each file by its name. */
type Written = Readonly<Record<string, string>>;

/** Runs the main example of a copy of the repository. */
function synthesise(repository: string, options: { cwd?: string } = {}): Written {
  const outdir = join(folder, `dist-${readdirSync(folder).length}`);
  const ended = runProgram(join(repository, MAIN), { cwd: options.cwd ?? repository, outdir, repository });
  if (ended.status !== 0) throw new Error(ended.stderr);
  return Object.fromEntries(readdirSync(outdir).map((name) => [name, readFileSync(join(outdir, name), 'utf8')]));
}

function manifestsIn(written: Written): Manifests {
  return byKind(Object.values(written).flatMap((text) => parseAllDocuments(text).map((document) => document.toJS())));
}

describe('the main example', () => {
  const moved = copyRepository(join(mkdirSync(join(folder, 'a', 'b'), { recursive: true }) ?? folder, 'moved'));
  let written: Written;
  beforeAll(() => {
    written = synthesise(REPOSITORY);
  });

  test('is written to the same bytes the second time', () => {
    expect(synthesise(REPOSITORY)).toEqual(written);
  });

  test('is written to the same bytes from another working directory, and after the repository was moved', () => {
    // The example's paths start from the working directory: its data is there too.
    const cwd = mkdtempSync(join(folder, 'elsewhere-'));
    cpSync(join(moved, 'examples'), join(cwd, 'examples'), { recursive: true });
    expect(synthesise(moved, { cwd })).toEqual(written);
  });

  test('has another Job and other launch files after an edit of launch.sh, and is the same run', () => {
    appendFileSync(join(moved, 'runtime', 'launch.sh'), '# edited\n');
    const { launch, job, ...same } = mainNames(manifestsIn(synthesise(moved)));
    const before = mainNames(manifestsIn(written));
    expect({ ...before, ...same }).toEqual(before);
    expect([launch, job]).not.toContain(before.launch);
    expect(job).not.toBe(before.job);
  });
});

/** Names of the main example, which has no code. */
function mainNames(manifests: Manifests): Omit<Names, 'code'> {
  const code = { metadata: { name: '' }, data: { 'reward.py': '' } };
  const dataset = configMapWith(manifests, 'math_train.json');
  const renamed = { metadata: dataset.metadata, data: { 'math.json': '' } };
  return namesOf({ ...manifests, configMaps: [...manifests.configMaps, code, renamed] });
}

describe('the digest of a run', () => {
  const identity: RunIdentity = {
    args: { stage: 'sft', dataset: 'a,b' },
    deepspeed: { zero_optimization: { stage: 3 } },
    datasets: [
      { name: 'a', entry: { formatting: 'alpaca', file_name: '/data/a/a.json' }, identity: ['1'] },
      { name: 'b', entry: { formatting: 'alpaca', file_name: '/data/b/b.json' }, identity: ['2'] },
    ],
    model: { repository: 'Qwen/Qwen3-14B', revision: 'master' },
    release: '0.9.5',
    image: 'example/trainer:1',
    packages: 'bitsandbytes',
    code: { 'a.py': '1' },
    worldSize: 4,
  };
  const [a, b] = identity.datasets as [RunIdentity['datasets'][0], RunIdentity['datasets'][0]];
  const before = runDigest(identity);

  test('is ten hexadecimal digits', () => {
    expect(before).toMatch(/^[0-9a-f]{10}$/);
  });

  test.each<[string, Partial<RunIdentity>]>([
    ['an argument', { args: { ...identity.args, stage: 'dpo' } }],
    ['a further argument', { args: { ...identity.args, packing: true } }],
    ['the DeepSpeed config', { deepspeed: { zero_optimization: { stage: 2 } } }],
    ['the lack of one', { deepspeed: undefined }],
    ['the name of a data set', { datasets: [{ ...a, name: 'c' }, b] }],
    ['the entry of a data set', { datasets: [{ ...a, entry: { formatting: 'sharegpt' } }, b] }],
    ['the data', { datasets: [{ ...a, identity: ['3'] }, b] }],
    ['the order of data sets', { datasets: [b, a] }],
    ['the model', { model: { repository: 'Qwen/Qwen3-8B', revision: 'master' } }],
    ['the release', { release: '0.9.4' }],
    ['the image', { image: 'example/trainer:2' }],
    ['the packages', { packages: undefined }],
    ['the code', { code: { 'a.py': '2' } }],
    ['the number of ranks', { worldSize: 2 }],
  ])('changes with %s', (_, changes) => {
    expect(runDigest({ ...identity, ...changes })).not.toBe(before);
  });

  test.each([
    'model_name_or_path',
    'dataset_dir',
    'media_dir',
    'output_dir',
    'deepspeed',
    'cache_dir',
    'tokenized_path',
    'logging_dir',
  ])('does not change with %s, which only says where something is', (key) => {
    expect(runDigest({ ...identity, args: { ...identity.args, [key]: '/elsewhere' } })).toBe(before);
  });

  test.each([
    'logging_steps',
    'logging_first_step',
    'logging_strategy',
    'log_level',
    'disable_tqdm',
    'include_num_input_tokens_seen',
    'plot_loss',
    'report_to',
    'run_name',
    'preprocessing_num_workers',
    'overwrite_cache',
    'ddp_timeout',
  ])('does not change with %s, which leaves the adapter the same', (key) => {
    expect(runDigest({ ...identity, args: { ...identity.args, [key]: 1 } })).toBe(before);
  });

  test('does not change with the path of a data file', () => {
    const moved = { ...a, entry: { ...a.entry, file_name: '/elsewhere.json' } };
    expect(runDigest({ ...identity, datasets: [moved, b] })).toBe(before);
  });
});
