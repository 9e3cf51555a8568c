import { type DeepSpeedFile, zero3Config } from './zero3-config';

/** ZeRO-2, as it was measured: optimizer and gradients shared out, the weights whole on each GPU. */
export function zero2File(): DeepSpeedFile {
  const { zero_optimization: _, ...around } = zero3Config({});
  return {
    file: 'ds_config_zero2.json',
    config: {
      ...around,
      zero_optimization: { stage: 2, overlap_comm: true, contiguous_gradients: true, reduce_bucket_size: 'auto' },
    },
  };
}
