import { Strategy, type TrainArguments } from '../../src';
import { before, type Release } from '../../src/run/releases';

/** What is different on a CPU. */
export interface Overlay {
  readonly strategy: Strategy;
  readonly train: TrainArguments;
  /** Arguments of the preset that are left out. */
  readonly without: ReadonlyArray<keyof TrainArguments>;
}

/**
 * The overlay: everything that differs from a run on GPUs because there are none. Nothing else of what is synthesised is
 * changed. Also, without a device plugin `nvidia.com/gpu` is not looked at.
 */
export function cpu(release: Release): Overlay {
  return {
    // DeepSpeed would compile its operators for the CPU first, for minutes; its runs are tried on a GPU (tools/gpu).
    strategy: Strategy.DDP,
    // transformers refuses fp16 without a GPU.
    train: { fp16: false },
    // The 4 bits stay: bitsandbytes has kernels for the CPU. But the transformers of 0.9.3 (4.52) asks for Intel's
    // extension of torch before it lets them work.
    without: before(release, '0.9.4') ? ['quantizationBit', 'quantizationMethod'] : [],
  };
}

/** Whether a release's runs are quantised, and so need what the prepare Job installs. */
export function quantises(release: Release): boolean {
  return !cpu(release).without.includes('quantizationBit');
}
