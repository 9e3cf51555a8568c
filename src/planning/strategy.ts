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
   * What fits the card and the pool's memory, as planned: DDP, ZeRO-3 or ZeRO-3 with offload, with the batch of a device
   * and the accumulation that go with it; the quickest, or one at most 15 % slower that leaves a margin of 10 %. The effective batch and the length stay as `train` says. The choice stands in the plan's annotation and in
   * train_config.yaml. The same program makes the same choice; another version of the library may choose otherwise, which
   * is then another run.
   */
  AUTO = 'auto',
}
