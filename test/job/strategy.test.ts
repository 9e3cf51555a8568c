import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Size } from 'cdk8s';
import { DeepSpeedZero3, FineTuningJob, Gpu, NodePool, QwenModel, Strategy, TrainerImage } from '../../src';
import { temporaryFolder } from '../folder';
import {
  chartOf,
  configMapWith,
  findingsWith,
  jobOf,
  manifestsOf,
  mathDataset,
  mathRun,
  trainConfigOf,
} from '../synthesis';

const auto = (props: Parameters<typeof mathRun>[1] = {}) => {
  const { app, chart } = chartOf();
  const job = mathRun(chart, { strategy: Strategy.AUTO, ...props });
  return { app, chart, job };
};
const configOf = (props: Parameters<typeof mathRun>[1] = {}) => trainConfigOf(manifestsOf(auto(props).app));
const A10 = NodePool.of(Gpu.A10);

test('on T10 the samples of the data, which are short, are trained on without offload', () => {
  const config = configOf();
  expect(config).toEqual(expect.objectContaining({ per_device_train_batch_size: 8, gradient_accumulation_steps: 1 }));
  expect(config).not.toHaveProperty('deepspeed');
});

describe('samples that fill their sequences', () => {
  const folder = temporaryFolder();
  const fullRun = (props: Parameters<typeof mathRun>[1] = {}) => {
    const { app, chart } = chartOf();
    const turn = { role: 'user', content: 'one two three '.repeat(1000) };
    const rows = Array.from({ length: 20 }, () => ({ messages: [turn, { ...turn, role: 'assistant' }] }));
    const path = join(folder, 'full.json');
    writeFileSync(path, JSON.stringify(rows));
    const dataset = mathDataset(chart, { path });
    return { app, job: mathRun(chart, { strategy: Strategy.AUTO, dataset, ...props }) };
  };
  const full = (props: Parameters<typeof mathRun>[1] = {}) => manifestsOf(fullRun(props).app);
  const T10 = (gpus: number) => ({ nodePool: NodePool.of(Gpu.T10, { gpus }) });

  test('are packed on one T10, each alone, so that a quicker kernel takes them', () => {
    const config = trainConfigOf(full(T10(1)));
    expect(config).toEqual(expect.objectContaining({ per_device_train_batch_size: 1, neat_packing: true }));
    expect(config).not.toHaveProperty('deepspeed');
  });

  test('share out the optimizer on several: with the ZeRO-2 that was measured', () => {
    const manifests = full(T10(2));
    const config = trainConfigOf(manifests);
    expect(config).toEqual(
      expect.objectContaining({ deepspeed: '/etc/deepspeed/ds_config_zero2.json', neat_packing: true }),
    );
    const json = configMapWith(manifests, 'ds_config_zero2.json').data?.['ds_config_zero2.json'] ?? '';
    expect(JSON.parse(json)).toEqual(
      expect.objectContaining({ zero_optimization: expect.objectContaining({ stage: 2 }) as unknown }),
    );
  });

  test('are offloaded where the node has no memory for ZeRO-2', () => {
    const nodePool = NodePool.of(Gpu.T10, { gpus: 4, memory: Size.gibibytes(40) });
    expect(trainConfigOf(full({ nodePool }))['deepspeed']).toBe('/etc/deepspeed/ds_config_zero3.json');
  });

  test('go without DeepSpeed where the trainer refuses ZeRO-3', () => {
    const deepspeed = (predictWithGenerate: boolean) =>
      fullRun({ nodePool: NodePool.of(Gpu.T4, { gpus: 4 }), train: { predictWithGenerate } }).job.job.node.tryFindChild(
        'zero3',
      ) !== undefined;
    expect([deepspeed(false), deepspeed(true)]).toEqual([true, false]);
  });

  test('leave the length and the effective batch as they are', () => {
    const config = trainConfigOf(full(T10(2)));
    expect(config).toEqual(
      expect.objectContaining({ cutoff_len: 2048, per_device_train_batch_size: 1, gradient_accumulation_steps: 8 }),
    );
  });
});

test('on A10 it is DDP: no DeepSpeed config is made', () => {
  const { app } = auto({ nodePool: A10 });
  const manifests = manifestsOf(app);
  expect(trainConfigOf(manifests)).not.toHaveProperty('deepspeed');
  expect(manifests.configMaps.some(({ data }) => 'ds_config_zero3.json' in (data ?? {}))).toBe(false);
});

test('effective batch and length stay as train says', () => {
  const config = configOf({ nodePool: A10, train: { perDeviceTrainBatchSize: 6, gradientAccumulationSteps: 2 } });
  expect(Number(config['per_device_train_batch_size']) * Number(config['gradient_accumulation_steps'])).toBe(12);
  expect(config['cutoff_len']).toBe(2048);
});

test('the choice stands beside the batch in train_config.yaml, and in the plan', () => {
  const { app } = auto({ nodePool: A10 });
  const manifests = manifestsOf(app);
  const words =
    'Strategy.AUTO: ddp, 8 a GPU, accumulation 1; quickest of what fits a A10, as planned: sequences of 88 tokens at most need';
  expect(configMapWith(manifests, 'train_config.yaml').data?.['train_config.yaml']).toContain(
    `per_device_train_batch_size: 8 # ${words}`,
  );
  expect(jobOf(manifests, 'train').metadata?.annotations?.['cdk8s-llamafactory/plan']).toContain(words);
});

test('the run is the same run as one that says what was chosen', () => {
  const chosen = auto({ nodePool: A10 }).job.runDigest;
  const { chart } = chartOf();
  const train = {
    perDeviceTrainBatchSize: 8,
    gradientAccumulationSteps: 1,
    perDeviceEvalBatchSize: 2,
    cutoffLen: 2048,
  };
  expect(mathRun(chart, { nodePool: A10, strategy: Strategy.DDP, train }).runDigest).toBe(chosen);
});

test('it goes without offload where the image has no compiler', () => {
  const image = TrainerImage.custom('registry.example.com/lf:1', { deepspeed: '0.18.4', bitsandbytes: '0.49.2' });
  const { app } = auto({ image });
  expect(findingsWith(app, 'offload-needs-compiler')).toEqual([]);
});

test('a pool with too little memory for offload gets something else', () => {
  const { app } = auto({ nodePool: NodePool.of(Gpu.T10, { memory: Size.gibibytes(30) }) });
  expect(findingsWith(app, 'node-too-small')).toEqual([]);
});

test('if nothing fits, the error says so', () => {
  const { app } = auto({ model: QwenModel.QWEN2_5_72B });
  expect(findingsWith(app, 'gpu-memory').map(({ severity }) => severity)).toEqual(['error']);
});

test('a DeepSpeed config beside it is a contradiction', () => {
  const { app, chart } = chartOf();
  mathRun(chart, { strategy: Strategy.AUTO, deepspeed: new DeepSpeedZero3(chart, 'zero3') });
  expect(findingsWith(app, 'contradictory-props')).toEqual([
    expect.objectContaining({ path: 'finetune/math', key: 'strategy', got: 'strategy: Strategy.AUTO, deepspeed' }),
  ]);
});

describe('a run of one’s own', () => {
  const written = (strategy: Strategy) => {
    const { app, chart } = chartOf();
    new FineTuningJob(chart, 'math', {
      model: QwenModel.QWEN3_0_6B,
      nodePool: NodePool.of(Gpu.A10, { gpus: 2 }),
      dataset: mathDataset(chart),
      strategy,
      train: { stage: 'sft', doTrain: true, template: 'qwen3', finetuningType: 'lora', cutoffLen: 512 },
    });
    return trainConfigOf(manifestsOf(app));
  };

  test('may leave the choice too', () => {
    expect(written(Strategy.AUTO)).toEqual(
      expect.objectContaining({ per_device_train_batch_size: 8, cutoff_len: 512 }),
    );
  });

  test('may name the strategy in place of a DeepSpeed config', () => {
    expect(written(Strategy.ZERO3_OFFLOAD)).toHaveProperty('deepspeed');
    expect(written(Strategy.DDP)).not.toHaveProperty('deepspeed');
  });
});
