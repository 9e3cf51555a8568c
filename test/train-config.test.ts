import { join } from 'node:path';
import { ApiObject, type Chart } from 'cdk8s';
import fc from 'fast-check';
import {
  DatasetVolume,
  DeepSpeedZero3,
  FineTuningJob,
  type FineTuningJobProps,
  Gpu,
  NodePool,
  QwenModel,
  QwenQLoRAJob,
  type QwenQLoRAJobProps,
  Strategy,
  TrainConfig,
  TrainerImage,
} from '../src';
import { loadYaml } from '../src/llamafactory/load';
import { ownerOf } from '../src/llamafactory/owned-arguments';
import { Severity } from '../src/run/finding';
import type { Release } from '../src/run/releases';
import { findingsOf } from '../src/tree/findings';
import { REPOSITORY, temporaryFolder, write } from './folder';
import { allCases } from './parity/cases';
import { readVerdicts } from './parity/verdicts';
import { chartOf, findingsWith, mathDataset } from './synthesis';

const folder = temporaryFolder();
let files = 0;

/** A file with that text, at a path of its own. */
function fileOf(content: string | Buffer): string {
  const name = `${++files}.yaml`;
  return join(write(folder, { [name]: content }), name);
}

const WORKING = `# on the workstation
model_name_or_path: /home/me/models/Qwen3-0.6B
stage: sft
do_train: true
finetuning_type: lora
lora_rank: 8
dataset: math_train
dataset_dir: data
template: qwen3
enable_thinking: false
output_dir: ./saves/math
per_device_train_batch_size: 1
save_steps: 0.1
learning_rate: 1.0e-4
num_train_epochs: 3.0
report_to: none
`;

function jobOf(content: string | Buffer, props: Partial<FineTuningJobProps> = {}) {
  const { app, chart } = chartOf();
  const job = new FineTuningJob(chart, 'math', {
    model: QwenModel.QWEN3_0_6B,
    nodePool: NodePool.of(Gpu.A10, { gpus: 2 }),
    trainConfig: TrainConfig.fromYaml(fileOf(content)),
    ...props,
    dataset: props.dataset ?? mathDataset(chart),
  });
  return { app, chart, job };
}
/** What the trainer reads, whatever else may be wrong with the run. */
const textOf = (content: string, props: Partial<FineTuningJobProps> = {}): string =>
  ApiObject.of(jobOf(content, props).job.node.findChild('Config')).toJson().data['train_config.yaml'];
const writtenOf = (content: string, props: Partial<FineTuningJobProps> = {}, release: Release = '0.9.5') =>
  loadYaml(textOf(content, props), release, '').args;

/** What of a config goes through, and which of it are floats. */
function through(text: string, release: Release) {
  const { args, floats } = loadYaml(text, release, '');
  const keys = Object.keys(args).filter((key) => ownerOf(key) === undefined);
  return {
    args: Object.fromEntries(keys.map((key) => [key, args[key]])),
    floats: [...floats].filter((key) => keys.includes(key)).sort(),
  };
}

describe('a train config that worked', () => {
  test('goes through with nothing but the keys changed that constructs set', () => {
    const written = writtenOf(WORKING);
    expect(written).toEqual({
      stage: 'sft',
      do_train: true,
      finetuning_type: 'lora',
      lora_rank: 8,
      template: 'qwen3',
      enable_thinking: false,
      per_device_train_batch_size: 1,
      save_steps: 0.1,
      learning_rate: 1e-4,
      num_train_epochs: 3,
      report_to: 'none',
      model_name_or_path: '/models/modelscope/Qwen/Qwen3-0.6B/master',
      dataset: 'math_train',
      dataset_dir: '/etc/llamafactory',
      output_dir: expect.stringMatching(/^\/saves\/finetune-math\/[0-9a-f]{10}$/),
    });
  });

  test('has one warning, which names those keys and their props', () => {
    const found = findingsOf(jobOf(WORKING).app).filter(({ severity }) => severity !== Severity.ADVICE);
    expect(found).toEqual([
      {
        id: 'owned-argument',
        severity: 'warning',
        path: 'finetune/math',
        key: 'trainConfig',
        message: 'the run sets these arguments itself; all others of the file go through as they stand',
        got: 'model_name_or_path, dataset, dataset_dir, output_dir',
        change:
          'nothing, or set them by props: model_name_or_path by model and modelCache, dataset by dataset and additionalDatasets, dataset_dir by dataset, output_dir by saves',
      },
    ]);
  });

  test.each([
    ['a list where `train` takes text', 'lora_target: [q_proj, v_proj]', { lora_target: ['q_proj', 'v_proj'] }],
    ['text where `train` takes a mapping', 'lr_scheduler_kwargs: "{}"', { lr_scheduler_kwargs: '{}' }],
    ['no value', 'rope_scaling: null', { rope_scaling: null }],
    ['a key in a mapping', 'lr_scheduler_kwargs: {min_lr: 1.0e-6}', { lr_scheduler_kwargs: { min_lr: 1e-6 } }],
    ['a number beyond 2^53', 'seed: 12345678901234567890', { seed: 12345678901234567890n }],
  ])('goes through with %s', (_, line, expected) => {
    expect(writtenOf(`${WORKING}${line}\n`)).toMatchObject(expected);
  });

  test.each(['weight_decay: 1', 'weight_decay: 1.0', 'lr_scheduler_kwargs: {power: 2.0}'])(
    'keeps whether a whole number is a float: %s',
    (line) => {
      expect(through(textOf(`${WORKING}${line}\n`), '0.9.5')).toEqual(through(`${WORKING}${line}\n`, '0.9.5'));
    },
  );

  test('is read as the release of the image reads it', () => {
    const image = TrainerImage.custom('registry.example.com/trainer:1', { llamafactory: '0.9.3' });
    expect(writtenOf(`${WORKING}max_grad_norm: 1e-1\n`, { image }, '0.9.3')['max_grad_norm']).toBe('1e-1');
    expect(writtenOf(`${WORKING}max_grad_norm: 1e-1\n`)['max_grad_norm']).toBe(0.1);
  });

  const accepted = (['0.9.4', '0.9.5'] as const).map((release) => {
    const verdicts = readVerdicts(release, 'cases');
    return { release, cases: allCases().filter(({ id }) => verdicts.get(id)?.[1] === true) };
  });

  test.each(accepted)(
    'goes through whatever it is, if the real parser of $release took it',
    ({ release, cases }) => {
      expect(cases.length).toBeGreaterThan(500);
      const image = TrainerImage.official({ release });
      fc.assert(
        fc.property(fc.constantFrom(...cases), ({ text }) => {
          expect(through(textOf(text, { image }), release)).toEqual(through(text, release));
        }),
        { numRuns: 100 },
      );
    },
    60_000,
  );
});

describe('`train` beside a train config', () => {
  test('replaces the file’s values, key by key', () => {
    expect(writtenOf(WORKING, { train: { loraRank: 16, numTrainEpochs: 5 } })).toMatchObject({
      lora_rank: 16,
      num_train_epochs: 5,
      learning_rate: 1e-4,
    });
  });

  test('is written as if there were no file', () => {
    expect(textOf(`${WORKING}weight_decay: 2\n`, { train: { weightDecay: 1 } })).toContain('weight_decay: 1.0\n');
  });

  test('leaves alone what stands there undefined', () => {
    expect(writtenOf(WORKING, { train: { loraRank: undefined } })['lora_rank']).toBe(8);
  });

  test('is called by its own spelling where something is wrong with it, and the file’s by the file’s', () => {
    const { app } = jobOf(`${WORKING}lora_dropout: 2.5\n`, { train: { loraRank: -1 } });
    const keys = findingsWith(app, 'argument-type').map(({ key }) => key);
    expect(keys.sort()).toEqual(['train.loraRank', 'trainConfig.lora_dropout']);
  });
});

describe('where the run does something else than the file says', () => {
  const keysOf = (line: string, props: Partial<FineTuningJobProps> = {}) =>
    findingsWith(jobOf(`${WORKING}${line}\n`, props).app, 'owned-argument').map(({ key }) => key);

  test.each([
    ['adapter_name_or_path: saves/first'],
    ['tokenized_path: data/tokens'],
    ['eval_dataset: other'],
    ['deepspeed: ds.json'],
  ])('there is a warning of its own: %s', (line) => {
    expect(keysOf(line)).toEqual(['trainConfig', `trainConfig.${line.split(':')[0]}`]);
  });

  test('another model or data set than the props say is one', () => {
    const other = WORKING.replace('Qwen3-0.6B', 'Qwen3-8B').replace('dataset: math_train', 'dataset: math_train,more');
    const found = findingsWith(jobOf(other).app, 'owned-argument').map(({ key, severity }) => [key, severity]);
    expect(found).toEqual([
      ['trainConfig', 'warning'],
      ['trainConfig.model_name_or_path', 'warning'],
      ['trainConfig.dataset', 'warning'],
    ]);
  });

  test('what the props say too is none', () => {
    const { chart } = chartOf();
    const props = {
      deepspeed: new DeepSpeedZero3(chart, 'zero3'),
      evaluationDataset: mathDataset(chart, { name: 'held' }, 'held'),
    };
    expect(keysOf('deepspeed: ds.json\neval_dataset: held', props)).toEqual(['trainConfig']);
  });

  test('a key without a value is none', () => {
    expect(keysOf('adapter_name_or_path: null\ncache_dir: null\neval_dataset: ""')).toEqual(['trainConfig']);
  });

  test.each(['/root/.cache/modelscope/hub/models/Qwen/Qwen3-0___6B', 'Qwen/Qwen3-0.6B', 'qwen3-0.6b'])(
    'the model by another name is none: %s',
    (model) => {
      const content = WORKING.replace('/home/me/models/Qwen3-0.6B', model);
      expect(findingsWith(jobOf(content).app, 'owned-argument').map(({ key }) => key)).toEqual(['trainConfig']);
    },
  );
});

describe('a file that is no train config', () => {
  test.each<[string, string | Buffer, string]>([
    ['empty', '', 'yaml-empty'],
    ['a list', '- a\n- b\n', 'yaml-not-mapping'],
    ['text', 'hello\n', 'yaml-not-mapping'],
    ['binary', Buffer.from([0xff, 0xfe, 0x00, 0x80]), 'yaml-binary'],
    ['cyclic', 'a: &a [*a]\n', 'yaml-cycle'],
    ['no YAML', 'a: [1\n', 'yaml-syntax'],
    ['too large', `a: ${'x'.repeat(5 * 2 ** 20)}\n`, 'yaml-too-large'],
  ])('is one error, found at synth: %s', (_, content, id) => {
    const { app } = jobOf(content);
    expect(findingsOf(app)).toEqual([
      expect.objectContaining({
        id,
        severity: 'error',
        path: 'finetune/math',
        key: 'trainConfig',
        got: expect.stringMatching(/\.yaml$/),
      }),
    ]);
    expect(() => app.synth()).toThrow(id);
  });

  test.each([
    ['there is no such file', 'nowhere.yaml'],
    ['it is a folder', '.'],
  ])('is one error if it cannot be read: %s', (fault, name) => {
    const { app } = jobOf('', { trainConfig: TrainConfig.fromYaml(join(folder, name)) });
    expect(findingsOf(app).map(({ id, message }) => [id, message])).toEqual([
      ['unreadable-file', `the train config can't be read: ${fault}`],
    ]);
  });

  test('is an error beside the others if it has a key twice', () => {
    const { app } = jobOf(`${WORKING}lora_rank: 16\nlora_dropout: 2.5\n`);
    const errors = findingsOf(app).filter(({ severity }) => severity === Severity.ERROR);
    expect(errors.map(({ id }) => id).sort()).toEqual(['argument-type', 'yaml-duplicate-key']);
  });
});

describe('the run’s name', () => {
  test('follows from what is trained, not from how the file is written', () => {
    const turned = `${WORKING.split('\n').reverse().join('\n')}\n# a comment\n`;
    expect(jobOf(turned).job.runDigest).toBe(jobOf(WORKING).job.runDigest);
  });

  test('is the same whether an argument stands in the file or in `train`', () => {
    const moved = jobOf(WORKING.replace('lora_rank: 8\n', ''), { train: { loraRank: 8 } });
    expect(moved.job.runDigest).toBe(jobOf(WORKING).job.runDigest);
  });

  test('is another if a value is another', () => {
    expect(jobOf(WORKING.replace('8', '9')).job.runDigest).not.toBe(jobOf(WORKING).job.runDigest);
  });

  test('is the same wherever the file says that things are', () => {
    const moved = WORKING.replace('./saves/math', '/elsewhere').replace('/home/me/models/', '');
    expect(jobOf(moved).job.runDigest).toBe(jobOf(WORKING).job.runDigest);
  });
});

test('the file is read once, when it is named', () => {
  const path = fileOf(WORKING);
  const trainConfig = TrainConfig.fromYaml(path);
  write(folder, { [`${files}.yaml`]: 'changed: true\n' });
  expect(trainConfig._read('0.9.5').args).toMatchObject({ lora_rank: 8 });
});

describe('the preset with a train config', () => {
  function presetOf(content: string, props: Partial<QwenQLoRAJobProps> = {}, chart = chartOf().chart) {
    const { job } = new QwenQLoRAJob(chart, 'math', {
      dataset: mathDataset(chart),
      model: QwenModel.QWEN3_0_6B,
      trainConfig: TrainConfig.fromYaml(fileOf(content)),
      ...props,
    });
    return loadYaml(ApiObject.of(job.node.findChild('Config')).toJson().data['train_config.yaml'], '0.9.5', '').args;
  }

  test('puts none of its arguments under it', () => {
    expect(presetOf(WORKING)).toEqual({ ...writtenOf(WORKING), output_dir: expect.any(String) });
  });

  test('still takes `train` on top', () => {
    expect(presetOf(WORKING, { train: { loraAlpha: 64 } })).toMatchObject({ lora_alpha: 64, lora_rank: 8 });
  });

  test('trains with DeepSpeed if the file does', () => {
    expect(presetOf(`${WORKING}deepspeed: ds.json\n`)).toHaveProperty('deepspeed');
  });

  test('trains with DDP if the file names no DeepSpeed config', () => {
    expect(presetOf(WORKING)).not.toHaveProperty('deepspeed');
  });

  test.each([
    ['a strategy', () => ({ strategy: Strategy.ZERO3_OFFLOAD })],
    ['a DeepSpeed config', (chart: Chart) => ({ deepspeed: new DeepSpeedZero3(chart, 'zero3') })],
  ])('trains with %s it is given, whatever the file says', (_, props) => {
    const { chart } = chartOf();
    expect(presetOf(WORKING, props(chart), chart)).toHaveProperty('deepspeed');
  });
});

test('a data set on a claim and a file make a run', () => {
  const { chart } = chartOf();
  const dataset = DatasetVolume.fromClaim(chart, 'math_train', { claimName: 'data', path: 'math.json' });
  expect(writtenOf(WORKING, { dataset })['dataset']).toBe('math_train');
});

test('the seed’s file goes through but for what constructs set', () => {
  const path = join(REPOSITORY, 'test/fixtures/seed/train_config.yaml');
  const { app } = jobOf('', { trainConfig: TrainConfig.fromYaml(path) });
  const ids = findingsOf(app)
    .filter(({ severity }) => severity === Severity.ERROR)
    .map(({ id, key }) => `${id} ${key}`);
  expect(ids.sort()).toEqual([
    'quantization-without-effect trainConfig.quantization_method',
    'unknown-argument trainConfig.save_safetensors',
    'yaml-duplicate-key trainConfig',
  ]);
});
