import type { ModelShape } from '../../run/model-shape';

/** What the blocks of an architecture are made of. */
export interface Blocks extends Pick<ModelShape, 'attentionBias' | 'queryKeyNorms' | 'blockNorms' | 'packed'> {
  /** Whether `attention_bias` in config.json decides on the bias of queries, keys and values. */
  readonly biasIsSaid?: boolean;
  /** The head dimension where config.json has none; undefined: the hidden size shared out among the heads. */
  readonly headDim?: number;
  /** Whether its MLP is a mixture of experts. */
  readonly mixture: boolean;
}

const SEPARATE = { queryKeyValue: false, gateUp: false };
const PLAIN = { attentionBias: false, queryKeyNorms: false, blockNorms: 2, packed: SEPARATE, mixture: false } as const;
const GATE_UP = { queryKeyValue: false, gateUp: true };

/** The architectures whose numbers are known, by transformers' `model_type`. Source: transformers src/transformers/models. */
export const ARCHITECTURES = {
  llama: PLAIN,
  mistral: PLAIN,
  qwen2: { ...PLAIN, attentionBias: true },
  qwen3: { ...PLAIN, queryKeyNorms: true, headDim: 128 },
  qwen3_moe: { ...PLAIN, queryKeyNorms: true, headDim: 128, mixture: true },
  phi3: { ...PLAIN, packed: { queryKeyValue: true, gateUp: true } },
  glm: { ...PLAIN, attentionBias: true, biasIsSaid: true, headDim: 128, packed: GATE_UP },
  glm4: { ...PLAIN, attentionBias: true, biasIsSaid: true, headDim: 128, blockNorms: 4, packed: GATE_UP },
} satisfies Readonly<Record<string, Blocks>>;

export type Architecture = keyof typeof ARCHITECTURES;

/** Keys of config.json that change what a block is made of, with the value for which its numbers are known. */
const ONLY: Readonly<Partial<Record<Architecture, Readonly<Record<string, unknown>>>>> = {
  llama: { attention_bias: false, mlp_bias: false },
  qwen3: { attention_bias: false },
  qwen3_moe: { attention_bias: false, mlp_only_layers: [], decoder_sparse_step: 1 },
};

/** Why memory and time of a model can't be told from its config.json; undefined: they can. */
export function unplannedBecause(configJson: { readonly [key: string]: unknown }): string | undefined {
  const type = configJson['model_type'];
  if (typeof type !== 'string') return 'its config.json names no model_type';
  if (!isKnown(type)) {
    return `nothing is known of model_type ${type}; known: ${Object.keys(ARCHITECTURES).join(', ')}`;
  }
  const odd = Object.entries(ONLY[type] ?? {}).find(
    ([key, value]) => configJson[key] !== undefined && JSON.stringify(configJson[key]) !== JSON.stringify(value),
  );
  if (odd === undefined) return undefined;
  const [key, value] = odd;
  return `its blocks are of another make: ${key} is ${JSON.stringify(configJson[key])}, known: ${JSON.stringify(value)}`;
}

function isKnown(type: string): type is Architecture {
  return Object.hasOwn(ARCHITECTURES, type);
}

/** Whether a config.json of this type says whether queries, keys and values have a bias. */
export function saysBias(type: string): boolean {
  const blocks: Blocks | undefined = isKnown(type) ? ARCHITECTURES[type] : undefined;
  return blocks?.biasIsSaid === true;
}

/**
 * The shape of a model from its config.json.
 *
 * @param name the name people use; it stands for the repository too, until the caller says otherwise
 * @param configJson the parsed config.json
 * @returns the shape; undefined if {@link unplannedBecause} says why there is none
 * @throws if a number is missing
 */
export function modelFromConfig(name: string, configJson: { readonly [key: string]: unknown }): ModelShape | undefined {
  if (unplannedBecause(configJson) !== undefined) return undefined;
  const modelType = configJson['model_type'] as Architecture;
  const blocks: Blocks = ARCHITECTURES[modelType];
  const number = (key: string, fallback?: unknown): number => {
    const value = configJson[key] ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
    throw new Error(`config.json of ${name}: ${key} is ${JSON.stringify(value)}, allowed: a positive whole number`);
  };
  const hiddenSize = number('hidden_size');
  const attentionHeads = number('num_attention_heads');
  return {
    name,
    repository: name,
    modelType,
    hiddenSize,
    intermediateSize: number('intermediate_size'),
    layers: number('num_hidden_layers'),
    attentionHeads,
    keyValueHeads: number('num_key_value_heads', attentionHeads),
    headDim: number('head_dim', blocks.headDim ?? Math.floor(hiddenSize / attentionHeads)),
    vocabSize: number('vocab_size'),
    tiedEmbeddings: configJson['tie_word_embeddings'] === true,
    attentionBias: blocks.biasIsSaid === true && configJson['attention_bias'] === false ? false : blocks.attentionBias,
    queryKeyNorms: blocks.queryKeyNorms,
    blockNorms: blocks.blockNorms,
    packed: blocks.packed,
    ...(blocks.mixture
      ? {
          experts: {
            // transformers 5 writes it under another name
            count: number('num_experts', configJson['num_local_experts']),
            perToken: number('num_experts_per_tok'),
            intermediateSize: number('moe_intermediate_size'),
          },
        }
      : {}),
  };
}
