import { fileStore } from '../../src/cli/file-store';
import { knownModel, quantisedModelOf } from '../../src/cli/model-shape';
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
  ['Qwen/Qwen3-14B-AWQ', 'Qwen3-14B'],
  ['Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4', 'Qwen2.5-7B-Instruct'],
])('%s has the shape of %s', (path, name) => {
  expect(knownModel(path, files).shape?.name).toBe(name);
});

test.each(['google/gemma-2-9b-it', '', 7])('%s has none', (path) => {
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

describe('how the files of a model are quantised', () => {
  test.each([
    ['Qwen/Qwen2.5-72B-Instruct-AWQ', 'awq', 4],
    ['/models/Qwen2.5-7B-Instruct-GPTQ-Int8', 'gptq', 8],
    ['unsloth/Qwen3-14B-unsloth-bnb-4bit', 'bitsandbytes', 4],
    ['Qwen/Qwen3-8B-FP8', 'fp8', 8],
    ['Qwen/Qwen-7B-Chat-Int4', 'gptq', 4],
    ['hub/models--Qwen--Qwen3-14B-AWQ/snapshots/b968826d', 'awq', 4],
  ])('%s says it by its name', (path, method, bits) => {
    expect(quantisedModelOf(path, files)).toEqual({ method, bits, groupSize: 128, said: 'name' });
  });

  test.each(['Qwen/Qwen3-14B', '/int4-runs/Qwen3-14B', '/awqs/model', '', undefined])('%s says nothing', (path) => {
    expect(quantisedModelOf(path, files)).toBeUndefined();
  });

  test('a config.json goes before the name', () => {
    const config = { quantization_config: { quant_method: 'gptq', bits: 3, group_size: 64 } };
    write(folder, { 'plain/config.json': JSON.stringify(config), 'Qwen3-8B-AWQ/config.json': '{}' });
    expect(quantisedModelOf('plain', files)).toEqual({ method: 'gptq', bits: 3, groupSize: 64, said: 'config.json' });
    expect(quantisedModelOf('Qwen3-8B-AWQ', files)).toBeUndefined();
  });
});
