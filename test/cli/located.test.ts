import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { main } from '../../src/cli/main';
import { temporaryFolder, write } from '../folder';

const folder = temporaryFolder();

const CONFIG = `model_name_or_path: Qwen/Qwen3-0.6B
stage: sft
do_train: true
finetuning_type: lora
dataset: sums
template: qwen3
output_dir: /saves/x
per_device_train_batch_size: 1
gradient_accumulation_steps: 2
report_to: none
deepspeed: z3.json
`;
const DEEPSPEED = `{
  "train_micro_batch_size_per_gpu": "auto",
  "gradient_accumulation_steps": 4,
  "gradient_clipping": "auto",
  "zero_optimization": {
    "stage": 3,
    "round_robin_gradients": true
  }
}
`;
const FILES = {
  'train.yaml': CONFIG,
  'z3.json': DEEPSPEED,
  'data/dataset_info.json': '{"sums": {"file_name": "sums.json"}}',
  'data/sums.json': JSON.stringify([
    { instruction: '1 + 1?', input: '', output: '2' },
    { instruction: '1 + 2?', input: '', output: '3' },
  ]),
};

function run(...args: string[]) {
  const out: string[] = [];
  const status = main(args, { out: (text) => out.push(text), err: () => {} });
  return { status, out: out.join('') };
}

/** `file:line:column id` of what is found; the files are named as seen from the project. */
function found(name: string, files: Readonly<Record<string, string>>): string[] {
  const root = write(join(folder, name), { ...FILES, ...files });
  const { findings } = JSON.parse(run('lint', join(root, 'train.yaml'), '--format', 'json').out);
  return findings.map(
    ({ file, line, column, id }: Record<string, unknown>) =>
      `${String(file).replace(`${root}/`, '')}:${line}:${column} ${id}`,
  );
}

describe('a finding names the file it is in, with line and column', () => {
  test.each([
    ['the config', { 'train.yaml': CONFIG.replace('stage: sft', 'stage: SFT') }, 'train.yaml:2:1 stage'],
    ['its syntax', { 'train.yaml': `${CONFIG}template: qwen\n` }, 'train.yaml:12:1 yaml-duplicate-key'],
    ['the DeepSpeed JSON', {}, 'z3.json:3:3 deepspeed-mismatch'],
    ['a key inside of it', {}, 'z3.json:7:5 deepspeed-inert-section'],
    ['what it lacks', { 'z3.json': DEEPSPEED.replace(/.*clipping.*\n/, '') }, 'z3.json:1:1 deepspeed-missing-keys'],
    ['its syntax', { 'z3.json': DEEPSPEED.replace('4,', '4') }, 'z3.json:4:3 python-crash'],
    [
      'dataset_info.json',
      {
        'data/dataset_info.json': '{"sums": {\n  "file_name": "sums.json",\n  "columns": {"promt": "instruction"}\n}}',
      },
      'data/dataset_info.json:3:15 dataset-info-keys',
    ],
    ['its syntax', { 'data/dataset_info.json': '{"sums": {}\n "x": {}}' }, 'data/dataset_info.json:2:2 dataset'],
    [
      'a row of a list',
      {
        'data/sums.json':
          '[\n {"instruction": "a", "input": "", "output": "b"},\n {"instruction": "c", "input": "", "output": 3}\n]',
      },
      'data/sums.json:3:2 dataset-rows',
    ],
    [
      'a row a line',
      {
        'data/dataset_info.json': '{"sums": {"file_name": "sums.jsonl"}}',
        'data/sums.jsonl':
          '{"instruction": "a", "input": "", "output": "b"}\n\n{"instruction": "a", "input": "", "output": "b"}\n',
      },
      'data/sums.jsonl:3:1 duplicate-rows',
    ],
    [
      'the syntax of data',
      { 'data/sums.json': '[\n {"instruction": "a" "output": "b"}]' },
      'data/sums.json:2:22 dataset-file',
    ],
    [
      'the launch script',
      { 'run.sh': '#!/bin/sh\nsource ~/venv/bin/activate\nllamafactory-cli train train.yaml\n' },
      'run.sh:2:null host-virtual-environment',
    ],
  ])('%s', (what, files, expected) => {
    expect(found(`${what} ${expected.split(' ')[1]}`, files)).toContain(expected);
  });

  test('in text as an editor takes it', () => {
    const root = write(join(folder, 'text'), FILES);
    expect(run('lint', join(root, 'train.yaml')).out).toContain(
      `error: ${root}/z3.json:3:3: gradient_accumulation_steps  [deepspeed-mismatch]`,
    );
  });
});

test('a JSON with a fault in its syntax is one error, and --fix leaves it and its key alone', () => {
  const broken = DEEPSPEED.replace('4,', '4');
  const root = write(join(folder, 'broken'), { ...FILES, 'z3.json': broken });
  const { status, out } = run('lint', join(root, 'train.yaml'), '--fix', '--format', 'json');
  const errors = JSON.parse(out).findings.filter(({ severity }: { severity: string }) => severity === 'error');
  expect(errors).toMatchObject([
    { file: join(root, 'z3.json'), line: 4, message: expect.stringContaining("',' delimiter") },
  ]);
  expect(status).toBe(1);
  expect(readFileSync(join(root, 'z3.json'), 'utf8')).toBe(broken);
  expect(readFileSync(join(root, 'train.yaml'), 'utf8')).toContain('deepspeed: z3.json');
});

test('what --fix changes in a JSON is changed in place', () => {
  const root = write(join(folder, 'in-place'), FILES);
  run('lint', join(root, 'train.yaml'), '--fix');
  expect(readFileSync(join(root, 'z3.json'), 'utf8')).toBe(
    DEEPSPEED.replace('4,', '"auto",').replace(',\n    "round_robin_gradients": true', ''),
  );
});

test('entries that stand in the config itself are mended there', () => {
  const inline = `${CONFIG}dataset_dir: { sums: { file_name: data/sums.json, colums: {} } }\n`;
  const root = write(join(folder, 'inline'), { ...FILES, 'train.yaml': inline });
  run('lint', join(root, 'train.yaml'), '--fix');
  expect(readFileSync(join(root, 'train.yaml'), 'utf8')).toContain('columns: {}');
  expect(readFileSync(join(root, 'data/dataset_info.json'), 'utf8')).toBe(FILES['data/dataset_info.json']);
});
