import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { difference } from '../../src/cli/difference';
import { temporaryFolder, write } from '../folder';

const folder = temporaryFolder();

test('equal texts have none', () => {
  expect(difference('a.yaml', 'a: 1\n', 'a: 1\n')).toBe('');
});

test('it reads as `diff -u` does', () => {
  const before = Array.from({ length: 30 }, (_, i) => `k${i}: ${i}`);
  const after = before.flatMap((line, i) => (i === 3 ? [] : i === 20 ? ['k20: x', 'new: 1'] : [line]));
  const texts = [before, after].map((lines) => `${lines.join('\n')}\n`);
  write(folder, { a: texts[0] ?? '', b: texts[1] ?? '' });
  const { stdout } = spawnSync('diff', ['-u', '--label', 'a.yaml', '--label', 'a.yaml', 'a', 'b'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(difference('a.yaml', texts[0] ?? '', texts[1] ?? '')).toBe(stdout);
});

test('`patch` makes the second text of the first', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 30 })
    .map((lines) => `${lines.join('\n')}\n`);
  fc.assert(
    fc.property(text, text, (before, after) => {
      fc.pre(before !== after);
      write(folder, { f: before });
      const input = difference('f', before, after);
      const { status } = spawnSync('patch', ['-s', '-o', 'patched', join(folder, 'f')], { cwd: folder, input });
      expect(status).toBe(0);
      expect(readFileSync(join(folder, 'patched'), 'utf8')).toBe(after);
    }),
    { numRuns: 40 },
  );
});

test('a new file is called new', () => {
  expect(difference('a.json', '', '{}\n')).toBe('--- (new)\n+++ a.json\n@@ -0,0 +1,1 @@\n+{}\n');
});
