/** What a GPU model can do, and the labels its nodes go by. */
export interface Card {
  /** The short name, for example `T10`. */
  readonly name: string;
  /** NVML's total, in bytes. */
  readonly memoryBytes: number;
  /** Compute capability, for example 7.5. */
  readonly computeCapability: number;
  /** Memory bandwidth in bytes a second. */
  readonly bandwidthBytesPerSecond: number;
  /** Dense fp16 tensor throughput, in FLOP a second. */
  readonly fp16FlopsPerSecond: number;
  /** Values of the label `nvidia.com/gpu.product` (GPU feature discovery) that mean this card. */
  readonly products: readonly string[];
}
