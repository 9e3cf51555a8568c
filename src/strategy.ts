/** How the GPUs of a run share the work. */
export enum Strategy {
  /**
   * DeepSpeed ZeRO-3 with weights and optimizer in host memory: fits the most, needs the host memory and a compiler
   * in the image, and is slower a token.
   */
  ZERO3_OFFLOAD = 'zero3-offload',
  /** Every GPU holds the whole model; only gradients are exchanged. Fastest where it fits. */
  DDP = 'ddp',
  /**
   * The quickest of DDP, ZeRO-3 and ZeRO-3 with offload that fits the card and the pool's memory, as planned: with the
   * batch of a device and the accumulation that go with it. The effective batch and the length stay as `train` says.
   * The same program makes the same choice; another version of the library may choose otherwise.
   */
  AUTO = 'auto',
}
