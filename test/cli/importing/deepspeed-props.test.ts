import { zero3Props } from '../../../src/cli/importing/deepspeed-props';
import { zero3Config } from '../../../src/deepspeed/zero3-config';

const ALL = {
  offloadOptimizer: true,
  offloadParam: true,
  pinMemory: false,
  optimizer: 'Adam',
  fp16: { lossScale: 128, hysteresis: 4 },
  overlapComm: false,
  contiguousGradients: false,
  subGroupSize: 1e8,
  reduceBucketSize: 2e8,
  stage3PrefetchBucketSize: 1e7,
  stage3ParamPersistenceThreshold: 1e5,
  stage3ModelPersistenceThreshold: 1e6,
  stage3MaxLiveParameters: 1e8,
  stage3Gather16bitWeightsOnModelSave: false,
  zeroHpzPartitionSize: 4,
  offloadParamBufferCount: 6,
  offloadParamMaxInCpu: 1e8,
  offloadOptimizerRatio: 0.5,
};

test('a JSON that the construct wrote becomes the same props, and nothing differs', () => {
  const imported = zero3Props(zero3Config(ALL));
  expect(imported?.props).toEqual(ALL);
  expect(imported?.differences).toEqual([]);
});

test('the construct’s own defaults become no props', () => {
  expect(zero3Props(zero3Config({}))?.props).toEqual({});
});

test('a JSON without an optimizer stays without', () => {
  expect(zero3Props({ zero_optimization: { stage: 3 } })?.props).toEqual({ optimizer: '' });
});

test.each([
  ['offload to a disk', { offload_param: { device: 'nvme', nvme_path: '/x' } }, 'zero_optimization.offload_param'],
  ['an option of another stage', { round_robin_gradients: true }, 'zero_optimization.round_robin_gradients'],
  ['text for a number', { sub_group_size: 'auto' }, 'zero_optimization.sub_group_size'],
])('what the construct has no prop for is a difference: %s', (_, zero, key) => {
  const imported = zero3Props({ zero_optimization: { stage: 3, ...zero } });
  expect(imported?.differences.map((difference) => difference.key)).toContain(key);
});

test('a scheduler and fixed numbers of the optimizer are differences', () => {
  const imported = zero3Props({
    optimizer: { type: 'AdamW', params: { lr: 1e-5 } },
    scheduler: { type: 'WarmupLR' },
    zero_optimization: { stage: 3 },
  });
  expect(imported?.differences.map(({ key }) => key)).toEqual(
    expect.arrayContaining(['optimizer.params.lr', 'scheduler']),
  );
});

test.each([{}, { zero_optimization: { stage: 2 } }, { zero_optimization: { stage: '3' } }, { zero_optimization: 3 }])(
  'what is not stage 3 is none: %j',
  (json) => {
    expect(zero3Props(json)).toBeUndefined();
  },
);
