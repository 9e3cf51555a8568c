import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasTemplate } from '../../src/llamafactory/templates';
import { RELEASES } from '../../src/run/releases';
import { renderModelTemplates, renderTemplates } from '../../tools/generate-templates';
import { REPOSITORY } from '../folder';

test('data/llamafactory/templates.json is what the generator writes', () => {
  expect(readFileSync(join(REPOSITORY, 'data/llamafactory/templates.json'), 'utf8')).toBe(renderTemplates());
});

test('data/llamafactory/model-templates.json is what the generator writes', () => {
  const path = join(REPOSITORY, 'data/llamafactory/model-templates.json');
  expect(readFileSync(path, 'utf8')).toBe(renderModelTemplates());
});

test.each([
  ['qwen3', [true, true, true]],
  ['qwen3_nothink', [false, true, true]],
  ['baichuan2', [true, true, false]],
  ['nothing', [false, false, false]],
])('%s is a template of those releases that have it', (name, expected) => {
  expect(RELEASES.map((release) => hasTemplate(release, name))).toEqual(expected);
});
