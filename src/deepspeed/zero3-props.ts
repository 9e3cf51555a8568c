/** Loss scaling of fp16 training. Source: DeepSpeed's `fp16` section. */
export interface DeepSpeedFp16 {
  /**
   * `loss_scale`: a fixed scale, or 0 for a dynamic one.
   * @default 0
   */
  readonly lossScale?: number;
  /**
   * `initial_scale_power`: the dynamic scale starts at two to this power.
   * @default 16
   */
  readonly initialScalePower?: number;
  /**
   * `loss_scale_window`: steps without overflow after which the scale is raised.
   * @default 1000
   */
  readonly lossScaleWindow?: number;
  /**
   * `hysteresis`: overflows in a row before the scale is lowered.
   * @default 2
   */
  readonly hysteresis?: number;
  /**
   * `min_loss_scale`: the scale never goes below this.
   * @default 1
   */
  readonly minLossScale?: number;
}

/**
 * ZeRO stage 3 of DeepSpeed. Batch size, accumulation, clipping, precision and the optimizer's numbers aren't here:
 * they are written as "auto" and so follow the train arguments. Names are DeepSpeed's in camelCase; each says its key.
 * Source: deepspeed/runtime/zero/config.py and offload_config.py of DeepSpeed 0.18.4.
 */
export interface DeepSpeedZero3Props {
  /**
   * `offload_optimizer`: optimizer states and the optimizer's step live on the CPU. DeepSpeed compiles its CPU Adam
   * at first use: the image needs nvcc, g++ and ninja.
   * @default false
   */
  readonly offloadOptimizer?: boolean;
  /**
   * `offload_param`: weights live in host memory and are fetched layer by layer.
   * @default false
   */
  readonly offloadParam?: boolean;
  /**
   * `pin_memory` of both: host buffers are page-locked, so copies are quicker. They count in the pod's memory.
   * @default true
   */
  readonly pinMemory?: boolean;
  /**
   * The optimizer section's `type`, or an empty string for no section. With a section, LLaMA-Factory's own optimizers
   * (LoRA+, Muon, BAdam, `optim`) are bypassed.
   * @default AdamW
   */
  readonly optimizer?: string;
  /**
   * Loss scaling.
   * @default - a dynamic scale, see each field
   */
  readonly fp16?: DeepSpeedFp16;
  /**
   * `overlap_comm`: reduce gradients while the backward pass runs; takes about 4.5 times `reduce_bucket_size` of memory.
   * @default true
   */
  readonly overlapComm?: boolean;
  /**
   * `contiguous_gradients`: copy gradients into one buffer, against fragmentation.
   * @default true
   */
  readonly contiguousGradients?: boolean;
  /**
   * `sub_group_size`: parameters processed at a time by the optimizer step.
   * @default 1e9
   */
  readonly subGroupSize?: number;
  /**
   * `reduce_bucket_size`: elements reduced at a time.
   * @default - "auto": the square of the hidden size
   */
  readonly reduceBucketSize?: number;
  /**
   * `stage3_prefetch_bucket_size`: elements fetched ahead.
   * @default - "auto": 0.9 times the square of the hidden size
   */
  readonly stage3PrefetchBucketSize?: number;
  /**
   * `stage3_param_persistence_threshold`: smaller parameters stay on every GPU.
   * @default - "auto": ten times the hidden size
   */
  readonly stage3ParamPersistenceThreshold?: number;
  /**
   * `stage3_model_persistence_threshold`: at most so many elements stay on every GPU.
   * @default - no limit
   */
  readonly stage3ModelPersistenceThreshold?: number;
  /**
   * `stage3_max_live_parameters`: elements whole on a GPU at a time before they are released.
   * @default 1e9
   */
  readonly stage3MaxLiveParameters?: number;
  /**
   * `stage3_max_reuse_distance`: a parameter used again within so many elements isn't released.
   * @default 1e9
   */
  readonly stage3MaxReuseDistance?: number;
  /**
   * `stage3_gather_16bit_weights_on_model_save`: gather the whole weights when saving. LoRA saves adapters alone.
   * @default true
   */
  readonly stage3Gather16bitWeightsOnModelSave?: boolean;
  /**
   * `stage3_module_granularity_threshold`: modules of finer grain are fetched whole.
   * @default - DeepSpeed's 0: off
   */
  readonly stage3ModuleGranularityThreshold?: number;
  /**
   * `stage3_use_all_reduce_for_fetch_params`: fetch parameters with all-reduce.
   * @default - DeepSpeed's false
   */
  readonly stage3UseAllReduceForFetchParams?: boolean;
  /**
   * `memory_efficient_linear`: DeepSpeed's own linear layer.
   * @default - DeepSpeed's true
   */
  readonly memoryEfficientLinear?: boolean;
  /**
   * `pipeline_loading_checkpoint`: load a checkpoint one process after the other.
   * @default - DeepSpeed's false
   */
  readonly pipelineLoadingCheckpoint?: boolean;
  /**
   * `override_module_apply`: gather parameters inside `Module.apply`.
   * @default - DeepSpeed's true
   */
  readonly overrideModuleApply?: boolean;
  /**
   * `log_trace_cache_warnings`: say when the order of layers changed between steps.
   * @default - DeepSpeed's false
   */
  readonly logTraceCacheWarnings?: boolean;
  /**
   * `zero_hpz_partition_size`: ranks of a secondary partition (ZeRO++), the GPUs of one node.
   * @default - DeepSpeed's 1: off
   */
  readonly zeroHpzPartitionSize?: number;
  /**
   * `zero_quantized_weights`: send weights in fewer bits (ZeRO++).
   * @default - DeepSpeed's false
   */
  readonly zeroQuantizedWeights?: boolean;
  /**
   * `zero_quantized_nontrainable_weights`: keep frozen weights in fewer bits (ZeRO++).
   * @default - DeepSpeed's false
   */
  readonly zeroQuantizedNontrainableWeights?: boolean;
  /**
   * `zero_quantized_gradients`: send gradients in fewer bits (ZeRO++).
   * @default - DeepSpeed's false
   */
  readonly zeroQuantizedGradients?: boolean;
  /**
   * `buffer_count` of `offload_param`.
   * @default - DeepSpeed's 5
   */
  readonly offloadParamBufferCount?: number;
  /**
   * `buffer_size` of `offload_param`, in elements.
   * @default - DeepSpeed's 1e8
   */
  readonly offloadParamBufferSize?: number;
  /**
   * `max_in_cpu` of `offload_param`, in elements.
   * @default - DeepSpeed's 1e9
   */
  readonly offloadParamMaxInCpu?: number;
  /**
   * `buffer_count` of `offload_optimizer`.
   * @default - DeepSpeed's 4
   */
  readonly offloadOptimizerBufferCount?: number;
  /**
   * `ratio` of `offload_optimizer`: the share of the optimizer's step done on the CPU, 0 to 1.
   * @default - DeepSpeed's 1
   */
  readonly offloadOptimizerRatio?: number;
}
