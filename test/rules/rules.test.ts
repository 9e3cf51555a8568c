import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RULES } from '../../src/rules/rules';
import { renderRules } from '../../tools/generate-rules';
import { REPOSITORY } from '../folder';

const FOLDER = join(REPOSITORY, 'src/rules');
const files = readdirSync(FOLDER).filter((file) =>
  readFileSync(join(FOLDER, file), 'utf8').includes('export const rule: Rule'),
);

test('every file with a rule is in the list, under its id', () => {
  expect(RULES.map(({ id }) => `${id}.ts`).sort()).toEqual(files.sort());
});

test('every rule has tests of its own', () => {
  const untested = RULES.filter(({ id }) => !existsSync(join(REPOSITORY, `test/rules/${id}.test.ts`)));
  expect(untested.map(({ id }) => id)).toEqual([]);
});

test('docs/RULES.md is what the generator writes', () => {
  expect(readFileSync(join(REPOSITORY, 'docs/RULES.md'), 'utf8')).toBe(renderRules());
});
