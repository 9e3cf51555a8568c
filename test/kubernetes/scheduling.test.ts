import { requestOf } from '../../src/kubernetes/gpu-request';
import { CPU_NODES, evictionAnnotations, type Scheduling, schedulingFields } from '../../src/kubernetes/scheduling';

const scheduling = (changes: Partial<Scheduling> = {}): Scheduling => ({
  products: [],
  labels: {},
  tolerations: ['nvidia.com/gpu'],
  ...changes,
});
const near = { 'cdk8s-llamafactory/volume': 'models' };
const expressionsOf = (where: Scheduling, gpus = 4) =>
  schedulingFields(where, gpus, near).affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    ?.nodeSelectorTerms[0]?.matchExpressions;
const expressions = (gpus: number) => expressionsOf(scheduling({ products: ['Tesla-T10'] }), gpus);

test('a card is asked for by its label, whole cards only, and so many of them', () => {
  expect(expressions(4)).toEqual([
    { key: 'nvidia.com/gpu.product', operator: 'In', values: ['Tesla-T10'] },
    { key: 'nvidia.com/gpu.sharing-strategy', operator: 'NotIn', values: ['time-slicing', 'mps'] },
    { key: 'nvidia.com/gpu.count', operator: 'Gt', values: ['3'] },
  ]);
});

test('a CPU pod goes to the same nodes without counting their GPUs', () => {
  expect(expressions(0)?.map(({ key }) => key)).toStrictEqual([
    'nvidia.com/gpu.product',
    'nvidia.com/gpu.sharing-strategy',
  ]);
});

test('without a product any node is asked for but those that say they share cards: labels may be missing', () => {
  expect(expressionsOf(scheduling({ knownAs: ['Tesla-T10'] }))).toEqual([
    { key: 'nvidia.com/gpu.product', operator: 'NotIn', values: ['Tesla-T10-SHARED'] },
    { key: 'nvidia.com/gpu.sharing-strategy', operator: 'NotIn', values: ['time-slicing', 'mps'] },
  ]);
});

test('on ACK a card is asked for by its label there, whole cards only', () => {
  expect(expressionsOf(scheduling({ products: ['Tesla-T4'], labelledBy: 'ack' }))).toEqual([
    { key: 'aliyun.accelerator/nvidia_name', operator: 'In', values: ['Tesla-T4'] },
    { key: 'ack.node.gpu.schedule', operator: 'NotIn', values: ['cgpu', 'core_mem', 'share', 'mps', 'topology'] },
  ]);
});

test.each([
  {
    of: 'MIG slices',
    resource: 'nvidia.com/mig-1g.10gb',
    expected: [
      ['nvidia.com/gpu.product', 'In', ['X']],
      ['nvidia.com/gpu.sharing-strategy', 'NotIn', ['time-slicing', 'mps']],
      ['nvidia.com/mig-1g.10gb.count', 'Gt', ['0']],
    ],
  },
  {
    of: 'shares',
    resource: 'nvidia.com/gpu.shared',
    expected: [['nvidia.com/gpu.product', 'In', ['X', 'X-SHARED']]],
  },
  { of: 'AMD cards', resource: 'amd.com/gpu', expected: [['amd.com/gpu.product-name', 'In', ['X']]] },
])('nodes with $of are asked for by the labels that such nodes have', ({ resource, expected }) => {
  const found = expressionsOf(scheduling({ products: ['X'], request: requestOf(resource) }), 1);
  expect(found?.map(({ key, operator, values }) => [key, operator, values])).toEqual(expected);
});

test('a pool of shares without labels asks for no node in particular', () => {
  const where = scheduling({ knownAs: ['X'], request: requestOf('nvidia.com/gpu.shared') });
  expect(schedulingFields(where, 1, near).affinity?.nodeAffinity).toBeUndefined();
});

test('autoscalers are told to leave a pod for a time', () => {
  expect(evictionAnnotations(7200)).toEqual({
    'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
    'karpenter.sh/do-not-disrupt': '7200s',
  });
});

test('without a time they are told nothing', () => {
  expect(evictionAnnotations(undefined)).toEqual({});
});

test('pods that share a volume are drawn together, but need not be', () => {
  expect(schedulingFields(scheduling(), 4, near).affinity?.podAffinity).toEqual({
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: near } },
      },
    ],
  });
});

test('every taint named is tolerated, whatever its value', () => {
  expect(schedulingFields(scheduling({ tolerations: ['nvidia.com/gpu', 'team'] }), 4, near).tolerations).toEqual([
    { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'team', operator: 'Exists', effect: 'NoSchedule' },
  ]);
});

test('labels become the node selector', () => {
  expect(schedulingFields(scheduling({ labels: { zone: 'a' } }), 4, near).nodeSelector).toEqual({ zone: 'a' });
});

test('without labels there is no node selector', () => {
  expect(schedulingFields(scheduling(), 4, near)).not.toHaveProperty('nodeSelector');
});

test('the runtime class brings the GPUs into the training pod', () => {
  expect(schedulingFields(scheduling({ runtimeClassName: 'nvidia' }), 4, near).runtimeClassName).toBe('nvidia');
});

test('a CPU pod needs no runtime class', () => {
  expect(schedulingFields(scheduling({ runtimeClassName: 'nvidia' }), 0, near)).not.toHaveProperty('runtimeClassName');
});

test('without a runtime class the node has its own', () => {
  expect(schedulingFields(scheduling(), 4, near)).not.toHaveProperty('runtimeClassName');
});

test('a pod that avoids GPUs prefers nodes that no label says to have some, and must go to none', () => {
  const { affinity, tolerations } = schedulingFields(CPU_NODES, 0, undefined);
  expect(tolerations).toEqual([]);
  expect(affinity).toEqual({
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 50,
          preference: {
            matchExpressions: [
              { key: 'nvidia.com/gpu.present', operator: 'DoesNotExist' },
              { key: 'nvidia.com/gpu.product', operator: 'DoesNotExist' },
              { key: 'aliyun.accelerator/nvidia_name', operator: 'DoesNotExist' },
            ],
          },
        },
      ],
    },
  });
});
