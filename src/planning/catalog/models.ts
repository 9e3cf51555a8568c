/** What decides the memory and speed of a model: the numbers of its config.json. */
export interface ModelShape {
  /** The name people use, for example `Qwen3-14B`. */
  readonly name: string;
  /** Where hubs keep it: the same repository name on ModelScope and Hugging Face, for example `Qwen/Qwen3-14B`. */
  readonly repository: string;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  readonly tiedEmbeddings: boolean;
  /** Qwen2.5 has biases on q, k and v; Qwen3 has RMS norms on q and k instead. */
  readonly family: 'qwen2.5' | 'qwen3' | 'qwen3-moe';
  /** Mixture of experts only. */
  readonly experts?: { readonly count: number; readonly perToken: number; readonly intermediateSize: number };
}

/** hidden, intermediate, layers, attention heads, key-value heads, head dimension, vocabulary, tied embeddings. */
type Numbers = readonly [number, number, number, number, number, number, number, boolean];

function shape(
  name: string,
  family: ModelShape['family'],
  numbers: Numbers,
  experts?: ModelShape['experts'],
): ModelShape {
  const [hiddenSize, intermediateSize, layers, attentionHeads, keyValueHeads, headDim, vocabSize, tiedEmbeddings] =
    numbers;
  return {
    name,
    repository: `Qwen/${name}`,
    hiddenSize,
    intermediateSize,
    layers,
    attentionHeads,
    keyValueHeads,
    headDim,
    vocabSize,
    tiedEmbeddings,
    family,
    ...(experts === undefined ? {} : { experts }),
  };
}

/** The models of the catalogue by name. Numbers: the config.json of each repository. */
export const MODELS: Readonly<Record<string, ModelShape>> = Object.fromEntries(
  [
    shape('Qwen2.5-0.5B-Instruct', 'qwen2.5', [896, 4864, 24, 14, 2, 64, 151936, true]),
    shape('Qwen2.5-1.5B-Instruct', 'qwen2.5', [1536, 8960, 28, 12, 2, 128, 151936, true]),
    shape('Qwen2.5-3B-Instruct', 'qwen2.5', [2048, 11008, 36, 16, 2, 128, 151936, true]),
    shape('Qwen2.5-7B-Instruct', 'qwen2.5', [3584, 18944, 28, 28, 4, 128, 152064, false]),
    shape('Qwen2.5-14B-Instruct', 'qwen2.5', [5120, 13824, 48, 40, 8, 128, 152064, false]),
    shape('Qwen2.5-32B-Instruct', 'qwen2.5', [5120, 27648, 64, 40, 8, 128, 152064, false]),
    shape('Qwen2.5-72B-Instruct', 'qwen2.5', [8192, 29568, 80, 64, 8, 128, 152064, false]),
    shape('Qwen3-0.6B', 'qwen3', [1024, 3072, 28, 16, 8, 128, 151936, true]),
    shape('Qwen3-1.7B', 'qwen3', [2048, 6144, 28, 16, 8, 128, 151936, true]),
    shape('Qwen3-4B', 'qwen3', [2560, 9728, 36, 32, 8, 128, 151936, true]),
    shape('Qwen3-8B', 'qwen3', [4096, 12288, 36, 32, 8, 128, 151936, false]),
    shape('Qwen3-14B', 'qwen3', [5120, 17408, 40, 40, 8, 128, 151936, false]),
    shape('Qwen3-32B', 'qwen3', [5120, 25600, 64, 64, 8, 128, 151936, false]),
    shape('Qwen3-30B-A3B', 'qwen3-moe', [2048, 6144, 48, 32, 4, 128, 151936, false], {
      count: 128,
      perToken: 8,
      intermediateSize: 768,
    }),
    shape('Qwen3-235B-A22B', 'qwen3-moe', [4096, 12288, 94, 64, 4, 128, 151936, false], {
      count: 128,
      perToken: 8,
      intermediateSize: 1536,
    }),
  ].map((model) => [model.name, model]),
);

const FAMILIES: Readonly<Record<string, ModelShape['family']>> = {
  qwen2: 'qwen2.5',
  qwen3: 'qwen3',
  qwen3_moe: 'qwen3-moe',
};

/**
 * The shape of a model that isn't in the catalogue, from its config.json.
 *
 * @param name the name people use; it stands for the repository too, until the caller says otherwise
 * @param configJson the parsed config.json
 * @throws if the architecture isn't one of Qwen2, Qwen3 and Qwen3 MoE, or a number is missing
 */
export function modelFromConfig(name: string, configJson: { readonly [key: string]: unknown }): ModelShape {
  const type = String(configJson['model_type']);
  const family = FAMILIES[type];
  if (family === undefined) {
    throw new Error(`config.json of ${name}: model_type is ${type}, allowed: ${Object.keys(FAMILIES).join(', ')}`);
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
    hiddenSize,
    intermediateSize: number('intermediate_size'),
    layers: number('num_hidden_layers'),
    attentionHeads,
    keyValueHeads: number('num_key_value_heads', attentionHeads),
    headDim: number('head_dim', family === 'qwen2.5' ? Math.floor(hiddenSize / attentionHeads) : 128),
    vocabSize: number('vocab_size'),
    tiedEmbeddings: configJson['tie_word_embeddings'] === true,
    family,
  };
  if (family !== 'qwen3-moe') return result;
  return {
    ...result,
    experts: {
      count: number('num_experts'),
      perToken: number('num_experts_per_tok'),
      intermediateSize: number('moe_intermediate_size'),
    },
  };
}
