import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiObject, type Chart } from 'cdk8s';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { main } from '../../src/cli/main';
import { loadYaml } from '../../src/llamafactory/load';
import { ownerOf } from '../../src/llamafactory/owned-arguments';
import type { Release } from '../../src/run/releases';
import type { Mapping } from '../../src/run/run';
import { linkModules, REPOSITORY, runProgram, temporaryFolder, write } from '../folder';
import { allCases } from '../parity/cases';
import { FILES } from '../parity/surroundings';
import { readVerdicts } from '../parity/verdicts';
import { byKind, configMapWith, containerOf, envOf, jobOf, type Manifests } from '../synthesis';

const SEED = join(REPOSITORY, 'test/fixtures/seed');
const folder = linkModules(temporaryFolder());

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function run(...args: string[]): Ended {
  const [out, err]: [string[], string[]] = [[], []];
  const status = main(args, { out: (text) => out.push(text), err: (text) => err.push(text) });
  return { status, out: out.join(''), err: err.join('') };
}

const ROWS = JSON.stringify([
  { instruction: '2 + 3?', input: '', output: '5' },
  { instruction: '7 - 4?', input: '', output: '3' },
]);
const CHAT = JSON.stringify([
  {
    messages: [
      { role: 'user', content: '2 + 3?' },
      { role: 'assistant', content: '5' },
    ],
  },
  {
    messages: [
      { role: 'user', content: '7 - 4?' },
      { role: 'assistant', content: '3' },
    ],
  },
]);
const PAIRS = JSON.stringify([
  { instruction: '2 + 3?', input: '', chosen: '5', rejected: '6' },
  { instruction: '7 - 4?', input: '', chosen: '3', rejected: '4' },
]);
const INFO = JSON.stringify({ math: { file_name: 'math.json' } });
const DATA = { 'data/dataset_info.json': INFO, 'data/math.json': ROWS };

const LORA = `model_name_or_path: Qwen/Qwen3-0.6B
stage: sft
do_train: true
finetuning_type: lora
lora_target: all
dataset: math
template: qwen3_nothink
cutoff_len: 1024
output_dir: saves/math
per_device_train_batch_size: 1
gradient_accumulation_steps: 8
learning_rate: 1.0e-4
num_train_epochs: 3.0
fp16: true
report_to: none
`;

const DPO = `model_name_or_path: /data/models/Qwen2.5-0.5B-Instruct
stage: dpo
do_train: true
finetuning_type: lora
dataset: pairs
dataset_dir: sets
template: qwen
cutoff_len: 512
output_dir: saves/dpo
pref_beta: 0.1
pref_loss: sigmoid
per_device_train_batch_size: 1
learning_rate: 5.0e-6
save_steps: 0.5
fp16: true
`;

const SECOND_ROW = {
  messages: [
    { role: 'user', content: '1 + 1?' },
    { role: 'assistant', content: '2' },
  ],
};

/** The seed's arguments, data in a list, with one more row: val_size takes the first. */
const SEED_FILES = {
  'data/small_dataset.json': `[${readFileSync(join(SEED, 'data/small_dataset.json'), 'utf8')}, ${JSON.stringify(SECOND_ROW)}]`,
};

const ZERO2 = JSON.stringify({
  train_batch_size: 'auto',
  train_micro_batch_size_per_gpu: 'auto',
  gradient_accumulation_steps: 'auto',
  gradient_clipping: 'auto',
  zero_optimization: { stage: 2 },
});

/** Programs that are made, type-checked together and run one by one. */
interface Case {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly options?: readonly string[];
  readonly config?: string;
  readonly release?: Release;
}
const CASES: readonly Case[] = [
  { name: 'seed', files: SEED_FILES, config: 'train_config.yaml' },
  { name: 'a minimal LoRA run', files: { ...DATA, 'train.yaml': LORA } },
  {
    name: 'DPO',
    files: {
      'train.yaml': DPO,
      'sets/dataset_info.json': JSON.stringify({
        pairs: {
          file_name: 'pairs.json',
          ranking: true,
          columns: { prompt: 'instruction', query: 'input', chosen: 'chosen', rejected: 'rejected' },
        },
      }),
      'sets/pairs.json': PAIRS,
    },
  },
  { name: 'QLoRA without DeepSpeed', files: { ...DATA, 'train.yaml': `${LORA}quantization_bit: 4\n` } },
  {
    name: 'forms that train does not type',
    files: { ...DATA, 'configs/train.yaml': LORA.replace('lora_target: all', 'lora_target: [q_proj, v_proj]') },
    config: 'configs/train.yaml',
  },
  {
    name: 'other files than ConfigMaps carry',
    files: {
      'train.yaml': LORA.replace('dataset: math', 'dataset: hub, table, gone, math'),
      ...DATA,
      'data/dataset_info.json': JSON.stringify({
        hub: { ms_hub_url: 'someone/some-data' },
        table: { file_name: 'table.csv', columns: { prompt: 'q', response: 'a' } },
        math: { file_name: 'math.json' },
      }),
      'data/table.csv': 'q,a\n',
    },
  },
  {
    name: 'several data sets, evaluation and chat data',
    files: {
      'train.yaml': `${LORA.replace('dataset: math', 'dataset: math,talk\neval_dataset: talk')}eval_strategy: epoch\n`,
      'data/dataset_info.json': JSON.stringify({
        math: { file_name: 'shards' },
        talk: { file_name: 'talk.json', formatting: 'sharegpt', columns: { messages: 'messages' }, num_samples: 2 },
      }),
      'data/shards/a.json': ROWS,
      'data/shards/b.json': ROWS.replace('2 + 3', '1 + 1'),
      'data/talk.json': CHAT,
    },
  },
  {
    name: 'ZeRO-2',
    files: { ...DATA, 'train.yaml': `${LORA}deepspeed: ds.json\n`, 'ds.json': ZERO2 },
  },
  {
    name: 'ZeRO-3 with settings of its own',
    files: {
      ...DATA,
      'train.yaml': `${LORA}deepspeed: ds.json\n`,
      'ds.json': JSON.stringify({
        fp16: { enabled: 'auto', loss_scale_window: 500 },
        zero_optimization: {
          stage: 3,
          overlap_comm: false,
          reduce_bucket_size: 2e8,
          stage3_gather_16bit_weights_on_model_save: false,
          offload_optimizer: { device: 'cpu', pin_memory: true, ratio: 0.5 },
        },
      }),
    },
  },
  {
    name: 'a DeepSpeed JSON that is not there',
    files: { ...DATA, 'train.yaml': `${LORA}deepspeed: examples/deepspeed/ds_z3_offload_config.json\n` },
  },
  {
    name: 'an older release',
    files: { ...DATA, 'train.yaml': LORA },
    options: ['--llamafactory', '0.9.4'],
    release: '0.9.4',
  },
  {
    name: 'a base model, odd text and mappings',
    files: {
      ...DATA,
      'train.yaml': `${LORA.replace('Qwen/Qwen3-0.6B', 'Qwen/Qwen3-1.7B-Base')}run_name: "it's \\"a\\" \\\\ run\\u2028"\nlr_scheduler_kwargs: {min_lr_rate: 0.1}\n`,
    },
  },
  {
    name: 'a model of its own',
    files: {
      ...DATA,
      'train.yaml': LORA.replace('Qwen/Qwen3-0.6B', './mine'),
      'mine/config.json': JSON.stringify({
        model_type: 'qwen3',
        hidden_size: 1024,
        intermediate_size: 3072,
        num_hidden_layers: 4,
        num_attention_heads: 16,
        num_key_value_heads: 8,
        head_dim: 128,
        vocab_size: 1000,
        tie_word_embeddings: true,
      }),
    },
  },
  {
    name: 'arguments that need correcting',
    files: {
      ...DATA,
      'train.yaml': `${LORA.replace('learning_rate', 'learning_rates')}save_safetensors: true\nlora_rank: "8"\nwarmup_ratio: 0.1\nwarmup_ratio: 0.2\n`,
    },
  },
  {
    name: 'the preset without DeepSpeed',
    files: {
      ...SEED_FILES,
      'data/dataset_info.json': readFileSync(join(SEED, 'data/dataset_info.json'), 'utf8'),
      'train.yaml': readFileSync(join(SEED, 'train_config.yaml'), 'utf8').replace(/^deepspeed: .*\n/m, ''),
    },
    options: ['--gpu', 'A100-40GB'],
  },
  {
    name: 'a launch script',
    files: {
      ...DATA,
      'train.yaml': `${LORA}hf_hub_token: hf_secret\n`,
      'run.sh':
        'export CUDA_VISIBLE_DEVICES=0,1\nexport NCCL_DEBUG=INFO WANDB_API_KEY=abc\nif true; then\n  export INNER=1\nfi\nHF_ENDPOINT=https://hf-mirror.com DISABLE_VERSION_CHECK="1" llamafactory-cli train train.yaml learning_rate=1e-5\n',
    },
  },
];

/** What has become of one case. */
interface Made {
  readonly directory: string;
  readonly ended: Ended;
}

function make({ name, files, options = [], config = 'train.yaml' }: Case): Made {
  const directory = join(folder, name.replaceAll(' ', '-'));
  if (name === 'seed') cpSync(SEED, directory, { recursive: true });
  write(directory, files);
  const chosen = existsSync(join(directory, config)) ? [] : ['--config', config];
  return { directory, ended: run('import', directory, '--out', join(directory, 'app.ts'), ...options, ...chosen) };
}

/** Which keys of the train config the report says to be different. */
function listed({ out }: Ended, config: string): Set<string> {
  const lines = out.split('\n').filter((line) => line.startsWith(`  ${config}: `));
  const keys = lines.flatMap(
    (line) =>
      line
        .slice(config.length + 4)
        .split(': ')[0]
        ?.split(', ') ?? [],
  );
  const renamed = lines.flatMap((line) => / -> as (\w+):/.exec(line)?.[1] ?? []);
  return new Set([...keys, ...renamed]);
}

/** The arguments in which two configs differ, but for those that constructs set and those that are listed. */
function unlisted(given: Mapping, written: Mapping, said: ReadonlySet<string>): string[] {
  const text = (value: unknown) => JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part));
  return [...new Set([...Object.keys(given), ...Object.keys(written)])].filter(
    (key) => text(given[key]) !== text(written[key]) && ownerOf(key) === undefined && !said.has(key),
  );
}

/** What the trainer reads, whatever else may be wrong with the run. */
function trainConfigIn(chart: Chart): string {
  const objects = chart.node.findAll().filter((construct) => ApiObject.isApiObject(construct));
  return objects.flatMap((object) => object.toJson().data?.['train_config.yaml'] ?? [])[0];
}

/** Runs a case's program in this process, and answers its manifests. */
function synthesised(directory: string): Manifests {
  const before = { folder: process.cwd(), outdir: process.env['CDK8S_OUTDIR'] };
  const printed = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const exit = jest.spyOn(process, 'exit').mockImplementation(() => {
    throw new Error(printed.mock.calls.join(''));
  });
  process.chdir(directory);
  process.env['CDK8S_OUTDIR'] = join(directory, 'dist');
  try {
    require(join(directory, 'app.ts'));
  } finally {
    process.chdir(before.folder);
    if (before.outdir === undefined) delete process.env['CDK8S_OUTDIR'];
    else process.env['CDK8S_OUTDIR'] = before.outdir;
    exit.mockRestore();
    printed.mockRestore();
  }
  return manifestsIn(directory);
}

function manifestsIn(directory: string): Manifests {
  const text = readFileSync(join(directory, 'dist/finetune.k8s.yaml'), 'utf8');
  return byKind(parseAllDocuments(text).map((document) => document.toJS()));
}

function argsOf(text: string, release: Release = '0.9.5'): Mapping {
  return loadYaml(text, release, '').args;
}

const writtenOf = (manifests: Manifests, release?: Release) =>
  argsOf(configMapWith(manifests, 'train_config.yaml').data?.['train_config.yaml'] ?? '', release);

const made = new Map<string, Made>();

beforeAll(() => {
  const compilerOptions = {
    target: 'es2022',
    module: 'node16',
    moduleResolution: 'node16',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    esModuleInterop: true,
    skipLibCheck: true,
    paths: { 'cdk8s-llamafactory': [join(REPOSITORY, 'src/index.ts')] },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  for (const one of CASES) made.set(one.name, make(one));
});

const madeOf = (name: string): Made => made.get(name) ?? { directory: '', ended: { status: -1, out: '', err: '' } };
const programOf = (name: string) => readFileSync(join(madeOf(name).directory, 'app.ts'), 'utf8');

test('the programs pass the compiler under strict', () => {
  const { stdout } = spawnSync(join(REPOSITORY, 'node_modules/.bin/tsc'), [], { cwd: folder, encoding: 'utf8' });
  expect(stdout).toBe('');
}, 60_000);

test('the programs are formatted as this library is', () => {
  cpSync(join(REPOSITORY, 'biome.json'), join(folder, 'biome.json'));
  const settings = JSON.parse(readFileSync(join(folder, 'biome.json'), 'utf8'));
  writeFileSync(join(folder, 'biome.json'), JSON.stringify({ ...settings, vcs: undefined, files: undefined }));
  const { status, stderr } = spawnSync(
    join(REPOSITORY, 'node_modules/.bin/biome'),
    ['format', ...CASES.map(({ name }) => join(madeOf(name).directory, 'app.ts'))],
    { cwd: folder, encoding: 'utf8' },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) });
});

describe.each(CASES)('$name', ({ name, files, config = 'train.yaml', release = '0.9.5' }) => {
  let manifests: Manifests;
  beforeAll(() => {
    manifests = synthesised(madeOf(name).directory);
  });

  test('ends without an error where its synth does', () => {
    expect(madeOf(name).ended).toMatchObject({ status: 0, err: '' });
  });

  test('writes a train config that differs only in what constructs set and what is listed', () => {
    const { directory, ended } = madeOf(name);
    const given = argsOf(files[config] ?? readFileSync(join(directory, config), 'utf8'), release);
    const written = writtenOf(manifests, release);
    expect(unlisted(given, written, listed(ended, config))).toEqual([]);
  });

  test('has every data set of the file', () => {
    const { directory } = madeOf(name);
    const given = argsOf(files[config] ?? readFileSync(join(directory, config), 'utf8'), release);
    expect(String(writtenOf(manifests, release)['dataset']).split(',')).toEqual(String(given['dataset']).split(/, ?/));
  });
});

describe("the seed's program", () => {
  test('is the preset, and says only what the preset does otherwise', () => {
    expect(
      programOf('seed'),
    ).toBe(`// Made by \`cdk8s-llamafactory import\` from train_config.yaml, ds_config_zero3.json, dataset_info.json, launch.sh of
// seed.
import { App, Chart, Size } from 'cdk8s';
import {
  DatasetFormat,
  DatasetVolume,
  DeepSpeedZero3,
  Gpu,
  ModelCache,
  NodePool,
  QwenModel,
  QwenQLoRAJob,
  SavesVolume,
  synth,
} from 'cdk8s-llamafactory';

const app = new App();
const chart = new Chart(app, 'finetune', { namespace: 'ml' });

new QwenQLoRAJob(chart, 'sft', {
  model: QwenModel.QWEN3_14B,
  dataset: DatasetVolume.fromFile(chart, 'math_train', {
    path: 'data/small_dataset.json',
    formatting: DatasetFormat.SHAREGPT,
  }),
  deepspeed: new DeepSpeedZero3(chart, 'zero3', { offloadOptimizer: true, offloadParam: true }),
  nodePool: NodePool.of(Gpu.T10, { gpus: 4 }),
  // No pod has /home/amazcuter/.cache/modelscope/hub/models/Qwen/Qwen3-14B: a Job fetches it. For a node's disk:
  // ModelCache.onNode.
  modelCache: new ModelCache(chart, 'models', { size: Size.gibibytes(60) }),
  // In place of ./saves/qwen3-14b/lora/sft.
  saves: new SavesVolume(chart, 'saves', { size: Size.gibibytes(20) }),
  train: { loraplusLrRatio: 1, saveSteps: 200, evalSteps: 200 },
});

synth(app);
`);
  });

  test.each([
    'pure_bf16: given twice',
    'save_safetensors: true -> left out',
    'quantization_method: "bitsandbytes" -> "bnb"',
    'zero_optimization.round_robin_gradients: true -> not set',
    'train_micro_batch_size_per_gpu: not set -> "auto"',
    'math_train.tags.system_tag: not set -> "system"',
    'launch.sh: PYTHONPATH: left out',
  ])('the report lists %s', (change) => {
    expect(madeOf('seed').ended.out).toContain(change);
  });

  test('faults that it holds are found, and stay', () => {
    const { out } = madeOf('seed').ended;
    for (const id of ['saves-never-fire', 'evaluations-never-fire', 'host-virtual-environment', 'chatml-template']) {
      expect(out).toContain(`[${id}]`);
    }
  });

  test('as the files are, the one error is the data, which its synth refuses too', () => {
    const directory = join(folder, 'seed-as-it-is');
    cpSync(SEED, directory, { recursive: true });
    const { status, out } = run('import', directory, '--out', join(directory, 'app.ts'));
    expect(status).toBe(1);
    expect(out.match(/^error: .*$/gm)).toEqual(['error: finetune/sft: dataset  [dataset-file]']);
    const ended = runProgram('app.ts', { cwd: directory, outdir: join(directory, 'dist') });
    expect(ended.status).toBe(1);
    expect(ended.stderr).toContain('1 error: nothing was written');
  }, 60_000);
});

describe('a program', () => {
  test('of a run that the preset is not for has every argument of the file', () => {
    expect(programOf('a minimal LoRA run')).toContain(`  train: {
    stage: 'sft',
    doTrain: true,
    finetuningType: 'lora',
    loraTarget: 'all',
    template: 'qwen3_nothink',
    cutoffLen: 1024,
    perDeviceTrainBatchSize: 1,
    gradientAccumulationSteps: 8,
    learningRate: 1e-4,
    numTrainEpochs: 3,
    fp16: true,
    reportTo: 'none',
  },`);
  });

  test('of a run far from the preset is none of the preset, though it is QLoRA', () => {
    expect(programOf('QLoRA without DeepSpeed')).toContain('new FineTuningJob(');
  });

  test('of a run without DeepSpeed that the preset is for says so', () => {
    const program = programOf('the preset without DeepSpeed');
    expect(program).toContain('new QwenQLoRAJob(');
    expect(program).toContain('strategy: Strategy.DDP');
    expect(program).toContain('cutoffLen: 2048');
  });

  test('names the file where `train` does not type a form', () => {
    const program = programOf('forms that train does not type');
    expect(program).toContain("  trainConfig: TrainConfig.fromYaml('configs/train.yaml'),\n");
    expect(program).not.toContain('train:');
  });

  test('looks on a claim for data that a ConfigMap does not carry, and says so', () => {
    const program = programOf('other files than ConfigMaps carry');
    for (const name of ['hub', 'table', 'gone']) expect(program).toContain(`DatasetVolume.fromClaim(chart, '${name}'`);
    expect(program).toContain("DatasetVolume.fromFile(chart, 'math'");
    expect(madeOf('other files than ConfigMaps carry').ended.out.match(/\[import-dataset\]/g)).toHaveLength(3);
  });

  test('has a folder of shards, and a data set twice if it is trained and evaluated on', () => {
    const program = programOf('several data sets, evaluation and chat data');
    expect(program).toContain("DatasetVolume.fromDirectory(chart, 'math'");
    expect(program).toContain("evaluationDataset: DatasetVolume.fromFile(chart, 'talk-evaluation'");
  });

  test('goes without DeepSpeed where there is no construct for it, and says so', () => {
    expect(programOf('ZeRO-2')).not.toContain('deepspeed');
    expect(madeOf('ZeRO-2').ended.out).toContain('ds.json has ZeRO stage 2, and stage 3 alone');
    expect(madeOf('ZeRO-2').ended.out).toContain(
      'gradient_clipping, zero_optimization.stage: left out: the program trains without DeepSpeed',
    );
  });

  test('has the settings of a ZeRO-3 JSON, but no defaults', () => {
    expect(programOf('ZeRO-3 with settings of its own')).toContain(`  deepspeed: new DeepSpeedZero3(chart, 'zero3', {
    offloadOptimizer: true,
    offloadOptimizerRatio: 0.5,
    overlapComm: false,
    reduceBucketSize: 200000000,
    stage3Gather16bitWeightsOnModelSave: false,
    optimizer: '',
    fp16: { lossScaleWindow: 500 },
  }),`);
  });

  test('has ZeRO-3 as the name of a JSON says that is not there, and says so', () => {
    expect(programOf('a DeepSpeed JSON that is not there')).toContain('offloadOptimizer: true');
    expect(madeOf('a DeepSpeed JSON that is not there').ended.out).toContain('[import-deepspeed]');
  });

  test('has the image of the release', () => {
    expect(programOf('an older release')).toContain("image: TrainerImage.official({ release: '0.9.4' })");
  });

  test('fetches a repository from the hub that LLaMA-Factory would ask', () => {
    expect(programOf('a minimal LoRA run')).toContain('source: Source.huggingFace()');
    expect(programOf('a launch script')).toContain("source: Source.huggingFace({ endpoint: 'https://hf-mirror.com' })");
    expect(programOf('seed')).not.toContain('Source');
  });

  test('looks on a claim for a model that no hub is known to have', () => {
    expect(programOf('a model of its own')).toContain(
      "ModelCache.fromClaim(chart, 'models', { claimName: 'models', modelPath: 'mine' })",
    );
  });

  test('has the GPUs and the variables of the launch script, but no secret', () => {
    const program = programOf('a launch script');
    expect(program).toContain('NodePool.of(Gpu.T10, { gpus: 2 })');
    expect(program).toContain("env: { NCCL_DEBUG: 'INFO', DISABLE_VERSION_CHECK: '1' }");
    expect(`${program}${madeOf('a launch script').ended.out}`).not.toMatch(/hf_secret|\babc\b/);
  });

  test('has corrected arguments in place of those it could not hold', () => {
    expect(writtenOf(manifestsIn(madeOf('arguments that need correcting').directory))).toMatchObject({
      learning_rate: 1e-4,
      lora_rank: 8,
      warmup_ratio: 0.2,
    });
  });

  test('gives its pod the GPUs and variables', () => {
    const container = containerOf(jobOf(manifestsIn(madeOf('a launch script').directory), 'train'));
    expect(container.resources?.limits?.['nvidia.com/gpu']).toBe('2');
    expect(envOf(container)).toMatchObject({ NCCL_DEBUG: 'INFO', DISABLE_VERSION_CHECK: '1' });
  });
});

describe('an adapter that the file goes on from', () => {
  const made = (name: string, adapter: string, more = '', files = {}) => {
    const directory = write(join(folder, 'adapters', name), {
      ...DATA,
      'train.yaml': `${LORA}adapter_name_or_path: ${adapter}\n${more}`,
      ...files,
    });
    return { directory, ...run('import', directory, '--out', join(directory, 'app.ts')) };
  };
  const programIn = (directory: string) => readFileSync(join(directory, 'app.ts'), 'utf8');

  test.each([
    ['a path', './saves/math/', "Adapter.fromClaim({ claimName: 'adapters', path: 'math' })", '/adapter/math'],
    ['a list of one', '[out/math]', "Adapter.fromClaim({ claimName: 'adapters', path: 'math' })", '/adapter/math'],
    ['a saves volume', '/saves/first/012', "Adapter.fromSaves('/saves/first/012')", '/saves/first/012'],
    [
      'a repository',
      'me/math',
      "Adapter.fromSource({ source: Source.huggingFace({ repository: 'me/math' }) })",
      expect.stringMatching(/^\/models\/\.adapters\/\w+$/),
    ],
  ])('of %s stands in the program, and a warning says what to fill in', (name, adapter, code, path) => {
    const { directory, status, out } = made(name, adapter);
    expect(status).toBe(0);
    expect(out).toContain('[import-adapter]');
    expect(programIn(directory)).toContain(`adapter: ${code},`);
    expect(writtenOf(synthesised(directory))['adapter_name_or_path']).toEqual(path);
  });

  test('is asked for at the revision that LLaMA-Factory asks for', () => {
    const { directory } = made('revision', 'me/math', 'model_revision: v1\n');
    expect(programIn(directory)).toContain("Source.huggingFace({ repository: 'me/math', revision: 'v1' })");
  });

  test('is a folder where there is one, whatever it is called', () => {
    const { directory } = made('folder', 'me/math', '', { 'me/math/adapter_config.json': '{}' });
    expect(programIn(directory)).toContain('Adapter.fromClaim(');
  });

  test.each([
    ['several', 'a/x,b/y', 'several adapters'],
    ['a number', '7', 'this is neither'],
  ])('of %s is an error, here and at synth', (name, adapter, text) => {
    const { directory, status, out } = made(name, adapter);
    expect(status).toBe(1);
    expect(out).toContain(text);
    expect(() => synthesised(directory)).toThrow('FILL_IN');
  });

  test('of a quantised run is judged as the parser does where there are several', () => {
    expect(made('quantised', 'a/x,b/y', 'quantization_bit: 4\n').out).toContain('[quantization-adapters]');
  });
});

describe('a dataset_info.json', () => {
  const entry = {
    file_name: 'talk.json',
    formatting: 'sharegpt',
    columns: { messages: 'talk' },
    tags: { role_tag: 'who', content_tag: 'says', user_tag: 'q', assistant_tag: 'a' },
    split: 'test',
  };
  const rows = [
    {
      talk: [
        { who: 'q', says: '1 + 1?' },
        { who: 'a', says: '2' },
      ],
    },
  ];
  const made = (name: string, files: Readonly<Record<string, string>>, dataset = 'math') => {
    const config = LORA.replace('dataset: math', `dataset: ${dataset}`);
    const directory = write(join(folder, 'entries', name), { 'train.yaml': config, ...files });
    return { directory, ...run('import', directory, '--out', join(directory, 'app.ts')) };
  };
  const besides = { 'dataset_info.json': JSON.stringify({ math: entry }), 'talk.json': JSON.stringify(rows) };

  test('beside the config is taken where there is none in `dataset_dir`, the whole entry of it', () => {
    const { directory, status, out } = made('beside', besides);
    expect(status).toBe(0);
    expect(out).toContain('dataset_dir: "data" -> the folder of train.yaml');
    const info = configMapWith(synthesised(directory), 'dataset_info.json').data?.['dataset_info.json'] ?? '{}';
    const { file_name, split, ...others } = entry;
    expect(JSON.parse(info).math).toMatchObject(others);
    expect(out).toMatch(/warning: .*\[import-dataset\]\n.*\n {2}got {6}split: "test"/);
  });

  test('keeps formatting, columns and tags of data that go to a claim', () => {
    const { 'talk.json': _, ...info } = besides;
    const { directory } = made('claim', info);
    const written = configMapWith(synthesised(directory), 'dataset_info.json').data?.['dataset_info.json'] ?? '{}';
    const { file_name, split, ...others } = entry;
    expect(JSON.parse(written).math).toMatchObject(others);
  });

  test.each([
    ['there is none', {}, "data/dataset_info.json can't be read: there is no such file"],
    [
      'it is broken',
      { 'data/dataset_info.json': '{' },
      'data/dataset_info.json is no JSON, is nested too deeply, or holds no object',
    ],
    ['it has no such entry', { 'data/dataset_info.json': '{}' }, 'data/dataset_info.json has no entry of "math"'],
    [
      'its entry names no file',
      { 'data/dataset_info.json': '{"math": {}}' },
      'the entry of math in data/dataset_info.json says no file_name',
    ],
  ])('is said to be the reason where %s', (name, files, text) => {
    expect(made(name, files).out).toContain(text);
  });

  test('may call its data sets what no construct takes', () => {
    const info = { 数学: { file_name: 'math.json' }, 'a/b': { file_name: 'math.json' } };
    const files = { 'data/dataset_info.json': JSON.stringify(info), 'data/math.json': ROWS };
    const { directory, status, out } = made('names', files, '数学,a/b');
    expect(status).toBe(0);
    expect(out).toContain('数学: "数学" -> "data": a name has letters');
    expect(writtenOf(synthesised(directory))['dataset']).toBe('data,a-b');
  });
});

test.each([
  ['dpo', 'ranking: true'],
  ['kto', "ktoTag: 'kto_tag'"],
])('data of %s that no entry is at hand of are those that the stage learns from', (stage, said) => {
  const config = LORA.replace('stage: sft', `stage: ${stage}`);
  const { status, out, err } = run('import', write(join(folder, `unseen-${stage}`), { 'train.yaml': config }));
  expect(status).toBe(0);
  expect(out).toContain(said);
  expect(err).toContain('correct path, formatting and columns in the program');
});

test("a model that can't be planned is an error that says why, and a quantised one stays one", () => {
  const config = (more: object) => JSON.stringify({ model_type: 'mamba', ...more });
  const files = { ...DATA, 'train.yaml': LORA.replace('Qwen/Qwen3-0.6B', './mine') };
  const unknown = run('import', write(join(folder, 'unknown-type'), { ...files, 'mine/config.json': config({}) }));
  expect(unknown.status).toBe(1);
  expect(unknown.err).toContain("the model can't be planned: mine/config.json: nothing is known of model_type mamba");
  const shape = {
    model_type: 'qwen3',
    hidden_size: 1024,
    intermediate_size: 3072,
    num_hidden_layers: 4,
    num_attention_heads: 16,
    num_key_value_heads: 8,
    head_dim: 128,
    vocab_size: 1000,
    tie_word_embeddings: true,
    quantization_config: { quant_method: 'awq', bits: 4 },
  };
  const quantised = run('import', write(join(folder, 'awq'), { ...files, 'mine/config.json': config(shape) }));
  expect(quantised.out).toContain("quantization_config: { quant_method: 'awq', bits: 4, group_size: 128 }");
});

test('a config.json that does without biases says so in the program', () => {
  const config = (more: object) =>
    JSON.stringify({
      model_type: 'glm4',
      hidden_size: 1024,
      intermediate_size: 3072,
      num_hidden_layers: 4,
      num_attention_heads: 16,
      num_key_value_heads: 2,
      vocab_size: 1000,
      ...more,
    });
  const files = { ...DATA, 'train.yaml': LORA.replace('Qwen/Qwen3-0.6B', './mine') };
  for (const bias of [true, false]) {
    const folders = { ...files, 'mine/config.json': config({ attention_bias: bias }) };
    expect(run('import', write(join(folder, `bias-${bias}`), folders)).out).toContain(`attention_bias: ${bias}`);
  }
});

test('each change of a DeepSpeed JSON says why, and what is lost is a warning', () => {
  const json = { train_batch_size: 8, zero_optimization: { stage: 3 }, scheduler: { type: 'WarmupLR' } };
  const directory = write(join(folder, 'deepspeed-reasons'), {
    ...DATA,
    'train.yaml': `${LORA}deepspeed: ds.json\n`,
    'ds.json': JSON.stringify(json),
  });
  const { err } = run('import', directory);
  const changes = err.split('\n').filter((line) => line.startsWith('  ds.json: '));
  expect(changes).toContain(
    '  ds.json: train_batch_size: 8 -> "auto": it follows the train arguments, and the Trainer stops where the two contradict each other',
  );
  for (const change of changes) expect(change).toMatch(/ -> .*: [a-z]/i);
  expect(err).toMatch(/\[import-deepspeed\]\n.*\n {2}got {6}scheduler: \{"type":"WarmupLR"\}/);
});

test('no variable that a run refuses goes from the launch script into its program', () => {
  const exports = [
    'NCCL_DEBUG=INFO',
    'WORLD_SIZE=8',
    'LOCAL_RANK=0',
    'SIGNING_KEY=tiger',
    'ALL_PROXY=http://me:tiger@proxy',
  ];
  const script = `${exports.map((each) => `export ${each}`).join('\n')}\nllamafactory-cli train train.yaml\n`;
  const directory = write(join(folder, 'refused-variables'), { ...DATA, 'train.yaml': LORA, 'launch.sh': script });
  const { out, err } = run('import', directory);
  expect(out).toContain("env: { NCCL_DEBUG: 'INFO' }");
  expect(err).toContain('SIGNING_KEY, ALL_PROXY');
  expect(`${out}${err}`).not.toContain('tiger');
});

test('no secret of config or script goes into the program or its report, and what only sounds like one does', () => {
  const config = `${LORA}swanlab_api_key: tiger-a\nrun_name: hf_${'A'.repeat(34)}\nwandb_api_key: tiger-b\n`;
  const script = [
    'export TOKENIZERS_PARALLELISM=false',
    'export HF_ENDPOINT=https://me:tiger-c@mirror',
    'llamafactory-cli train train.yaml --hub_token=tiger-d',
  ].join('\n');
  const directory = write(join(folder, 'secrets'), { ...DATA, 'train.yaml': config, 'launch.sh': `${script}\n` });
  const { status, out, err } = run('import', directory);
  expect(`${out}${err}`).not.toMatch(/tiger|hf_A/);
  expect(out).toContain("env: { TOKENIZERS_PARALLELISM: 'false' }");
  expect(out).toContain('Source.huggingFace()');
  expect(err.match(/\[import-secret\]/g)).toHaveLength(3);
  for (const name of ['swanlab_api_key', 'run_name', 'wandb_api_key', 'HF_ENDPOINT']) expect(err).toContain(name);
  expect(err).toContain('SWANLAB_API_KEY');
  expect(status).toBe(0);
});

test('a program that names a config with a secret says that its synth refuses it', () => {
  const config = `${LORA}hub_token: tiger\nlr_scheduler_kwargs: "{a: 1}"\n`;
  const directory = write(join(folder, 'secret-named'), { ...DATA, 'train.yaml': config });
  const { status, out, err } = run('import', directory);
  expect(out).toContain('TrainConfig.fromYaml');
  expect(err).toContain('[secret-argument]');
  expect(`${out}${err}`).not.toContain('tiger');
  expect(status).toBe(1);
});

test('a crash inside the import is a line, and there is no program', () => {
  const directory = write(join(folder, 'crash'), { ...DATA, 'train.yaml': LORA });
  const crash = jest.spyOn(JSON, 'stringify').mockImplementation(() => {
    throw new RangeError('out of stack');
  });
  const { status, out, err } = run('import', directory);
  crash.mockRestore();
  expect({ status, out }).toEqual({ status: 1, out: '' });
  expect(err).toMatch(
    /^error: unexpected RangeError in import: out of stack \(.*\); please report it with the files\n$/,
  );
});

test('two findings of a launch script that differ in the value alone are both told', () => {
  const script = 'source ~/a/bin/activate\nsource ~/b/bin/activate\nllamafactory-cli train train.yaml\n';
  const directory = write(join(folder, 'two-places'), { ...DATA, 'train.yaml': LORA, 'launch.sh': script });
  expect(run('import', directory).err.match(/\[host-virtual-environment\]/g)).toHaveLength(2);
});

test('whatever the real parser took becomes a program that differs only in what is listed', () => {
  const directory = write(join(folder, 'accepted'), FILES);
  const verdicts = readVerdicts('0.9.5', 'cases');
  const cases = allCases().filter(({ id }) => verdicts.get(id)?.[1] === true);
  const before = process.cwd();
  process.chdir(directory);
  try {
    fc.assert(
      fc.property(fc.constantFrom(...cases), ({ id, text }) => {
        write(directory, { 'train.yaml': text });
        const program = `${id}.ts`;
        const ended = run('import', '.', '--out', program, '--force', '--gpu', 'A100-80GB');
        write(directory, { [program]: readFileSync(program, 'utf8').replace('synth(app);', 'export { chart };') });
        const { chart } = require(join(directory, program)) as { chart: Chart };
        const written = argsOf(trainConfigIn(chart));
        const given = argsOf(text);
        expect(unlisted(given, written, listed(ended, 'train.yaml'))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  } finally {
    process.chdir(before);
  }
}, 60_000);

describe('the command', () => {
  const project = (name: string, files: Readonly<Record<string, string | Buffer>>) =>
    write(join(folder, 'command', name), files);

  test('prints the program, and the report on stderr, without --out', () => {
    const directory = project('printed', { ...DATA, 'train.yaml': LORA });
    const { status, out, err } = run('import', directory);
    expect(status).toBe(0);
    expect(out).toMatch(/^\/\/ Made by[\s\S]*synth\(app\);\n$/);
    expect(err).toContain('FineTuningJob, 4 x T10');
  });

  test('says the same each time', () => {
    expect(run('import', SEED)).toEqual(run('import', SEED));
  });

  test('takes the card and the GPUs from its options before all else', () => {
    const { out } = run('import', madeOf('a launch script').directory, '--gpu', 'rtx-4090', '--gpus', '8');
    expect(out).toContain('NodePool.of(Gpu.RTX_4090, { gpus: 8 })');
  });

  test('leaves a file alone that is there, unless forced', () => {
    const directory = project('there', { ...DATA, 'train.yaml': LORA, 'app.ts': 'mine\n' });
    const out = join(directory, 'app.ts');
    expect(run('import', directory, '--out', out)).toMatchObject({ status: 2, out: '' });
    expect(readFileSync(out, 'utf8')).toBe('mine\n');
    expect(run('import', directory, '--out', out, '--force').status).toBe(0);
    expect(readFileSync(out, 'utf8')).toContain('synth(app)');
  });

  test('asks which of several train configs is meant', () => {
    const directory = project('several', { ...DATA, 'a.yaml': LORA, 'b.yml': DPO, 'c.yaml': 'kind: Pod\n' });
    expect(run('import', directory)).toEqual({
      status: 2,
      out: '',
      err: `error: ${directory} has several train configs: a.yaml, b.yml; say which by --config\n`,
    });
    expect(run('import', directory, '--config', 'a.yaml')).toMatchObject({
      status: 0,
      out: expect.stringContaining("'sft'"),
    });
    expect(run('import', directory, '--config', join(directory, 'a.yaml')).status).toBe(0);
  });

  test('takes the one nearest to the folder', () => {
    const directory = project('deeper', { ...DATA, 'train.yaml': LORA, 'configs/other.yaml': LORA });
    expect(run('import', directory).err).toContain('train.yaml');
  });

  test('finds the files of a config in a folder from where they are launched', () => {
    const directory = project('launched', {
      ...DATA,
      'configs/train.yaml': `${LORA}deepspeed: configs/ds.json\n`,
      'configs/ds.json': '{"zero_optimization": {"stage": 3}}',
    });
    const { out } = run('import', directory);
    expect(out).toContain('new DeepSpeedZero3(');
    expect(out).toContain("DatasetVolume.fromFile(chart, 'math'");
  });

  test.each<[string, Readonly<Record<string, string | Buffer>>, string]>([
    ['an empty folder', {}, 'import-nothing'],
    ['a folder of other YAML', { 'a.yaml': 'kind: Pod\n', 'b.yaml': 'kind: Job\n' }, 'import-nothing'],
    ['an empty config', { 'train.yaml': '' }, 'yaml-empty'],
    ['a binary config', { 'train.yaml': Buffer.from([0xff, 0xfe, 0x00]) }, 'yaml-binary'],
    ['a cyclic config', { 'train.yaml': 'a: &a [*a]\n' }, 'yaml-cycle'],
    ['a list', { 'train.yaml': '- a\n' }, 'yaml-not-mapping'],
  ])('finds one error and makes no program of %s', (name, files, id) => {
    const directory = project(`none ${name}`, files);
    mkdirSync(directory, { recursive: true });
    const out = join(directory, 'app.ts');
    const ended = run('import', directory, '--out', out);
    expect(ended.status).toBe(1);
    expect(`${ended.out}${ended.err}`.match(/^error: .*\[(.*)\]$/gm)).toHaveLength(1);
    expect(`${ended.out}${ended.err}`).toContain(`[${id}]`);
    expect(existsSync(out)).toBe(false);
  });

  test('finds an error in data that cannot be read', () => {
    const directory = project('unreadable data', { ...DATA, 'train.yaml': LORA, 'data/math.json': '[{' });
    expect(run('import', directory)).toMatchObject({ status: 1, err: expect.stringContaining('[dataset-file]') });
  });

  test('finds an error in a model that nobody knows, and still makes a program', () => {
    const directory = project('unknown model', { ...DATA, 'train.yaml': LORA.replace('Qwen/Qwen3-0.6B', 'me/mine') });
    expect(run('import', directory)).toMatchObject({
      status: 1,
      out: expect.stringContaining('Model.custom('),
      err: expect.stringContaining('[import-model]'),
    });
  });

  test('finds an error in a config without data, and still makes a program', () => {
    const directory = project('no data', { 'train.yaml': LORA.replace('dataset: math\n', '') });
    expect(run('import', directory)).toMatchObject({
      status: 1,
      out: expect.stringContaining('dataset: DatasetVolume.fromClaim('),
      err: expect.stringContaining('names no data set'),
    });
  });

  test('gives each construct an id of its own, whatever a data set is called', () => {
    const info = JSON.stringify({ sft: { file_name: 'math.json' }, models: { file_name: 'math.json' } });
    const directory = project('ids', {
      ...DATA,
      'train.yaml': LORA.replace('dataset: math', 'dataset: sft,models'),
      'data/dataset_info.json': info,
    });
    run('import', directory, '--out', join(directory, 'app.ts'));
    expect(writtenOf(synthesised(directory))['dataset']).toBe('sft,models');
  });

  test('says that a program cannot be written', () => {
    const directory = project('unwritable', { ...DATA, 'train.yaml': LORA });
    expect(run('import', directory, '--out', join(directory, 'no/such/folder/app.ts'))).toMatchObject({
      status: 1,
      err: expect.stringContaining("can't be written"),
    });
  });

  test.each([
    [[]],
    [[join(folder, 'nowhere')]],
    [[join(SEED, 'launch.sh')]],
    [[SEED, '--config', 'nowhere.yaml']],
    [[SEED, '--gpu', 'T1O']],
    [['a', 'b']],
  ])('%j exits with 2', (args) => {
    expect(run('import', ...args)).toMatchObject({ status: 2, out: '' });
  });
});
