import { importedModel } from '../../../src/cli/importing/model';
import type { Files } from '../../../src/llamafactory/files';

const NOTHING: Files = { kind: () => undefined, read: () => undefined, list: () => [] };
const imported = (name: string, files = NOTHING) => importedModel({ model_name_or_path: name }, new Map(), files);

test.each(['mycompany/Qwen3-8B', 'unsloth/Qwen2.5-7B-Instruct', 'Qwen/Qwen3-8B-Base', 'qwen/qwen3-8b'])(
  '%s on a hub stays that repository',
  (name) => {
    const { model, code, byHand, plannedAs } = imported(name);
    expect([model?.repository, byHand]).toEqual([name, false]);
    expect(code).toMatch(/^Model\.custom\(/);
    expect(plannedAs).toMatch(/^Qwen/);
  },
);

test('a model of the catalogue by its exact name is that', () => {
  expect(imported('Qwen/Qwen3-8B')).toMatchObject({ code: 'QwenModel.QWEN3_8B', byHand: false, plannedAs: undefined });
});

test.each(['/models/mycompany/Qwen3-8B', '/data/Qwen3-8B', './Qwen3-8B', '/data/modelscope/models/Qwen3-8B'])(
  '%s on a disk is a model that somebody brings, whatever it is called',
  (name) => {
    const { byHand, cache, code, plannedAs } = imported(name);
    expect([byHand, plannedAs]).toEqual([true, 'Qwen3-8B']);
    expect(cache).toContain('ModelCache.fromClaim');
    expect(code).toMatch(/^Model\.custom\(/);
  },
);

test.each([
  ['/root/.cache/modelscope/hub/models/Qwen/Qwen3-14B', 'Qwen/Qwen3-14B'],
  ['/root/.cache/modelscope/hub/team/Qwen3-0___6B', 'team/Qwen3-0.6B'],
  ['/root/.cache/huggingface/hub/models--team--Qwen3-8B/snapshots/abc', 'team/Qwen3-8B'],
  ['/models/Qwen/Qwen3-8B', 'Qwen/Qwen3-8B'],
])('%s is a hub’s copy of %s', (name, repository) => {
  const { model, byHand } = imported(name);
  expect([model?.repository, byHand]).toEqual([repository, false]);
});

test('a config.json at hand says what the model is made of', () => {
  const config = { model_type: 'qwen2', hidden_size: 64, intermediate_size: 128, num_hidden_layers: 2 };
  const text = JSON.stringify({ ...config, num_attention_heads: 4, vocab_size: 100 });
  const files: Files = { ...NOTHING, kind: () => 'folder', read: () => text };
  const { model, plannedAs } = imported('./Qwen3-8B', files);
  expect([model?._shape?.layers, plannedAs]).toEqual([2, undefined]);
});
