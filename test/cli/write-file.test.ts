import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../src/cli/write-file';
import { REPOSITORY, temporaryFolder, write } from '../folder';

const all = temporaryFolder();
const folder = () => write(mkdtempSync(join(all, 'one-')), { 'old.yaml': 'old' });

test('a file is replaced, its permissions kept, and nothing is left beside it', () => {
  const inside = folder();
  const path = join(inside, 'old.yaml');
  chmodSync(path, 0o640);
  writeWhole(path, 'new');
  expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['new', 0o640]);
  expect(readdirSync(inside)).toEqual(['old.yaml']);
});

test('a new file is made', () => {
  const path = join(folder(), 'new.yaml');
  writeWhole(path, 'new');
  expect(readFileSync(path, 'utf8')).toBe('new');
});

test('through a link the file is written, and the link stays', () => {
  const inside = folder();
  symlinkSync('old.yaml', join(inside, 'link.yaml'));
  writeWhole(join(inside, 'link.yaml'), 'new');
  expect(readFileSync(join(inside, 'old.yaml'), 'utf8')).toBe('new');
  expect(lstatSync(join(inside, 'link.yaml')).isSymbolicLink()).toBe(true);
});

test('nothing is written through a link to nothing', () => {
  const inside = folder();
  symlinkSync('gone.yaml', join(inside, 'link.yaml'));
  expect(() => writeWhole(join(inside, 'link.yaml'), 'new')).toThrow('it is a link to a file that is not there');
  expect(readdirSync(inside).sort()).toEqual(['link.yaml', 'old.yaml']);
});

test('a file that is too large for the disk leaves the old one whole', () => {
  const inside = folder();
  const program = join(REPOSITORY, 'src/cli/write-file.ts');
  const code = `const { writeWhole } = require(${JSON.stringify(program)}); try { writeWhole('old.yaml', 'x'.repeat(1e6)); } catch (error) { console.log(error.code); }`;
  // What a process may write into one file is limited, as a full disk would limit it.
  const tsx = join(REPOSITORY, 'node_modules/tsx/dist/loader.mjs');
  const shell = `trap '' XFSZ; ulimit -f 8; exec "$0" --import "${tsx}" --input-type=commonjs -e "$1" 2>&1`;
  const ended = spawnSync('bash', ['-c', shell, process.execPath, code], { cwd: inside, encoding: 'utf8' });
  expect(ended.stdout).toContain('EFBIG');
  expect([readFileSync(join(inside, 'old.yaml'), 'utf8'), readdirSync(inside)]).toEqual(['old', ['old.yaml']]);
});
