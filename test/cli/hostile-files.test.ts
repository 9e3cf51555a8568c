import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { main } from '../../src/cli/main';
import { REPOSITORY, temporaryFolder, write } from '../folder';

const folder = temporaryFolder();
const DEEP = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
const LONG = 'a'.repeat(5000);
const CONFIG = `model_name_or_path: Qwen/Qwen3-0.6B
stage: sft
do_train: true
finetuning_type: lora
dataset: math
template: qwen3_nothink
output_dir: saves/math
report_to: none
deepspeed: ds.json
`;
const FILES = {
  'train.yaml': CONFIG,
  'ds.json': '{"zero_optimization": {"stage": 3}}',
  'data/dataset_info.json': '{"math": {"file_name": "math.json"}}',
  'data/math.json': '[{"instruction": "1 + 1?", "output": "2"}]',
};
const info = (file: string) => JSON.stringify({ math: { file_name: file } });

function run(...args: string[]) {
  const printed: string[] = [];
  const print = (text: string) => printed.push(text);
  const status = main(args, { out: print, err: print });
  return { status, text: printed.join('') };
}

/** What is odd in a folder, and what import says of it. */
const ODD: ReadonlyArray<readonly [string, (at: string) => void, string]> = [
  [
    'a deep dataset_info.json',
    (at) => write(at, { 'data/dataset_info.json': `{"math": ${DEEP}}` }),
    'is nested too deeply',
  ],
  [
    'a deep DeepSpeed JSON',
    (at) => write(at, { 'ds.json': `{"zero_optimization": ${DEEP}}` }),
    "ds.json can't be read",
  ],
  ['deep data', (at) => write(at, { 'data/math.json': DEEP }), 'the file is nested deeper than 200 levels'],
  ['deep YAML', (at) => write(at, { 'train.yaml': `${CONFIG}lr_scheduler_kwargs: ${DEEP}\n` }), 'nested'],
  ['a deep config.json', (at) => write(at, { 'Qwen/Qwen3-0.6B/config.json': `{"a": ${DEEP}}` }), 'deepspeed'],
  [
    'a file name with NUL',
    (at) => write(at, { 'data/dataset_info.json': info('a\0b.json') }),
    'a character that no name has',
  ],
  ['a long file name', (at) => write(at, { 'data/dataset_info.json': info(LONG) }), 'the name is too long'],
  [
    'a model with NUL',
    (at) => write(at, { 'train.yaml': CONFIG.replace('Qwen/Qwen3-0.6B', '"a\\0b"') }),
    'import-model',
  ],
  ['a long model', (at) => write(at, { 'train.yaml': CONFIG.replace('Qwen/Qwen3-0.6B', LONG) }), 'import-model'],
  [
    'an adapter with NUL',
    (at) => write(at, { 'train.yaml': `${CONFIG}adapter_name_or_path: "a\\0b"\n` }),
    'import-adapter',
  ],
  [
    'a long dataset_dir',
    (at) => write(at, { 'train.yaml': `${CONFIG}dataset_dir: ${LONG}\n` }),
    'the name is too long',
  ],
  [
    'folders for files',
    (at) => replaced(at, ['ds.json', 'data/math.json', 'data/dataset_info.json'], (path) => mkdirSync(path)),
    'it is a folder',
  ],
  [
    'links that go round',
    (at) =>
      replaced(at, ['ds.json', 'data/math.json', 'run.sh', 'b.yaml', 'data/loop'], (path) => symlinkSync(path, path)),
    'its links go round in a circle',
  ],
  [
    'links to nothing',
    (at) => replaced(at, ['ds.json', 'data/math.json', 'run.sh'], (path) => symlinkSync('nowhere', path)),
    'there is no such file',
  ],
  [
    'a stage that is no text',
    (at) => write(at, { 'train.yaml': CONFIG.replace('stage: sft', 'stage: {toString: 1}') }),
    'stage',
  ],
  [
    'a formatting that is no text',
    (at) =>
      write(at, { 'data/dataset_info.json': '{"math": {"file_name": "math.json", "formatting": {"toString": 1}}}' }),
    'formatting: {"toString":1}',
  ],
  [
    'a pipe for data',
    (at) => replaced(at, ['data/math.json'], (path) => void spawnSync('mkfifo', [path])),
    'import-dataset',
  ],
];

function replaced(at: string, names: readonly string[], make: (path: string) => void): void {
  for (const path of names.map((name) => join(at, name))) {
    rmSync(path, { force: true });
    make(path);
  }
}

describe.each(ODD)('%s', (name, make, text) => {
  const at = join(folder, name.replaceAll(' ', '-'));
  beforeAll(() => {
    write(at, FILES);
    make(at);
  });

  test('is told by import, and nothing fails in it', () => {
    const ended = run('import', at);
    expect([0, 1]).toContain(ended.status);
    expect(ended.text).toContain(text);
    expect(ended.text).not.toMatch(/check-failed|unexpected|^\s+at /m);
  });

  test.each(['lint', 'plan'])('makes nothing fail in %s', (command) => {
    const ended = run(command, join(at, 'train.yaml'));
    expect([0, 1]).toContain(ended.status);
    expect(ended.text).not.toMatch(/check-failed|unexpected|^\s+at /m);
  });
});

test('arguments that are no files are told', () => {
  const at = write(join(folder, 'arguments'), FILES);
  symlinkSync('loop', join(at, 'loop'));
  for (const odd of [LONG, 'a\0b', join(at, 'loop'), join(at, 'train.yaml', 'x'), '']) {
    for (const args of [
      ['import', odd],
      ['lint', odd],
      ['plan', odd],
      ['import', at, '--config', odd],
      ['import', at, '--out', odd],
    ]) {
      const { status, text } = run(...args);
      if (args[2] !== '--out') expect([args[0], status]).not.toEqual([args[0], 0]);
      expect(text).not.toMatch(/check-failed|unexpected|^\s+at /m);
    }
  }
});

test('what nothing catches is one line that says where', () => {
  const failing = { out: () => undefined, err: jest.fn() };
  const config = join(write(join(folder, 'caught'), FILES), 'train.yaml');
  const broken = {
    ...failing,
    out: () => {
      throw new RangeError('Maximum call stack size exceeded');
    },
  };
  expect(main(['lint', config], broken)).toBe(1);
  expect(failing.err).toHaveBeenCalledTimes(1);
  expect(failing.err.mock.calls[0][0]).toMatch(
    /^error: unexpected RangeError in lint: Maximum call stack size exceeded \([\w.-]+:\d+\); please report it with the files\n$/,
  );
});

describe('the process', () => {
  const at = write(join(folder, 'process'), FILES);
  const bin = `${process.execPath} --import tsx src/cli/main.ts`;
  const shell = (command: string) => spawnSync('bash', ['-c', command], { cwd: REPOSITORY, encoding: 'utf8' });

  test('says that its output can not be written, and fails', () => {
    const { status, stderr } = shell(`${bin} lint ${at}/train.yaml > /dev/full`);
    expect([status, stderr]).toEqual([
      1,
      "error: the output can't be written: the disk is full; make room, or name another place\n",
    ]);
    expect(shell(`${bin} plan ${at}/train.yaml --format json 2>&1 > /dev/full`).status).toBe(1);
    expect(shell(`${bin} import ${at} 2> /dev/full > /dev/null`).status).toBe(1);
    expect(shell(`${bin} import ${at} --out /dev/full --force`)).toMatchObject({
      status: 1,
      stderr: "error: /dev/full can't be written: the disk is full\n",
    });
  }, 60_000);

  test('ends as it would where its reader goes away', () => {
    const { stderr, stdout } = shell(`${bin} import ${at} 2>/dev/null | true; echo \${PIPESTATUS[0]}`);
    expect([stdout, stderr]).toEqual([expect.stringMatching(/^[01]\n$/), '']);
  }, 30_000);
});
