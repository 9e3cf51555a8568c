import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeFile } from '../../src/kubernetes/runtime-file';

test.each(['launch.sh', 'prepare.py', 'requirements/bitsandbytes.txt'])(
  'the text of %s is that of the file',
  (name) => {
    expect(runtimeFile(name)).toBe(readFileSync(join(__dirname, '../../runtime', name), 'utf8'));
  },
);

test('a file asked for twice is the same text', () => {
  expect(runtimeFile('launch.sh')).toBe(runtimeFile('launch.sh'));
});

test('a file that is not there says so', () => {
  expect(() => runtimeFile('nothing.sh')).toThrow(/ENOENT/);
});
