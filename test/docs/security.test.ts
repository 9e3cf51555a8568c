import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../folder';

const rows = readFileSync(join(REPOSITORY, 'docs/security.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| (?!promised )/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('every promise of docs/security.md names tests that there are, and what is left to the cluster', () => {
  expect(rows.length).toBeGreaterThan(15);
  for (const [, promised, tests = '', left] of rows) {
    const named = [...tests.matchAll(/`(test\/[^`]+\.test\.ts)`/g)].map(([, file = '']) => file);
    expect({ promised, named }).not.toEqual({ promised, named: [] });
    expect(named.filter((file) => !existsSync(join(REPOSITORY, file)))).toEqual([]);
    expect(left).not.toBe('');
  }
});
