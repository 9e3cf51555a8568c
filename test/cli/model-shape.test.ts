import { fileStore } from '../../src/cli/file-store';
import { modelShapeOf } from '../../src/cli/model-shape';
import { temporaryFolder, write } from '../folder';

const folder = temporaryFolder();
const files = fileStore().from(folder);

test.each([
  ['Qwen/Qwen3-14B', 'Qwen3-14B'],
  ['/models/Qwen/Qwen3-0___6B/', 'Qwen3-0.6B'],
  ['hub/models--Qwen--Qwen3-8B/snapshots/b968826d', 'Qwen3-8B'],
  ['Qwen/Qwen3-4B-Instruct-2507', 'Qwen3-4B'],
  ['Qwen/Qwen2.5-7B', 'Qwen2.5-7B-Instruct'],
  ['Qwen/Qwen3-8B-2507', 'Qwen3-8B'],
])('%s has the shape of %s', (path, name) => {
  expect(modelShapeOf(path, files)?.name).toBe(name);
});

test.each(['Qwen/Qwen3-14B-AWQ', 'meta-llama/Llama-3.1-8B', '', 7])('%s has none', (path) => {
  expect(modelShapeOf(path, files)).toBeUndefined();
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
  expect(modelShapeOf('Qwen3-14B', files)).toMatchObject({ name: 'Qwen3-14B', layers: 2 });
});
