import type { ModelShape } from '../../run/model-shape';

/** What the blocks of an architecture are made of. */
interface Blocks extends Pick<ModelShape, 'attentionBias' | 'queryKeyNorms'> {
  /** The head dimension where config.json has none; undefined: the hidden size shared out among the heads. */
  readonly headDim?: number;
  /** Whether its MLP is a mixture of experts. */
  readonly mixture: boolean;
}

/** The architectures whose numbers are known, by transformers' `model_type`. Source: transformers src/transformers/models. */
const ARCHITECTURES = {
  qwen2: { attentionBias: true, queryKeyNorms: false, mixture: false },
  qwen3: { attentionBias: false, queryKeyNorms: true, headDim: 128, mixture: false },
  qwen3_moe: { attentionBias: false, queryKeyNorms: true, headDim: 128, mixture: true },
} satisfies Readonly<Record<string, Blocks>>;

/** hidden, intermediate, layers, attention heads, key-value heads, head dimension, vocabulary, tied embeddings. */
type Numbers = readonly [number, number, number, number, number, number, number, boolean];

function shape(
  name: string,
  modelType: keyof typeof ARCHITECTURES,
  numbers: Numbers,
  experts?: ModelShape['experts'],
): ModelShape {
  const [hiddenSize, intermediateSize, layers, attentionHeads, keyValueHeads, headDim, vocabSize, tiedEmbeddings] =
    numbers;
  const { attentionBias, queryKeyNorms } = ARCHITECTURES[modelType];
  return {
    name,
    repository: `Qwen/${name}`,
    modelType,
    hiddenSize,
    intermediateSize,
    layers,
    attentionHeads,
    keyValueHeads,
    headDim,
    vocabSize,
    tiedEmbeddings,
    attentionBias,
    queryKeyNorms,
    ...(experts === undefined ? {} : { experts }),
  };
}

/** The models of the catalogue by name. Numbers: the config.json of each repository. */
export const MODELS: Readonly<Record<string, ModelShape>> = Object.fromEntries(
  [
    shape('Qwen2.5-0.5B-Instruct', 'qwen2', [896, 4864, 24, 14, 2, 64, 151936, true]),
    shape('Qwen2.5-1.5B-Instruct', 'qwen2', [1536, 8960, 28, 12, 2, 128, 151936, true]),
    shape('Qwen2.5-3B-Instruct', 'qwen2', [2048, 11008, 36, 16, 2, 128, 151936, true]),
    shape('Qwen2.5-7B-Instruct', 'qwen2', [3584, 18944, 28, 28, 4, 128, 152064, false]),
    shape('Qwen2.5-14B-Instruct', 'qwen2', [5120, 13824, 48, 40, 8, 128, 152064, false]),
    shape('Qwen2.5-32B-Instruct', 'qwen2', [5120, 27648, 64, 40, 8, 128, 152064, false]),
    shape('Qwen2.5-72B-Instruct', 'qwen2', [8192, 29568, 80, 64, 8, 128, 152064, false]),
    shape('Qwen3-0.6B', 'qwen3', [1024, 3072, 28, 16, 8, 128, 151936, true]),
    shape('Qwen3-1.7B', 'qwen3', [2048, 6144, 28, 16, 8, 128, 151936, true]),
    shape('Qwen3-4B', 'qwen3', [2560, 9728, 36, 32, 8, 128, 151936, true]),
    shape('Qwen3-8B', 'qwen3', [4096, 12288, 36, 32, 8, 128, 151936, false]),
    shape('Qwen3-14B', 'qwen3', [5120, 17408, 40, 40, 8, 128, 151936, false]),
    shape('Qwen3-32B', 'qwen3', [5120, 25600, 64, 64, 8, 128, 151936, false]),
    shape('Qwen3-30B-A3B', 'qwen3_moe', [2048, 6144, 48, 32, 4, 128, 151936, false], {
      count: 128,
      perToken: 8,
      intermediateSize: 768,
    }),
    shape('Qwen3-235B-A22B', 'qwen3_moe', [4096, 12288, 94, 64, 4, 128, 151936, false], {
      count: 128,
      perToken: 8,
      intermediateSize: 1536,
    }),
  ].map((model) => [model.name, model]),
);

/**
 * The shape of a model that isn't in the catalogue, from its config.json.
 *
 * @param name the name people use; it stands for the repository too, until the caller says otherwise
 * @param configJson the parsed config.json
 * @throws if the architecture isn't one of {@link ARCHITECTURES}, or a number is missing
 */
export function modelFromConfig(name: string, configJson: { readonly [key: string]: unknown }): ModelShape {
  const type = String(configJson['model_type']);
  const blocks: Blocks | undefined = Object.hasOwn(ARCHITECTURES, type)
    ? ARCHITECTURES[type as keyof typeof ARCHITECTURES]
    : undefined;
  if (blocks === undefined) {
    throw new Error(`config.json of ${name}: model_type is ${type}, allowed: ${Object.keys(ARCHITECTURES).join(', ')}`);
  }
  const number = (key: string, fallback?: number): number => {
    const value = configJson[key] ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
    throw new Error(`config.json of ${name}: ${key} is ${JSON.stringify(value)}, allowed: a positive whole number`);
  };
  const hiddenSize = number('hidden_size');
  const attentionHeads = number('num_attention_heads');
  const result: ModelShape = {
    name,
    repository: name,
    modelType: type,
    hiddenSize,
    intermediateSize: number('intermediate_size'),
    layers: number('num_hidden_layers'),
    attentionHeads,
    keyValueHeads: number('num_key_value_heads', attentionHeads),
    headDim: number('head_dim', blocks.headDim ?? Math.floor(hiddenSize / attentionHeads)),
    vocabSize: number('vocab_size'),
    tiedEmbeddings: configJson['tie_word_embeddings'] === true,
    attentionBias: blocks.attentionBias,
    queryKeyNorms: blocks.queryKeyNorms,
  };
  if (!blocks.mixture) return result;
  return {
    ...result,
    experts: {
      count: number('num_experts'),
      perToken: number('num_experts_per_tok'),
      intermediateSize: number('moe_intermediate_size'),
    },
  };
}
