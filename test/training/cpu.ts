import { Strategy, type TrainArguments } from '../../src';

/**
 * The overlay: everything that differs from a run on GPUs because there are none. Nothing else of what is synthesised is
 * changed. Also, no device plugin means that `nvidia.com/gpu` is not looked at.
 */
export const CPU: { readonly strategy: Strategy; readonly train: TrainArguments } = {
  // DeepSpeed would compile its operators for the CPU first, for minutes; its runs are tried on a GPU (tools/gpu).
  strategy: Strategy.DDP,
  // transformers refuses fp16 without a GPU. The 4-bit weights stay: bitsandbytes has kernels for the CPU.
  train: { fp16: false },
};
