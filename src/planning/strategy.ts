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
   * The quickest that fits the card and the pool's memory with the longest batch of the data, as planned: DDP, ZeRO-2,
   * ZeRO-3 or ZeRO-3 with offload, with the batch of a device and the accumulation that go with it; `neat_packing` where
   * each sample stays alone in its sequence. The effective batch and the length stay as `train` says. The choice stands in
   * the plan's annotation and in train_config.yaml, with its margin. The same program makes the same choice; another
   * version of the library may choose otherwise, which is then another run.
   */
  AUTO = 'auto',
}
