import { join } from 'node:path';
import { fileStore } from '../../src/cli/file-store';
import { type RunFromFiles, runFromFiles } from '../../src/cli/run-from-files';
import { CARDS } from '../../src/planning/catalog/cards';
import type { Card } from '../../src/run/card';
import { temporaryFolder, write } from '../folder';

const folder = temporaryFolder();
const card = Object.values(CARDS)[0] as Card;

function read(name: string, files: Readonly<Record<string, string>>, launch?: string): RunFromFiles {
  write(join(folder, name), { 'train.yaml': 'stage: sft\n', ...files });
  const options = { release: '0.9.5', card, gpus: 4, nodes: 1 } as const;
  return runFromFiles(join(folder, name, 'train.yaml'), { ...options, launch }, fileStore());
}

test('the script beside the config that names it is its launch script', () => {
  const { run } = read('beside', { 'a.sh': 'echo\n', 'run.sh': 'llamafactory-cli train ./train.yaml\n' });
  expect(run?.launchScript).toEqual({ file: 'run.sh', text: 'llamafactory-cli train ./train.yaml\n' });
});

test('of several the first by name', () => {
  const { run } = read('several', { 'b.sh': 'train.yaml', 'a.sh': 'cat train.yaml' });
  expect(run?.launchScript?.file).toBe('a.sh');
});

test('a script that names another config whose name ends so is not', () => {
  expect(read('longer', { 'a.sh': 'llamafactory-cli train pre-train.yaml' }).run?.launchScript).toBeUndefined();
});

test('a script named by the option comes first', () => {
  const own = join(write(join(folder, 'scripts'), { 'own.sh': 'true\n' }), 'own.sh');
  const { run } = read('named', { 'a.sh': 'train.yaml' }, own);
  expect(run?.launchScript).toEqual({ file: own, text: 'true\n' });
});

test('an option that names no script is an error', () => {
  const { findings } = read('nothing', {}, join(folder, 'none.sh'));
  expect(findings).toMatchObject([
    { id: 'unreadable-file', severity: 'error', key: 'launch', message: expect.stringContaining('no such file') },
  ]);
});
