import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileStore } from '../../../src/cli/file-store';
import { checkRules } from '../../../src/judge/rules';
import { loadYaml } from '../../../src/llamafactory/load';
import { parse } from '../../../src/llamafactory/parser/parse';
import { type Finding, Severity } from '../../../src/run/finding';
import { RELEASES, type Release } from '../../../src/run/releases';
import type { Run } from '../../../src/run/run';
import { QWEN3_14B, T10 } from './rule-cases';

const SEED = join(__dirname, '../../fixtures/seed');
const read = (name: string) => readFileSync(join(SEED, name), 'utf8');

/** The seed as written, on the four T10 it was written for. */
function findingsFor(release: Release): Finding[] {
  const loaded = loadYaml(read('train_config.yaml'), release, 'train_config.yaml');
  const run: Run = {
    path: 'train_config.yaml',
    file: 'train_config.yaml',
    release,
    args: loaded.args,
    deepspeed: { file: './configs/ds_config_zero3.json', config: JSON.parse(read('configs/ds_config_zero3.json')) },
    // Its data file is an excerpt, and no list: the rows aren't known.
    datasets: [{ name: 'math_train', entry: JSON.parse(read('data/dataset_info.json')).math_train }],
    launchScript: { file: 'launch.sh', text: read('launch.sh') },
    card: T10,
    gpus: 4,
    nodes: 1,
    model: QWEN3_14B,
  };
  const verdict = parse({ ...run, floats: loaded.floats, files: fileStore().from(SEED) });
  return [...loaded.findings, ...verdict.findings, ...checkRules(run)];
}

/** Id and key of what is found, errors and warnings marked. */
function named(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, id, key }) => `${severity} ${id} ${key}`);
}

const EVERYWHERE = [
  'error quantization-without-effect quantization_method',
  'error deepspeed-missing-keys train_micro_batch_size_per_gpu',
  'error deepspeed-missing-keys gradient_accumulation_steps',
  'error deepspeed-missing-keys gradient_clipping',
  'warning deepspeed-inert-section activation_checkpointing',
  'warning deepspeed-inert-section zero_optimization.round_robin_gradients',
  'warning deepspeed-optimizer-bypass loraplus_lr_ratio',
  'warning saves-never-fire save_steps',
  'warning evaluations-never-fire eval_steps',
  'advice no-effect-arguments freeze_trainable_layers',
  'advice no-effect-arguments badam_mode',
  'advice no-effect-arguments pissa_iter',
  'advice no-effect-arguments loraplus_lr_ratio',
  'advice chatml-template template',
  'warning sharegpt-tags-incomplete math_train.tags',
  'warning relative-path output_dir',
  'warning relative-path deepspeed',
  'warning host-path model_name_or_path',
  'warning host-virtual-environment launch.sh',
];

const BY_RELEASE: Readonly<Record<Release, readonly string[]>> = {
  '0.9.3': ['warning report-to-unset report_to'],
  '0.9.4': ['error yaml-duplicate-key pure_bf16', 'warning report-to-unset report_to'],
  '0.9.5': [
    'error yaml-duplicate-key pure_bf16',
    'error unknown-argument save_safetensors',
    'advice report-to-unset report_to',
  ],
};

test.each(RELEASES)('the seed as written, for %s, yields this and nothing else', (release) => {
  expect(named(findingsFor(release)).sort()).toEqual([...EVERYWHERE, ...BY_RELEASE[release]].sort());
});

test('its 120 steps never reach the 200 of save_steps and eval_steps', () => {
  const never = findingsFor('0.9.5').filter(({ id }) => id.endsWith('never-fire'));
  expect(never.map(({ message }) => message)).toEqual([
    'the run has at most 120 optimizer steps, so no checkpoint is written before the last',
    'the run has at most 120 optimizer steps, so nothing is evaluated before the last',
  ]);
});

test('once it is quantised, 2 x 2048 tokens do not fit a T10 without DeepSpeed', () => {
  const { deepspeed: _, ...args } = loadYaml(read('train_config.yaml'), '0.9.5', 'train_config.yaml').args;
  const run: Run = {
    path: 'train_config.yaml',
    file: 'train_config.yaml',
    release: '0.9.5',
    args: { ...args, quantization_method: 'bnb' },
    datasets: [],
    card: T10,
    gpus: 4,
    nodes: 1,
    model: QWEN3_14B,
  };
  expect(checkRules(run).filter(({ severity }) => severity === Severity.ERROR)).toMatchObject([
    { id: 'gpu-memory', key: 'per_device_train_batch_size' },
  ]);
});
