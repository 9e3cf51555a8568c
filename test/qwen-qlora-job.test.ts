import { DeepSpeedZero3, Gpu, ModelCache, NodePool, QwenModel, SavesVolume, Strategy } from '../src';
import { findingsOf } from '../src/tree/findings';
import {
  chartOf,
  containerOf,
  deepspeedOf,
  jobOf,
  manifestsOf,
  mathDataset,
  mathRun,
  trainConfigOf,
} from './synthesis';

const written = (props: Parameters<typeof mathRun>[1] = {}) => {
  const { app, chart } = chartOf();
  const job = mathRun(chart, props);
  return { app, chart, job, manifests: manifestsOf(app) };
};
const configOf = (props: Parameters<typeof mathRun>[1]) => trainConfigOf(written(props).manifests);

test('with nothing but a data set it is the seed’s run: Qwen3-14B in 4 bits on four T10, effective batch 32', () => {
  const { manifests } = written();
  expect(trainConfigOf(manifests)).toEqual(
    expect.objectContaining({
      model_name_or_path: '/models/modelscope/Qwen/Qwen3-14B/master',
      quantization_bit: 4,
      quantization_method: 'bnb',
      finetuning_type: 'lora',
      lora_rank: 16,
      cutoff_len: 2048,
      per_device_train_batch_size: 2,
      gradient_accumulation_steps: 4,
      num_train_epochs: 20,
    }),
  );
  expect(containerOf(jobOf(manifests, 'train')).resources?.limits?.['nvidia.com/gpu']).toBe('4');
});

test('it raises no error and no warning of its own', () => {
  const { app, chart } = chartOf();
  mathRun(chart);
  expect(findingsOf(app).filter(({ severity }) => severity !== 'advice')).toEqual([]);
});

test('it makes a model cache and a saves volume of its own', () => {
  const { job, manifests } = written();
  expect(
    manifests.claims.map(({ metadata, spec }) => [metadata?.name, spec?.resources?.requests?.['storage']]),
  ).toEqual([
    ['finetune-math-models', '60Gi'],
    ['finetune-math-saves', '20Gi'],
  ]);
  expect(job.savesClaimName).toBe('finetune-math-saves');
});

test('it offloads weights and optimizer', () => {
  expect(deepspeedOf(written().manifests)['zero_optimization']).toEqual(
    expect.objectContaining({
      stage: 3,
      offload_optimizer: { device: 'cpu', pin_memory: true },
      offload_param: { device: 'cpu', pin_memory: true },
    }),
  );
});

test('what it is called and where it writes is that of its run', () => {
  const { job } = written();
  expect([job.jobName, job.runDigest, job.outputDirectory, job.savesClaimName]).toEqual([
    job.job.jobName,
    job.job.runDigest,
    job.job.outputDirectory,
    job.job.savesClaimName,
  ]);
});

test('its names don’t show that the run is a construct of its own inside', () => {
  expect(written().job.jobName).toMatch(/^finetune-math-[0-9a-f]{10}$/);
});

test('model, nodes, cache, saves and DeepSpeed config are those given', () => {
  const { app, chart } = chartOf();
  const deepspeed = new DeepSpeedZero3(chart, 'zero3', {
    offloadParam: true,
    offloadOptimizer: true,
    pinMemory: false,
  });
  mathRun(chart, {
    model: QwenModel.QWEN3_8B,
    nodePool: NodePool.of(Gpu.A10, { gpus: 2 }),
    modelCache: new ModelCache(chart, 'cache'),
    saves: new SavesVolume(chart, 'out'),
    deepspeed,
  });
  const manifests = manifestsOf(app);
  expect(trainConfigOf(manifests)['model_name_or_path']).toContain('Qwen3-8B');
  expect(containerOf(jobOf(manifests, 'train')).resources?.limits?.['nvidia.com/gpu']).toBe('2');
  expect(manifests.claims.map(({ metadata }) => metadata?.name)).toEqual(['finetune-cache', 'finetune-out']);
  expect(JSON.stringify(deepspeedOf(manifests))).toContain('"pin_memory":false');
});

test('an argument given takes the place of the preset’s', () => {
  expect(configOf({ train: { loraRank: 64 } })).toEqual(
    expect.objectContaining({ lora_rank: 64, lora_alpha: 32, learning_rate: 3e-5 }),
  );
});

test('an argument that stands there undefined leaves the preset’s', () => {
  expect(configOf({ train: { loraRank: undefined } })['lora_rank']).toBe(16);
});

test('the strategy is ZeRO-3 with offload when it is said, too', () => {
  expect(configOf({ strategy: Strategy.ZERO3_OFFLOAD })['deepspeed']).toBe('/etc/deepspeed/ds_config_zero3.json');
});

test('with DDP there is no DeepSpeed, and the effective batch stays', () => {
  const { manifests } = written({ strategy: Strategy.DDP });
  const config = trainConfigOf(manifests);
  expect(config).not.toHaveProperty('deepspeed');
  expect(config).toEqual(
    expect.objectContaining({
      cutoff_len: 1536,
      per_device_train_batch_size: 1,
      gradient_accumulation_steps: 8,
      per_device_eval_batch_size: 1,
    }),
  );
  expect(manifests.configMaps.filter(({ data }) => data?.['ds_config_zero3.json'])).toEqual([]);
});

test('an argument given wins over that of the strategy', () => {
  expect(configOf({ strategy: Strategy.DDP, train: { cutoffLen: 1024 } })['cutoff_len']).toBe(1024);
});

test('with data to evaluate on, none of the training data is held back', () => {
  const { app, chart } = chartOf();
  mathRun(chart, { evaluationDataset: mathDataset(chart, { name: 'test' }, 'test') });
  const config = trainConfigOf(manifestsOf(app));
  expect(config).toEqual(expect.objectContaining({ eval_dataset: 'test' }));
  expect(config).not.toHaveProperty('val_size');
});

test('checkpointing that is turned off is not turned on again by the preset', () => {
  expect(configOf({})['gradient_checkpointing']).toBe(true);
  const off = configOf({ gpus: 1, train: { disableGradientCheckpointing: true, cutoffLen: 256 } });
  expect(off).toEqual(expect.objectContaining({ disable_gradient_checkpointing: true }));
  expect(off).not.toHaveProperty('gradient_checkpointing');
});

test('without, a tenth is', () => {
  expect(configOf({})['val_size']).toBe(0.1);
});
