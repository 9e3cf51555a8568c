import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FINDINGS } from '../../src/judge/registry';
import { RULES } from '../../src/judge/rules';
import { OTHER_STEPS } from '../../src/llamafactory/parser/other-kinds';
import { STEPS } from '../../src/llamafactory/parser/parse';
import { PARSER_IDS, RULE_IDS } from '../../src/run/finding-ids';
import { REPOSITORY } from '../folder';

const ALL = [...FINDINGS.values()];

test('every rule and every step of the parser is listed, and nothing else as one', () => {
  const steps = [...STEPS, ...Object.values(OTHER_STEPS).flat()].flatMap((step) => ('set' in step ? [] : [step.id]));
  expect([...RULE_IDS].sort()).toEqual(RULES.map(({ id }) => id).sort());
  expect([...PARSER_IDS].sort()).toEqual([...new Set(steps)].sort());
});

test.each(ALL)('$id has a title, and stands in the document', ({ id, title, docs }) => {
  const [file = '', anchor] = docs.split('#');
  expect(title).toMatch(/^\S.*[^\s;]$/);
  expect(anchor).toBe(id);
  expect(readFileSync(join(REPOSITORY, file), 'utf8').split(`<a id="${id}">`)).toHaveLength(2);
});

test('what is only ever an error can not be acknowledged', () => {
  const acknowledgeable = (id: string) => FINDINGS.get(id)?.acknowledgeable;
  expect(acknowledgeable('unknown-argument')).toBe(false);
  expect(acknowledgeable('deepspeed-mismatch')).toBe(false);
  expect(acknowledgeable('pod-template')).toBe(true);
  expect(acknowledgeable('gpu-memory')).toBe(true);
  expect(acknowledgeable('chatml-template')).toBe(true);
});

test('what an import leaves open can not be acknowledged', () => {
  expect(ALL.filter(({ subject }) => subject === 'import').map(({ acknowledgeable }) => acknowledgeable)).not.toContain(
    true,
  );
});
