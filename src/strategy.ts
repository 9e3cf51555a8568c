/** How the GPUs of a run share the work. */
export enum Strategy {
  /**
   * DeepSpeed ZeRO-3 with weights and optimizer in host memory: fits the most, needs the host memory and a compiler
   * in the image, and is slower a token.
   */
  ZERO3_OFFLOAD = 'zero3-offload',
  /** Every GPU holds the whole model; only gradients are exchanged. Fastest where it fits. */
  DDP = 'ddp',
}
