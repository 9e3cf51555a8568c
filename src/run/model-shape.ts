/** What decides the memory and speed of a model: the numbers of its config.json, and what its blocks are made of. */
export interface ModelShape {
  /** The name people use, for example `Qwen3-14B`. */
  readonly name: string;
  /** Its repository on Hugging Face, for example `Qwen/Qwen3-14B`. */
  readonly repository: string;
  /** Its repository on ModelScope; undefined: it has the same name there. */
  readonly modelScopeRepository?: string;
  /** What transformers calls its architecture, for example `qwen3`. */
  readonly modelType: string;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  readonly tiedEmbeddings: boolean;
  /** Whether queries, keys and values have a bias. */
  readonly attentionBias: boolean;
  /** Whether queries and keys have RMS norms of their own. */
  readonly queryKeyNorms: boolean;
  /** RMS norms of a block beside those: one before attention and one before the MLP, or one after each as well. */
  readonly blockNorms: 2 | 4;
  /** Which matrices stand as one: queries, keys and values; the MLP's gate and up. */
  readonly packed: { readonly queryKeyValue: boolean; readonly gateUp: boolean };
  /** Mixture of experts only. */
  readonly experts?: { readonly count: number; readonly perToken: number; readonly intermediateSize: number };
}

/** How the files of a model are quantised already: they are loaded as they are, whatever `quantization_bit` says. */
export interface QuantisedFiles {
  /** What config.json calls `quant_method`: awq, gptq, aqlm, bitsandbytes, fp8, mxfp4, … */
  readonly method: string;
  /** Bits of a weight of a block; undefined: not said. */
  readonly bits?: number;
  /** Weights that share a scale and an offset. */
  readonly groupSize: number;
  /** Who says so: a name tells what the files are called, not what they hold. */
  readonly said: 'config.json' | 'name';
}
