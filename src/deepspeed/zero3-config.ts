import type { Mapping } from '../run/run';
import { renderZero3 } from './zero3';
import type { DeepSpeedZero3Props } from './zero3-props';

/** A DeepSpeed config and the file it stands in. */
export interface DeepSpeedFile {
  readonly file: string;
  readonly config: Mapping;
}

/** DeepSpeed's JSON for the props of the construct, as the file that stands in the pod. */
export function zero3File(props: DeepSpeedZero3Props): DeepSpeedFile {
  return { file: 'ds_config_zero3.json', config: zero3Config(props) };
}

/** DeepSpeed's JSON for the props of the construct, defaults filled in. */
export function zero3Config(props: DeepSpeedZero3Props): Mapping {
  const fp16 = props.fp16 ?? {};
  return renderZero3({
    offloadOptimizer: props.offloadOptimizer ?? false,
    offloadParam: props.offloadParam ?? false,
    pinMemory: props.pinMemory ?? true,
    optimizer: props.optimizer === '' ? undefined : (props.optimizer ?? 'AdamW'),
    fp16: {
      loss_scale: fp16.lossScale ?? 0,
      initial_scale_power: fp16.initialScalePower ?? 16,
      loss_scale_window: fp16.lossScaleWindow ?? 1000,
      hysteresis: fp16.hysteresis ?? 2,
      min_loss_scale: fp16.minLossScale ?? 1,
    },
    zero: {
      overlap_comm: props.overlapComm ?? true,
      contiguous_gradients: props.contiguousGradients ?? true,
      sub_group_size: props.subGroupSize ?? 1e9,
      reduce_bucket_size: props.reduceBucketSize ?? 'auto',
      stage3_prefetch_bucket_size: props.stage3PrefetchBucketSize ?? 'auto',
      stage3_param_persistence_threshold: props.stage3ParamPersistenceThreshold ?? 'auto',
      stage3_model_persistence_threshold: props.stage3ModelPersistenceThreshold,
      stage3_max_live_parameters: props.stage3MaxLiveParameters ?? 1e9,
      stage3_max_reuse_distance: props.stage3MaxReuseDistance ?? 1e9,
      stage3_gather_16bit_weights_on_model_save: props.stage3Gather16bitWeightsOnModelSave ?? true,
      stage3_module_granularity_threshold: props.stage3ModuleGranularityThreshold,
      stage3_use_all_reduce_for_fetch_params: props.stage3UseAllReduceForFetchParams,
      memory_efficient_linear: props.memoryEfficientLinear,
      pipeline_loading_checkpoint: props.pipelineLoadingCheckpoint,
      override_module_apply: props.overrideModuleApply,
      log_trace_cache_warnings: props.logTraceCacheWarnings,
      zero_hpz_partition_size: props.zeroHpzPartitionSize,
      zero_quantized_weights: props.zeroQuantizedWeights,
      zero_quantized_nontrainable_weights: props.zeroQuantizedNontrainableWeights,
      zero_quantized_gradients: props.zeroQuantizedGradients,
    },
    offloadParamOptions: {
      buffer_count: props.offloadParamBufferCount,
      buffer_size: props.offloadParamBufferSize,
      max_in_cpu: props.offloadParamMaxInCpu,
    },
    offloadOptimizerOptions: {
      buffer_count: props.offloadOptimizerBufferCount,
      ratio: props.offloadOptimizerRatio,
    },
  });
}
