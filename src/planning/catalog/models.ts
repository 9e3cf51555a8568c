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
