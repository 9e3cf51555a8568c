import { App, Chart, Size } from 'cdk8s';
import {
  DatasetFormat,
  DatasetVolume,
  Gpu,
  NodePool,
  QwenModel,
  QwenQLoRAJob,
  type QwenQLoRAJobProps,
  Strategy,
  TrainerImage,
} from '../../src';
import { MATH } from '../synthesis';
import {
  kubectl,
  lostFields,
  onlyNodes,
  pods,
  refusedPods,
  serverMinor,
  startAfresh,
  unfinished,
  until,
} from './cluster';
import type { Manifest } from './manifest';

const NAMESPACE = 'gpu-resources';
const SLICE = Gpu.custom({
  name: 'A100-2g.20gb',
  memory: Size.mebibytes(19968),
  computeCapability: 8.0,
  products: ['NVIDIA-A100-SXM4-80GB'],
});
const MI300X = Gpu.custom({
  name: 'MI300X',
  memory: Size.gibibytes(192),
  computeCapability: 9.4,
  products: ['AMD_Instinct_MI300X_OAM'],
});
const packages = { bitsandbytes: '0.50.2', deepspeed: '0.18.4', cudaToolkit: true };
const CUDA = TrainerImage.custom('registry.example.com/trainer:1', packages);
const ROCM = TrainerImage.custom('registry.example.com/trainer-rocm:1', { ...packages, rocm: '6.4' });

function objectsOf(nodePool: NodePool, props: Partial<QwenQLoRAJobProps> = {}): Manifest[] {
  const app = new App();
  const chart = new Chart(app, 'finetune', { namespace: NAMESPACE });
  const dataset = DatasetVolume.fromFile(chart, 'data', {
    path: MATH,
    name: 'math_train',
    formatting: DatasetFormat.SHAREGPT,
  });
  const usual = { dataset, model: QwenModel.QWEN3_0_6B, nodePool, strategy: Strategy.DDP, image: CUDA };
  new QwenQLoRAJob(chart, 'math', { ...usual, ...props });
  return app.charts.flatMap((each) => each.toJson() as Manifest[]);
}

const apply = (objects: readonly Manifest[]) =>
  kubectl(['apply', '--server-side', '--validate=strict', '-f', '-'], objects);
/** The nodes of the pods that train. */
const nodesOfTraining = () =>
  pods([NAMESPACE])
    .filter(({ metadata }) => metadata?.labels?.['app.kubernetes.io/component'] === 'train')
    .map(({ spec }) => spec?.nodeName);

describe.each([
  { of: 'a MIG slice', pool: NodePool.of(SLICE, { resource: 'nvidia.com/mig-2g.20gb' }), node: 'mig-0' },
  { of: 'a share', pool: NodePool.of(Gpu.T10, { resource: 'nvidia.com/gpu.shared' }), node: 'renamed-0' },
  {
    of: 'a share under the name of whole cards',
    pool: NodePool.of(
      Gpu.custom({ name: 'T10', memory: Size.gibibytes(16), computeCapability: 7.5, products: ['Tesla-T10-SHARED'] }),
    ),
    node: 'shared-0',
  },
  { of: 'AMD cards', pool: NodePool.of(MI300X, { resource: 'amd.com/gpu', gpus: 8 }), node: 'amd-0', image: ROCM },
])('a run on $of', ({ pool, node, image }) => {
  const objects = objectsOf(pool, { image });

  beforeAll(() => {
    onlyNodes(['gpu-0', 'shared-0', 'mig-0', 'renamed-0', 'amd-0']);
    startAfresh(objects);
  });

  test('is taken without a warning, and its pods are admitted', () => {
    expect(apply(objects)).toMatchObject({ status: 0, stderr: '' });
    expect(refusedPods(objects)).toEqual([]);
  });

  test('trains where such cards are', async () => {
    expect(await unfinished([NAMESPACE])).toEqual([]);
    expect(nodesOfTraining()).toEqual([node]);
    expect(lostFields(objects)).toEqual([]);
  });
});

/** The device class of NVIDIA's driver, and four devices that it would publish. */
const DRIVER = [
  {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'DeviceClass',
    metadata: { name: 'gpu.nvidia.com' },
    spec: { selectors: [{ cel: { expression: "device.driver == 'gpu.nvidia.com'" } }] },
  },
  {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceSlice',
    metadata: { name: 'claimed-0-gpu.nvidia.com' },
    spec: {
      driver: 'gpu.nvidia.com',
      nodeName: 'claimed-0',
      pool: { name: 'claimed-0', generation: 1, resourceSliceCount: 1 },
      devices: [0, 1, 2, 3].map((i) => ({
        name: `gpu-${i}`,
        attributes: { type: { string: 'gpu' }, productName: { string: 'Tesla T10' } },
        capacity: { memory: { value: '16Gi' } },
      })),
    },
  },
];

describe('a run that claims its cards', () => {
  const pool = (claim: object) =>
    NodePool.anyNode(Gpu.T10, { deviceClaim: { deviceClassName: 'gpu.nvidia.com', ...claim } });
  const served = serverMinor() >= 34;
  const whereServed = served ? test : test.skip;

  beforeAll(() => {
    onlyNodes(['gpu-0', 'claimed-0']);
    if (served) expect(kubectl(['apply', '--server-side', '-f', '-'], DRIVER)).toMatchObject({ status: 0 });
  });

  const objects = objectsOf(pool({ products: ['Tesla T10'], memory: Size.gibibytes(16) }));

  test('is taken without a warning from 1.34 on; before, the API server knows no such claim', () => {
    startAfresh(objects.filter(({ kind }) => kind !== 'ResourceClaimTemplate'));
    const { status, stderr } = apply(objects);
    expect([status, stderr]).toEqual(served ? [0, ''] : [1, expect.stringContaining('resource.k8s.io/v1')]);
  });

  whereServed('trains on devices that fit', async () => {
    expect(await unfinished([NAMESPACE])).toEqual([]);
    expect(nodesOfTraining()).toEqual(['claimed-0']);
    expect(lostFields(objects)).toEqual([]);
  });

  whereServed.each([
    { of: 'another product', claim: { products: ['Tesla T4'] } },
    { of: 'more memory', claim: { memory: Size.gibibytes(17) } },
    { of: 'another expression', claim: { selectors: ["device.attributes['gpu.nvidia.com'].type == 'mig'"] } },
  ])('waits where the devices are of $of', async ({ claim }) => {
    const others = objectsOf(pool(claim));
    startAfresh(others);
    expect(apply(others)).toMatchObject({ status: 0, stderr: '' });
    const events = () => kubectl(['get', 'events', '-n', NAMESPACE, '-o', 'jsonpath={.items[*].message}']).stdout;
    await until('the scheduler says that no device fits', () => /cannot allocate all claims/.test(events()));
    expect(nodesOfTraining()).toEqual([undefined]);
  });
});
