import { Duration, Size } from 'cdk8s';
import { Gpu, NodePool, type NodePoolOptions, QwenModel, type QwenQLoRAJobProps, TrainerImage } from '../../src';
import { findingsOf } from '../../src/tree/findings';
import { chartOf, containerOf, jobOf, manifestsOf, mathRun, only } from '../synthesis';

const SLICE = Gpu.custom({
  name: 'A100-1g.10gb',
  memory: Size.mebibytes(9728),
  computeCapability: 8.0,
  products: ['NVIDIA-A100-SXM4-80GB'],
});
const MI300X = Gpu.custom({ name: 'MI300X', memory: Size.gibibytes(192), computeCapability: 9.4 });
const ROCM = TrainerImage.custom('example/rocm:1', { rocm: '6.4', bitsandbytes: '0.49.0', deepspeed: '0.18.4' });
const OWN = new Set(['gpu-maker', 'gpu-parts-together', 'gpu-shared', 'gpu-smaller-than-planned', 'rocm-unproven']);

const chartWith = (card: Gpu, options: NodePoolOptions, props: Partial<QwenQLoRAJobProps> = {}) => {
  const made = chartOf();
  mathRun(made.chart, { nodePool: NodePool.anyNode(card, options), ...props });
  return made;
};
const said = (...[card, options, props]: Parameters<typeof chartWith>) =>
  findingsOf(chartWith(card, options, props).app)
    .filter(({ id }) => OWN.has(id))
    .map(({ id, severity, key }) => [id, severity, key]);

test('whole NVIDIA cards are nothing to speak of', () => {
  expect(said(Gpu.T10, {})).toEqual([]);
  expect(said(Gpu.T10, { resource: 'nvidia.com/gpu' })).toEqual([]);
});

test('a run takes one MIG slice unless more are asked for, and more can not train together', () => {
  expect(said(SLICE, { resource: 'nvidia.com/mig-1g.10gb', gpus: 7 })).toEqual([]);
  expect(said(SLICE, { resource: 'nvidia.com/mig-1g.10gb', gpus: 7 }, { gpus: 2 })).toEqual([
    ['gpu-parts-together', 'error', 'gpus'],
  ]);
});

test('the trainer asks for the resource by its name, and its nodes’ taint is tolerated', () => {
  const { app } = chartWith(SLICE, { resource: 'nvidia.com/mig-1g.10gb' }, { model: QwenModel.QWEN3_0_6B });
  const job = jobOf(manifestsOf(app), 'train');
  expect(containerOf(job).resources?.limits).toEqual(expect.objectContaining({ 'nvidia.com/mig-1g.10gb': '1' }));
  expect(containerOf(job).resources?.limits).not.toHaveProperty(['nvidia.com/gpu']);
  expect(job.spec?.template.spec?.tolerations?.map(({ key }) => key)).toEqual([
    'nvidia.com/gpu',
    'nvidia.com/mig-1g.10gb',
  ]);
});

test('a slice is smaller than its card', () => {
  expect(said(Gpu.A100_80GB, { resource: 'nvidia.com/mig-1g.10gb' })).toEqual([
    ['gpu-smaller-than-planned', 'error', 'nodePool'],
  ]);
});

test('under the strategy single it is the card’s label that says that it is a slice', () => {
  const single = (memory: Size) =>
    Gpu.custom({ name: 'X', memory, computeCapability: 8, products: ['NVIDIA-A100-SXM4-80GB-MIG-1g.10gb'] });
  const pool = (memory: Size) => ({ nodePool: NodePool.of(single(memory)), gpus: 2 });
  expect(said(Gpu.T10, {}, pool(Size.gibibytes(80)))).toEqual([
    ['gpu-parts-together', 'error', 'gpus'],
    ['gpu-smaller-than-planned', 'error', 'nodePool'],
  ]);
});

test('shares have no memory of their own, and two of them can be one card', () => {
  expect(said(Gpu.T10, { resource: 'nvidia.com/gpu.shared' })).toEqual([
    ['gpu-shared', 'warning', 'nodePool.resource'],
  ]);
  expect(said(Gpu.T10, { resource: 'nvidia.com/gpu.shared' }, { gpus: 2 })).toEqual([
    ['gpu-parts-together', 'error', 'gpus'],
    ['gpu-shared', 'warning', 'nodePool.resource'],
  ]);
});

test('AMD cards need an image for ROCm with its own bitsandbytes, and nothing that asks nvidia-smi', () => {
  expect(said(MI300X, { resource: 'amd.com/gpu' }, { gpuMonitor: Duration.seconds(30) })).toEqual([
    ['gpu-maker', 'error', 'image'],
    ['gpu-maker', 'error', 'image'],
    ['gpu-maker', 'error', 'gpuMonitor'],
    ['rocm-unproven', 'warning', 'nodePool'],
  ]);
  expect(said(MI300X, { resource: 'amd.com/gpu' }, { image: ROCM })).toEqual([
    ['rocm-unproven', 'warning', 'nodePool'],
  ]);
});

test('an image for ROCm sees no NVIDIA card', () => {
  expect(said(Gpu.T10, {}, { image: ROCM })).toEqual([['gpu-maker', 'error', 'image']]);
});

test('a claim with too little memory can get a smaller card than was planned', () => {
  const claim = (memory: Size) => ({ deviceClaim: { deviceClassName: 'gpu.nvidia.com', memory } });
  expect(said(Gpu.A100_80GB, claim(Size.gibibytes(40)))).toEqual([['gpu-smaller-than-planned', 'error', 'nodePool']]);
  expect(said(Gpu.A100_80GB, claim(Size.gibibytes(79)))).toEqual([]);
});

test('GPUs that are claimed come from a template of the run’s, which its pod and trainer name', () => {
  const { app } = chartWith(Gpu.T10, { deviceClaim: { deviceClassName: 'gpu.nvidia.com', products: ['Tesla T10'] } });
  const manifests = manifestsOf(app);
  const template = only(manifests.all.filter(({ kind }) => kind === 'ResourceClaimTemplate'));
  const job = jobOf(manifests, 'train');
  const { resources } = containerOf(job);
  expect(job.spec?.template.spec?.resourceClaims).toEqual([
    { name: 'gpus', resourceClaimTemplateName: template.metadata.name },
  ]);
  expect(resources?.claims).toEqual([{ name: 'gpus' }]);
  expect(Object.keys(resources?.limits ?? {})).toEqual(['cpu', 'ephemeral-storage', 'memory']);
  expect(jobOf(manifests, 'prepare').spec?.template.spec?.resourceClaims).toBeUndefined();
});

test('another claim is another template, since templates can not be changed', () => {
  const nameWith = (products: string[]) => {
    const { app } = chartWith(Gpu.T10, { deviceClaim: { deviceClassName: 'gpu.nvidia.com', products } });
    return only(manifestsOf(app).all.filter(({ kind }) => kind === 'ResourceClaimTemplate')).metadata.name;
  };
  expect(nameWith(['Tesla T10'])).toBe(nameWith(['Tesla T10']));
  expect(nameWith(['Tesla T10'])).not.toBe(nameWith(['Tesla T4']));
});

test('a resource can be none, count something else, or stand beside a claim', () => {
  const keys = (options: NodePoolOptions) =>
    NodePool.anyNode(Gpu.T10, options)._problems.map(({ id, key }) => [id, key]);
  expect(keys({ resource: 'gpu' })).toEqual([['invalid-name', 'NodePool.resource']]);
  expect(keys({ resource: 'kubernetes.io/gpu' })).toEqual([['invalid-name', 'NodePool.resource']]);
  expect(keys({ resource: 'nvidia.com/' })).toEqual([['invalid-name', 'NodePool.resource']]);
  expect(keys({ resource: 'aliyun.com/gpu-mem' })).toEqual([['invalid-node-pool', 'NodePool.resource']]);
  expect(keys({ resource: 'amd.com/gpu', deviceClaim: { deviceClassName: 'gpu.amd.com' } })).toEqual([
    ['contradictory-props', 'NodePool.deviceClaim'],
  ]);
  expect(keys({ deviceClaim: { deviceClassName: 'No Class' } })).toEqual([
    ['invalid-name', 'NodePool.deviceClaim.deviceClassName'],
  ]);
});
