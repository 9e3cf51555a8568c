import type { Mapping } from '../run/run';

/** ZeRO-3 in plain data: what {@link renderZero3} writes. Every field undefined: DeepSpeed's own default holds. */
export interface Zero3 {
  readonly offloadOptimizer: boolean;
  readonly offloadParam: boolean;
  readonly pinMemory: boolean;
  /** The optimizer section's type, or undefined for none. */
  readonly optimizer: string | undefined;
  readonly fp16: Mapping;
  /** The `zero_optimization` section beside stage and offload, in DeepSpeed's spelling. */
  readonly zero: Mapping;
  /** Buffers of the two offload sections, in DeepSpeed's spelling. */
  readonly offloadOptimizerOptions: Mapping;
  readonly offloadParamOptions: Mapping;
}

/**
 * DeepSpeed's JSON. Batch, accumulation and clipping are "auto": a key that is missing is never filled in. Without an
 * optimizer section DeepSpeed is given the trainer's optimizer, and refuses what it hasn't tested unless it may.
 */
export function renderZero3(config: Zero3): Mapping {
  return {
    train_batch_size: 'auto',
    train_micro_batch_size_per_gpu: 'auto',
    gradient_accumulation_steps: 'auto',
    gradient_clipping: 'auto',
    fp16: { enabled: 'auto', ...config.fp16 },
    bf16: { enabled: 'auto' },
    ...(config.optimizer === undefined
      ? { zero_allow_untested_optimizer: true }
      : {
          optimizer: {
            type: config.optimizer,
            params: { lr: 'auto', betas: 'auto', eps: 'auto', weight_decay: 'auto' },
          },
        }),
    zero_optimization: {
      stage: 3,
      ...defined(config.zero),
      ...(config.offloadOptimizer
        ? {
            offload_optimizer: {
              device: 'cpu',
              pin_memory: config.pinMemory,
              ...defined(config.offloadOptimizerOptions),
            },
          }
        : {}),
      ...(config.offloadParam
        ? { offload_param: { device: 'cpu', pin_memory: config.pinMemory, ...defined(config.offloadParamOptions) } }
        : {}),
    },
  };
}

function defined(mapping: Mapping): Mapping {
  return Object.fromEntries(Object.entries(mapping).filter(([, value]) => value !== undefined));
}
