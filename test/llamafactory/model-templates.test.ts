import { modelTemplateOf } from '../../src/llamafactory/model-templates';
import { MODELS } from '../../src/planning/catalog/models';
import { RELEASES } from '../../src/run/releases';

test.each([
  ['Qwen/Qwen2.5-7B-Instruct', 'qwen', 'never'],
  ['Qwen/Qwen3-14B', 'qwen3', 'either'],
  ['Qwen/Qwen3-14B-AWQ', 'qwen3', 'either'],
  ['Qwen/Qwen3-4B-Instruct-2507', 'qwen3_nothink', 'never'],
  ['Qwen/Qwen3-4B-Thinking-2507', 'qwen3', 'always'],
  ['Qwen/Qwen3-VL-8B-Instruct', 'qwen3_vl_nothink', 'never'],
  ['deepseek-ai/DeepSeek-R1-Distill-Qwen-7B', 'deepseekr1', 'always'],
  ['unsloth/Meta-Llama-3.1-8B-Instruct-bnb-4bit', 'llama3', 'never'],
  ['/root/.cache/huggingface/hub/models--Qwen--Qwen3-8B/snapshots/b968826d', 'qwen3', 'either'],
  ['/models/Qwen/Qwen2___5-7B-Instruct', 'qwen', 'never'],
])('%s was made with %s, and thinks: %s', (path, template, thinking) => {
  expect(modelTemplateOf(path, '0.9.5')).toMatchObject({ template, thinking, available: true });
});

test.each(['Qwen/Qwen3-14B-Base', 'Qwen/Qwen2.5-7B', '/models/ours', ''])('%s has none of its own', (path) => {
  expect(modelTemplateOf(path, '0.9.5')).toBeUndefined();
});

test('0.9.3 lacks the template of models that never think', () => {
  expect(modelTemplateOf('Qwen/Qwen3-4B-Instruct-2507', '0.9.3')?.available).toBe(false);
});

const CHATS = Object.keys(MODELS).filter((name) => /^Qwen2\.5-.*Instruct$|^Qwen3-[\d.]+B(-A\d+B)?$/.test(name));

test.each(CHATS)('the template of %s, of the catalogue, is known in each release', (name) => {
  for (const release of RELEASES) expect(modelTemplateOf(`Qwen/${name}`, release)).toMatchObject({ available: true });
});
