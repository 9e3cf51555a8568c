import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkRules, RULES } from '../../src/rules/rules';
import { renderRules } from '../../tools/generate-rules';
import { REPOSITORY } from '../folder';
import { runOf } from './rule-cases';

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

test('a rule that fails hides no other and says so', () => {
  const args = {
    get report_to(): string {
      throw new Error('no');
    },
    overwrite_output_dir: true,
  };
  const found = checkRules(runOf({ args, release: '0.9.3' }));
  expect(found.filter(({ id }) => id === 'rule-failed')[0]?.message).toBe(
    "the rule itself failed, so this wasn't checked: no",
  );
  expect(found.map(({ id }) => id)).toContain('overwrite-output-dir');
});

test('docs/RULES.md is what the generator writes', () => {
  expect(readFileSync(join(REPOSITORY, 'docs/RULES.md'), 'utf8')).toBe(renderRules());
});
