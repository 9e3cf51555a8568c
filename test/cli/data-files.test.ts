import { join } from 'node:path';
import { main } from '../../src/cli/main';
import type { Finding } from '../../src/run/finding';
import { temporaryFolder, write } from '../folder';

const folder = temporaryFolder();
const CONFIG = {
  model_name_or_path: 'Qwen/Qwen2.5-VL-3B-Instruct',
  stage: 'sft',
  do_train: true,
  dataset: 'own',
  template: 'qwen2_vl',
  output_dir: '/saves/own',
};

/** What lint finds in data files, of a config that trains on them. */
function found(name: string, entry: object, files: Readonly<Record<string, string>>, changes: object = {}) {
  write(join(folder, name), {
    'train.yaml': JSON.stringify({ ...CONFIG, ...changes }),
    'data/dataset_info.json': JSON.stringify({ own: entry }),
    ...files,
  });
  let out = '';
  const path = join(folder, name, 'train.yaml');
  const status = main(['lint', path, '--format', 'json'], { out: (text) => (out += text), err: () => undefined });
  const { findings } = JSON.parse(out) as { findings: Finding[] };
  return { status, errors: findings.filter(({ severity }) => severity === 'error') };
}

const rows = (...answers: unknown[]) => answers.map((output) => ({ instruction: 'why', input: '', output }));

test('a number among texts is an error that names the row, also past max_samples', () => {
  const files = { 'data/own.json': JSON.stringify(rows('a', 'b', 3)) };
  for (const changes of [{}, { max_samples: 2 }]) {
    const { status, errors } = found('mixed', { file_name: 'own.json' }, files, changes);
    expect(status).toBe(1);
    expect(errors).toMatchObject([
      { id: 'dataset-rows', message: expect.stringContaining("row 3: 'output' is a number, and text in other rows") },
    ]);
  }
});

test('a byte order mark before a list is an error, and before lines none', () => {
  const list = found('bom', { file_name: 'own.json' }, { 'data/own.json': `\ufeff${JSON.stringify(rows('a'))}` });
  expect(list.errors).toMatchObject([{ id: 'dataset-file', message: expect.stringContaining('byte order mark') }]);
  const line = `\ufeff${JSON.stringify(rows('a')[0])}\n`;
  expect(found('bom-lines', { file_name: 'own.jsonl' }, { 'data/own.jsonl': line }).errors).toEqual([]);
});

test('an ending in capitals is none that is read', () => {
  const { errors } = found('capitals', { file_name: 'own.JSON' }, { 'data/own.JSON': JSON.stringify(rows('a')) });
  expect(errors).toMatchObject([{ id: 'dataset', message: expect.stringContaining('own.JSON') }]);
});

test('labels of kto that are text are no labels', () => {
  const labelled = rows('a', 'b').map((row, i) => ({ ...row, good: i === 0 ? 'true' : 'false' }));
  const columns = { prompt: 'instruction', response: 'output', kto_tag: 'good' };
  const files = { 'data/own.json': JSON.stringify(labelled) };
  const { errors } = found('kto', { file_name: 'own.json', columns }, files, { stage: 'kto' });
  expect(errors).toMatchObject([
    {
      id: 'dataset-rows',
      message: expect.stringMatching(/row 1: .*'good' is "true", and true or false without quotes/),
    },
  ]);
});

describe('media that rows name', () => {
  const columns = { prompt: 'instruction', response: 'output', images: 'images' };
  const pictured = (...images: string[][]) =>
    JSON.stringify(images.map((each) => ({ instruction: '<image>what', output: 'a cat', images: each })));

  test('must be there, in media_dir or from where the trainer starts', () => {
    const files = {
      'data/own.json': pictured(['a.png'], ['pictures/b.png'], ['gone.png'], ['/elsewhere/c.png']),
      'data/a.png': '',
      'pictures/b.png': '',
    };
    expect(found('media', { file_name: 'own.json', columns }, files).errors).toMatchObject([
      {
        id: 'media-file',
        key: 'own',
        message: expect.stringMatching(/at 1 of the 4 rows .* row 3: gone.png is not there$/),
      },
    ]);
  });

  test('are looked for in media_dir, where that is set and here', () => {
    const files = { 'data/own.json': pictured(['a.png']), 'media/a.png': '' };
    const entry = { file_name: 'own.json', columns };
    expect(found('media-dir', entry, files, { media_dir: 'media' }).errors).toEqual([]);
    expect(found('media-dir', entry, files, { media_dir: '/not/here' }).errors).toEqual([]);
  });
});
