import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readOutside } from '../../../src/cli/importing/outside';
import { main } from '../../../src/cli/main';
import { temporaryFolder, write } from '../../folder';

const folder = temporaryFolder();
const CONFIG = `model_name_or_path: Qwen/Qwen3-0.6B
stage: sft
finetuning_type: lora
template: qwen3_nothink
dataset: inside,above,linked,far
dataset_dir: ../data
deepspeed: ds.json
`;
const ROWS = '[{"instruction": "1 + 1?", "output": "2"}]';

test('import says in a line each which files it read outside of its folder', () => {
  const entry = (file_name: string) => ({ file_name });
  write(folder, {
    'run/train.yaml': CONFIG,
    'run/inside.json': ROWS,
    'data/dataset_info.json': JSON.stringify({
      inside: entry('../run/inside.json'),
      above: entry('above.json'),
      linked: entry('../run/linked.json'),
      far: entry(join(folder, 'far/far.json')),
    }),
    'data/above.json': ROWS,
    'far/far.json': ROWS,
    'far/target.json': ROWS,
    'far/ds.json': '{"zero_optimization": {"stage": 3}}',
  });
  symlinkSync('../far/target.json', join(folder, 'run/linked.json'));
  symlinkSync('../far/ds.json', join(folder, 'run/ds.json'));
  const printed: string[] = [];
  main(['import', join(folder, 'run')], { out: () => undefined, err: (text) => printed.push(text) });
  const [, part = ''] = /read from outside the folder\n((?: {2}.*\n)*)/.exec(printed.join('')) ?? [];
  expect(part.trimEnd().split('\n').sort()).toEqual([
    '  ../data/above.json',
    '  ../data/dataset_info.json',
    '  ../far/far.json',
    `  ds.json, a link to ${join(folder, 'far/ds.json')}`,
    `  linked.json, a link to ${join(folder, 'far/target.json')}`,
  ]);
});

test('a folder that is itself behind a link holds what is in it', () => {
  write(folder, { 'real/a.json': ROWS, '..b/c.json': ROWS });
  symlinkSync('real', join(folder, 'link'));
  expect(readOutside(join(folder, 'link'), [join(folder, 'link/a.json')])).toEqual([]);
  expect(readOutside(folder, [join(folder, '..b/c.json')])).toEqual([]);
});
