import { Model, QwenModel } from '../src';
import { MODELS } from '../src/planning/catalog/models';

const CONFIG = {
  model_type: 'qwen3',
  hidden_size: 5120,
  intermediate_size: 17408,
  num_hidden_layers: 40,
  num_attention_heads: 40,
  num_key_value_heads: 8,
  head_dim: 128,
  vocab_size: 151936,
  tie_word_embeddings: false,
};
const custom = (config: object) =>
  Model.custom({ name: 'Qwen3-14B-Base', repository: 'Qwen/Qwen3-14B-Base', config: { ...config } });

const KNOWN = {
  'Qwen3-0.6B': QwenModel.QWEN3_0_6B,
  'Qwen3-1.7B': QwenModel.QWEN3_1_7B,
  'Qwen3-4B': QwenModel.QWEN3_4B,
  'Qwen3-8B': QwenModel.QWEN3_8B,
  'Qwen3-14B': QwenModel.QWEN3_14B,
  'Qwen3-32B': QwenModel.QWEN3_32B,
  'Qwen3-30B-A3B': QwenModel.QWEN3_30B_A3B,
  'Qwen3-235B-A22B': QwenModel.QWEN3_235B_A22B,
  'Qwen2.5-0.5B-Instruct': QwenModel.QWEN2_5_0_5B,
  'Qwen2.5-1.5B-Instruct': QwenModel.QWEN2_5_1_5B,
  'Qwen2.5-3B-Instruct': QwenModel.QWEN2_5_3B,
  'Qwen2.5-7B-Instruct': QwenModel.QWEN2_5_7B,
  'Qwen2.5-14B-Instruct': QwenModel.QWEN2_5_14B,
  'Qwen2.5-32B-Instruct': QwenModel.QWEN2_5_32B,
  'Qwen2.5-72B-Instruct': QwenModel.QWEN2_5_72B,
};

test.each(Object.entries(KNOWN))('%s has its name, repository and shape', (name, model) => {
  expect([model.name, model.repository]).toEqual([name, `Qwen/${name}`]);
  expect(model._shape).toBe(MODELS[name]);
  expect(model._problems).toEqual([]);
});

test.each(Object.values(MODELS))('$repository is a model of the catalogue', (shape) => {
  const model = Model.of(shape.repository);
  expect([model.name, model.repository, model._shape, model._problems]).toEqual([
    shape.name,
    shape.repository,
    shape,
    [],
  ]);
});

test('a repository that the catalogue lacks is a problem with what may be meant', () => {
  expect(Model.of('meta-llama/Meta-LLama-3.1-8B-Instruct')._problems).toEqual([
    expect.objectContaining({
      id: 'invalid-model',
      got: 'meta-llama/Meta-LLama-3.1-8B-Instruct',
      change: expect.stringContaining('did you mean meta-llama/Meta-Llama-3.1-8B-Instruct?'),
    }),
  ]);
  expect(Model.of(7 as never)._problems).toEqual([expect.objectContaining({ id: 'invalid-prop', key: 'Model.of' })]);
});

test.each([
  ['its config.json is not given', undefined],
  ['nothing is known of model_type gemma2', { model_type: 'gemma2' }],
])('a model of which %s is not planned, and no fault', (reason, config) => {
  const model = Model.custom({ name: 'G', repository: 'a/G', config });
  expect([model._shape, model._problems, model._unplanned]).toEqual([undefined, [], expect.stringContaining(reason)]);
});

test('a model of one’s own has the shape of its config.json', () => {
  const model = custom(CONFIG);
  expect([model.name, model.repository]).toEqual(['Qwen3-14B-Base', 'Qwen/Qwen3-14B-Base']);
  expect(model._shape).toEqual({
    ...QwenModel.QWEN3_14B._shape,
    name: 'Qwen3-14B-Base',
    repository: 'Qwen/Qwen3-14B-Base',
  });
  expect(model._problems).toEqual([]);
});

test('a config.json without a number needed is a problem that says which', () => {
  const { hidden_size: _, ...config } = CONFIG;
  expect(custom(config)._problems).toEqual([
    { id: 'invalid-model', key: 'Model.custom.config', message: expect.stringContaining('hidden_size') },
  ]);
});

test('a model with a problem still has its name, so that the rest can be checked', () => {
  expect([custom({ model_type: 'qwen3' }).name, custom({ model_type: 'qwen3' })._shape]).toEqual([
    'Qwen3-14B-Base',
    undefined,
  ]);
});
