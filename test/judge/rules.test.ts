import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checkRules, RULES } from '../../src/judge/rules';
import { renderRules } from '../../tools/generate-rules';
import { REPOSITORY } from '../folder';
import { runOf } from './rules/rule-cases';

const files = readdirSync(join(REPOSITORY, 'src/judge/rules'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''));

test('every file of the folder is a rule in the list, under its id', () => {
  expect(RULES.map(({ id }) => id).sort()).toEqual(files.map((file) => basename(file)).sort());
});

test('every rule has tests of its own', () => {
  expect(files.filter((file) => !existsSync(join(REPOSITORY, `test/judge/rules/${file}.test.ts`)))).toEqual([]);
});

test('a rule that fails hides no other and says so', () => {
  const args = {
    get report_to(): string {
      throw new Error('no');
    },
    overwrite_output_dir: true,
  };
  const found = checkRules(runOf({ args, release: '0.9.3' }));
  expect(found).toContainEqual({
    id: 'check-failed',
    path: 'train.yaml',
    key: 'report-to-unset',
    severity: 'error',
    message: "the check itself failed, so what it looks for isn't known: no",
  });
  expect(found.map(({ id }) => id)).toContain('overwrite-output-dir');
});

test('docs/RULES.md is what the generator writes', () => {
  expect(readFileSync(join(REPOSITORY, 'docs/RULES.md'), 'utf8')).toBe(renderRules());
});
