import { fileStore } from '../../src/cli/file-store';
import { knownModel } from '../../src/cli/model-shape';
import { temporaryFolder, write } from '../folder';

const folder = temporaryFolder();
const files = fileStore().from(folder);

test.each([
  ['Qwen/Qwen3-14B', 'Qwen3-14B'],
  ['/models/Qwen/Qwen3-0___6B/', 'Qwen3-0.6B'],
  ['hub/models--Qwen--Qwen3-8B/snapshots/b968826d', 'Qwen3-8B'],
  ['Qwen/Qwen3-4B-Instruct-2507', 'Qwen3-4B-Instruct-2507'],
  ['Qwen/Qwen2.5-7B', 'Qwen2.5-7B'],
  ['Qwen/Qwen3-8B-2507', 'Qwen3-8B'],
  ['/models/LLM-Research/Meta-Llama-3___1-8B-Instruct', 'Meta-Llama-3.1-8B-Instruct'],
])('%s has the shape of %s', (path, name) => {
  expect(knownModel(path, files).shape?.name).toBe(name);
});

test.each(['Qwen/Qwen3-14B-AWQ', 'google/gemma-2-9b-it', '', 7])('%s has none', (path) => {
  expect(knownModel(path, files)).toEqual({ unplanned: expect.any(String) });
});

test('a config.json in the folder goes before the name', () => {
  const config = {
    model_type: 'qwen3',
    hidden_size: 64,
    intermediate_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    vocab_size: 100,
  };
  write(folder, { 'Qwen3-14B/config.json': JSON.stringify(config) });
  expect(knownModel('Qwen3-14B', files).shape).toMatchObject({ name: 'Qwen3-14B', layers: 2 });
});

test.each([
  ['{', /JSON/],
  ['[]', /no JSON object/],
  ['{"model_type":"gemma2"}', /model_type gemma2/],
  ['{"model_type":"llama"}', /hidden_size/],
])('a config.json of %s has none, whatever the folder is called', (text, reason) => {
  const path = `odd-${text.length}/Qwen3-14B`;
  write(folder, { [`${path}/config.json`]: text });
  expect(knownModel(path, files)).toEqual({ unplanned: expect.stringMatching(reason) });
});
