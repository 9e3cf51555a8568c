import { Duration } from 'cdk8s';
import { parse as parseYaml } from 'yaml';
import { FineTuningJob, Gpu, NodePool, QwenModel, type QwenQLoRAJobProps } from '../../src';
import { smokeFindings, smokeRows, smokeRun } from '../../src/job/smoke-config';
import { fieldsOf } from '../../src/llamafactory/fields';
import { RELEASES } from '../../src/run/releases';
import type { Run } from '../../src/run/run';
import { seedRun } from '../planning/runs';
import {
  chartOf,
  configMapWith,
  containerOf,
  envOf,
  findingsWith,
  jobOf,
  manifestsOf,
  mathDataset,
  mathRun,
} from '../synthesis';

/** The seed's run with some changes. */
const runOf = ({ args, ...changes }: Partial<Run>): Run => ({ ...seedRun(args), ...changes });
const written = (props: Partial<QwenQLoRAJobProps> = {}) => {
  const { app, chart } = chartOf();
  const job = mathRun(chart, props);
  return { app, job, manifests: manifestsOf(app) };
};
const smokeConfigOf = (props: Partial<QwenQLoRAJobProps> = {}) =>
  parseYaml(
    configMapWith(written({ smoke: true, ...props }).manifests, 'smoke_config.yaml').data?.['smoke_config.yaml'] ?? '',
    { version: '1.1' },
  );

test('a run has no smoke run unless asked for', () => {
  const { manifests } = written();
  expect(configMapWith(manifests, 'train_config.yaml').data).not.toHaveProperty('smoke_config.yaml');
  expect(envOf(containerOf(jobOf(manifests, 'train')))).not.toHaveProperty('SMOKE_CONFIG');
});

test('the smoke run is told to launch.sh, with the samples that its steps take', () => {
  // 2 samples a card, 4 cards, accumulated twice, three steps
  expect(envOf(containerOf(jobOf(written({ smoke: true }).manifests, 'train')))).toEqual(
    expect.objectContaining({ SMOKE_CONFIG: '/etc/llamafactory/smoke_config.yaml', SMOKE_ROWS: '48' }),
  );
});

test('its file has the run’s own arguments, three steps of them, in places of its own', () => {
  expect(smokeConfigOf()).toEqual(
    expect.objectContaining({
      model_name_or_path: '/models/modelscope/Qwen/Qwen3-14B/master',
      quantization_bit: 4,
      dataset: 'math_train',
      cutoff_len: 2048,
      per_device_train_batch_size: 2,
      deepspeed: '/etc/deepspeed/ds_config_zero3.json',
      dataset_dir: '/tmp/smoke/data',
      output_dir: '/tmp/smoke/output',
      max_steps: 3,
      gradient_accumulation_steps: 2,
      logging_steps: 1,
      save_strategy: 'no',
      report_to: 'none',
    }),
  );
});

test('it neither evaluates nor saves nor resumes', () => {
  const left = Object.keys(smokeConfigOf()).filter((key) =>
    /^(eval|val_size|save_|num_train|load_best|resume)/.test(key),
  );
  expect(left).toEqual(['save_strategy']);
});

test.each([
  [1, 1],
  [2, 2],
  [16, 2],
])('of %d accumulated batches it takes %d', (gradientAccumulationSteps, expected) => {
  expect(smokeConfigOf({ train: { gradientAccumulationSteps } })['gradient_accumulation_steps']).toBe(expected);
});

test('it may overwrite its own output where the release can be told so', () => {
  for (const release of RELEASES) {
    const known = fieldsOf(release).get('overwrite_output_dir')?.settable === true;
    expect('overwrite_output_dir' in smokeRun(runOf({ release })).args).toBe(known);
  }
});

test('no line of its file says what is true of the run alone', () => {
  const text = configMapWith(written({ smoke: true }).manifests, 'smoke_config.yaml').data?.['smoke_config.yaml'] ?? '';
  expect(text).toMatch(/^output_dir: .*# thrown away with the pod$/m);
  expect(text).not.toMatch(/on the saves volume|where dataset_info.json is mounted/);
});

test('data for evaluation is no part of it', () => {
  const run = runOf({
    args: { eval_dataset: 'held_back' },
    datasets: [{ name: 'math_train' }, { name: 'held_back', evaluation: true }],
  });
  const smoke = smokeRun(run);
  expect(smoke.args).not.toHaveProperty('eval_dataset');
  expect(smoke.datasets.map(({ name }) => name)).toEqual(['math_train']);
});

test('it changes neither run nor output directory, and makes another Job', () => {
  const [plain, smoked] = [written(), written({ smoke: true })];
  expect(smoked.job.runDigest).toBe(plain.job.runDigest);
  expect(smoked.job.jobName).not.toBe(plain.job.jobName);
});

test('what the parser refuses in the run is told once', () => {
  const run = runOf({ args: { no_such_argument: 1 } });
  expect(smokeFindings(run, smokeRun(run))).toEqual([]);
});

test('what the parser refuses in the smoke run alone is told', () => {
  const run = runOf({});
  const smoke = smokeRun(run);
  const broken = { ...smoke, args: { ...smoke.args, no_such_argument: 1 } };
  expect(smokeFindings(run, broken)).toEqual([
    expect.objectContaining({
      id: 'unknown-argument',
      key: 'smoke',
      message: expect.stringMatching(/^in smoke_config/),
    }),
  ]);
});

test.each(['full', 'freeze'] as const)('a %s run has none: it would save the whole model to /tmp', (finetuningType) => {
  const { app, chart } = chartOf();
  new FineTuningJob(chart, 'math', {
    model: QwenModel.QWEN3_0_6B,
    nodePool: NodePool.of(Gpu.A100_80GB),
    dataset: mathDataset(chart),
    train: { stage: 'sft', doTrain: true, template: 'qwen3', finetuningType },
    smoke: true,
  });
  expect(findingsWith(app, 'contradictory-props')).toEqual([
    expect.objectContaining({ key: 'smoke', got: `finetuning_type: ${finetuningType}` }),
  ]);
});

test('a run of one card needs a third of the samples for each step', () => {
  const run = runOf({ gpus: 1, args: { per_device_train_batch_size: 4, gradient_accumulation_steps: 1 } });
  expect(smokeRows(smokeRun(run))).toBe(12);
});

test('the GPUs are sampled as often as asked', () => {
  const env = envOf(containerOf(jobOf(written({ gpuMonitor: Duration.seconds(30) }).manifests, 'train')));
  expect([env['GPU_MONITOR_SECONDS'], env['RECORD_VRAM']]).toEqual(['30', '1']);
  expect(envOf(containerOf(jobOf(written().manifests, 'train')))).not.toHaveProperty('GPU_MONITOR_SECONDS');
});
