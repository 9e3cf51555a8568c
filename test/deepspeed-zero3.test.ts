import { DeepSpeedZero3, type DeepSpeedZero3Props } from '../src';
import { isMapping, type Mapping } from '../src/run/run';
import { chartOf, deepspeedOf, manifestsOf, mathDataset, mathRun } from './synthesis';

/** The JSON that props are written to. */
function jsonOf(props?: DeepSpeedZero3Props): Mapping {
  const { app, chart } = chartOf();
  new DeepSpeedZero3(chart, 'zero3', props);
  return deepspeedOf(manifestsOf(app));
}

/** The value at a dotted path. */
function at(path: string, json: Mapping): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isMapping(value) ? value[key] : undefined), json);
}

test('without props it is the seed’s stage 3, without offload', () => {
  expect(jsonOf()).toEqual({
    train_batch_size: 'auto',
    train_micro_batch_size_per_gpu: 'auto',
    gradient_accumulation_steps: 'auto',
    gradient_clipping: 'auto',
    fp16: {
      enabled: 'auto',
      loss_scale: 0,
      initial_scale_power: 16,
      loss_scale_window: 1000,
      hysteresis: 2,
      min_loss_scale: 1,
    },
    bf16: { enabled: 'auto' },
    optimizer: { type: 'AdamW', params: { lr: 'auto', betas: 'auto', eps: 'auto', weight_decay: 'auto' } },
    zero_optimization: {
      stage: 3,
      overlap_comm: true,
      contiguous_gradients: true,
      sub_group_size: 1e9,
      reduce_bucket_size: 'auto',
      stage3_prefetch_bucket_size: 'auto',
      stage3_param_persistence_threshold: 'auto',
      stage3_max_live_parameters: 1e9,
      stage3_max_reuse_distance: 1e9,
      stage3_gather_16bit_weights_on_model_save: true,
    },
  });
});

const ZERO = 'zero_optimization';

/** Every prop, a value that isn't its default, and where it is written. */
const PROPS: Readonly<Record<keyof DeepSpeedZero3Props, readonly [DeepSpeedZero3Props, string, unknown]>> = {
  offloadOptimizer: [{ offloadOptimizer: true }, `${ZERO}.offload_optimizer.device`, 'cpu'],
  offloadParam: [{ offloadParam: true }, `${ZERO}.offload_param.device`, 'cpu'],
  pinMemory: [{ offloadParam: true, pinMemory: false }, `${ZERO}.offload_param.pin_memory`, false],
  optimizer: [{ optimizer: 'Adam' }, 'optimizer.type', 'Adam'],
  fp16: [{ fp16: { lossScale: 128 } }, 'fp16.loss_scale', 128],
  overlapComm: [{ overlapComm: false }, `${ZERO}.overlap_comm`, false],
  contiguousGradients: [{ contiguousGradients: false }, `${ZERO}.contiguous_gradients`, false],
  subGroupSize: [{ subGroupSize: 1e8 }, `${ZERO}.sub_group_size`, 1e8],
  reduceBucketSize: [{ reduceBucketSize: 5e8 }, `${ZERO}.reduce_bucket_size`, 5e8],
  stage3PrefetchBucketSize: [{ stage3PrefetchBucketSize: 1 }, `${ZERO}.stage3_prefetch_bucket_size`, 1],
  stage3ParamPersistenceThreshold: [
    { stage3ParamPersistenceThreshold: 2 },
    `${ZERO}.stage3_param_persistence_threshold`,
    2,
  ],
  stage3ModelPersistenceThreshold: [
    { stage3ModelPersistenceThreshold: 3 },
    `${ZERO}.stage3_model_persistence_threshold`,
    3,
  ],
  stage3MaxLiveParameters: [{ stage3MaxLiveParameters: 4 }, `${ZERO}.stage3_max_live_parameters`, 4],
  stage3MaxReuseDistance: [{ stage3MaxReuseDistance: 5 }, `${ZERO}.stage3_max_reuse_distance`, 5],
  stage3Gather16bitWeightsOnModelSave: [
    { stage3Gather16bitWeightsOnModelSave: false },
    `${ZERO}.stage3_gather_16bit_weights_on_model_save`,
    false,
  ],
  stage3ModuleGranularityThreshold: [
    { stage3ModuleGranularityThreshold: 6 },
    `${ZERO}.stage3_module_granularity_threshold`,
    6,
  ],
  stage3UseAllReduceForFetchParams: [
    { stage3UseAllReduceForFetchParams: true },
    `${ZERO}.stage3_use_all_reduce_for_fetch_params`,
    true,
  ],
  memoryEfficientLinear: [{ memoryEfficientLinear: false }, `${ZERO}.memory_efficient_linear`, false],
  pipelineLoadingCheckpoint: [{ pipelineLoadingCheckpoint: true }, `${ZERO}.pipeline_loading_checkpoint`, true],
  overrideModuleApply: [{ overrideModuleApply: false }, `${ZERO}.override_module_apply`, false],
  logTraceCacheWarnings: [{ logTraceCacheWarnings: true }, `${ZERO}.log_trace_cache_warnings`, true],
  zeroHpzPartitionSize: [{ zeroHpzPartitionSize: 4 }, `${ZERO}.zero_hpz_partition_size`, 4],
  zeroQuantizedWeights: [{ zeroQuantizedWeights: true }, `${ZERO}.zero_quantized_weights`, true],
  zeroQuantizedNontrainableWeights: [
    { zeroQuantizedNontrainableWeights: true },
    `${ZERO}.zero_quantized_nontrainable_weights`,
    true,
  ],
  zeroQuantizedGradients: [{ zeroQuantizedGradients: true }, `${ZERO}.zero_quantized_gradients`, true],
  offloadParamBufferCount: [
    { offloadParam: true, offloadParamBufferCount: 6 },
    `${ZERO}.offload_param.buffer_count`,
    6,
  ],
  offloadParamBufferSize: [{ offloadParam: true, offloadParamBufferSize: 7 }, `${ZERO}.offload_param.buffer_size`, 7],
  offloadParamMaxInCpu: [{ offloadParam: true, offloadParamMaxInCpu: 8 }, `${ZERO}.offload_param.max_in_cpu`, 8],
  offloadOptimizerBufferCount: [
    { offloadOptimizer: true, offloadOptimizerBufferCount: 9 },
    `${ZERO}.offload_optimizer.buffer_count`,
    9,
  ],
  offloadOptimizerRatio: [
    { offloadOptimizer: true, offloadOptimizerRatio: 0.3 },
    `${ZERO}.offload_optimizer.ratio`,
    0.3,
  ],
};

test.each(Object.entries(PROPS))('%s is written, in DeepSpeed’s spelling', (prop, [props, path, value]) => {
  expect(props).toHaveProperty(prop);
  expect(at(path, jsonOf())).not.toEqual(value);
  expect(at(path, jsonOf(props))).toEqual(value);
});

test.each([
  ['initialScalePower', 'initial_scale_power', 20],
  ['lossScaleWindow', 'loss_scale_window', 500],
  ['hysteresis', 'hysteresis', 4],
  ['minLossScale', 'min_loss_scale', 2],
])('%s of the loss scaling is written', (prop, key, value) => {
  expect(at(`fp16.${key}`, jsonOf({ fp16: { [prop]: value } }))).toBe(value);
});

test('an empty optimizer leaves the section out', () => {
  expect(jsonOf({ optimizer: '' })).not.toHaveProperty('optimizer');
});

test('the ConfigMap is named by its content', () => {
  const nameOf = (props: DeepSpeedZero3Props) => new DeepSpeedZero3(chartOf().chart, 'zero3', props).configMapName;
  expect(nameOf({})).toMatch(/^finetune-zero3-[0-9a-f]{10}$/);
  expect(nameOf({ overlapComm: true })).toBe(nameOf({}));
  expect(nameOf({ overlapComm: false })).not.toBe(nameOf({}));
});

test('two runs share one config', () => {
  const { app, chart } = chartOf();
  const deepspeed = new DeepSpeedZero3(chart, 'zero3', { offloadOptimizer: true, offloadParam: true });
  const dataset = mathDataset(chart);
  mathRun(chart, { deepspeed, dataset }, 'a');
  mathRun(chart, { deepspeed, dataset }, 'b');
  expect(manifestsOf(app).configMaps.filter(({ data }) => data?.['ds_config_zero3.json'])).toHaveLength(1);
});
