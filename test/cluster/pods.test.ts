import { App, Chart } from 'cdk8s';
import { Secret } from 'cdk8s-plus-28';
import {
  CaBundle,
  CpuPool,
  DatasetFormat,
  DatasetVolume,
  DnsServer,
  Gate,
  Gpu,
  ModelCache,
  NetworkAccess,
  NodePool,
  QwenModel,
  QwenQLoRAJob,
  type QwenQLoRAJobProps,
  SavesVolume,
  Strategy,
} from '../../src';
import { MATH } from '../synthesis';
import { kubectl, lostFields, onlyNodes, pods, readBack, refusedPods, startAfresh, unfinished } from './cluster';
import type { Manifest } from './manifest';

const NAMESPACE = 'pods';

/** The objects of a run with a preflight on shared volumes, or on such as one node at a time can mount. */
function objectsOf(props: Partial<QwenQLoRAJobProps>, storage: object): Manifest[] {
  const app = new App();
  const chart = new Chart(app, 'finetune', { namespace: NAMESPACE });
  new QwenQLoRAJob(chart, 'math', {
    dataset: DatasetVolume.fromFile(chart, 'data', { path: MATH, formatting: DatasetFormat.SHAREGPT }),
    modelCache: new ModelCache(chart, 'models', storage),
    saves: new SavesVolume(chart, 'saves', storage),
    model: QwenModel.QWEN3_0_6B,
    nodePool: NodePool.of(Gpu.T10),
    strategy: Strategy.DDP,
    preflight: true,
    gate: Gate.waves(),
    ...props,
  });
  return app.charts.flatMap((each) => each.toJson() as Manifest[]);
}
const SHARED = { storageClassName: 'shared', readWriteMany: true };

/** The node of each pod without GPUs. */
const nodesOf = (): Array<[string | undefined, string | undefined]> =>
  pods([NAMESPACE])
    .map(({ metadata, spec }): [string | undefined, string | undefined] => [
      metadata?.labels?.['app.kubernetes.io/component'],
      spec?.nodeName,
    ])
    .filter(([component]) => component !== 'train')
    .sort();

const adapted = {
  priorityClassName: 'batch',
  env: { EXTRA: 'x' },
  labels: { 'example.com/tier': 'batch' },
  annotations: { 'example.com/note': 'two words' },
  nodePool: CpuPool.of({ labels: { 'kubernetes.io/hostname': 'cpu-0' }, tolerations: ['example.com/batch'] }),
};
const sidecar = { name: 'log', image: 'registry.example.com/log:1', restartPolicy: 'Always' };
const podTemplate = { spec: { initContainers: [sidecar] } };

describe.each<[string, Partial<QwenQLoRAJobProps>]>([
  [
    'pods of prepare and preflight that are adapted',
    {
      labels: { 'example.com/team': 'maths' },
      preparePod: { ...adapted, podTemplate },
      preflightPod: { ...adapted, podTemplate },
    },
  ],
  [
    'a proxy, private authorities, addresses and DNS servers, by IPv4 and IPv6',
    {
      train: { reportTo: 'wandb' },
      networkAccess: NetworkAccess.restricted([{ cidr: '2001:db8::/32', ports: [8443] }], {
        proxy: {
          url: 'http://192.0.2.9:3128',
          noProxy: ['.corp.example.com'],
          credentials: { secret: Secret.fromSecretName(new App(), 'proxy', 'proxy'), key: 'user' },
        },
        caBundle: CaBundle.fromConfigMap('company-ca', 'ca-bundle.crt'),
        dns: [
          DnsServer.kubeDns(),
          DnsServer.address('169.254.20.10'),
          DnsServer.address('fd00::a'),
          DnsServer.pods({ namespace: 'openshift-dns', labels: { dns: 'default' }, port: 5353 }),
        ],
        prepareDestinations: [{ cidr: '10.0.0.0/8', ports: [443, 3128] }],
      }),
    },
  ],
  ['policies as they are by default', {}],
])('a run with %s', (_, props) => {
  const objects = objectsOf(props, SHARED);

  beforeAll(() => {
    onlyNodes(['gpu-0', 'gpu-1', 'cpu-0']);
    startAfresh(objects);
  });

  test('is taken without a warning', () => {
    expect(kubectl(['apply', '-f', '-'], objects)).toMatchObject({ status: 0, stderr: '' });
  });

  test('has pods that a restricted namespace admits', () => {
    expect(refusedPods(objects)).toEqual([]);
  });

  test('completes', async () => {
    expect(await unfinished([NAMESPACE])).toEqual([]);
  });

  test('has its pods without GPUs on the node without GPUs', () => {
    expect(nodesOf()).toEqual([
      ['preflight', 'cpu-0'],
      ['prepare', 'cpu-0'],
    ]);
  });

  test('is stored with every field that was sent', () => {
    expect(lostFields(objects)).toEqual([]);
  });

  test('changes nothing when applied again', () => {
    const before = readBack(objects);
    kubectl(['apply', '-f', '-'], objects);
    expect(readBack(objects)).toEqual(before);
  });
});

test('pods of volumes on a disk of a node go to the nodes of the run, all to one', async () => {
  const objects = objectsOf({}, { storageClassName: 'local-path' });
  onlyNodes(['gpu-0', 'gpu-1', 'cpu-0']);
  startAfresh(objects);
  kubectl(['apply', '-f', '-'], objects);
  expect(await unfinished([NAMESPACE])).toEqual([]);
  const nodes = pods([NAMESPACE]).map(({ spec }) => spec?.nodeName);
  expect([new Set(nodes).size, nodes[0]]).toEqual([1, expect.stringMatching(/^gpu-/)]);
});

test('a prepare pod that is sent elsewhere binds such a volume there, and training never starts', async () => {
  const objects = objectsOf(
    { preflight: false, preparePod: { nodePool: CpuPool.of() } },
    { storageClassName: 'local-path' },
  );
  onlyNodes(['gpu-0', 'gpu-1', 'cpu-0']);
  startAfresh(objects);
  const isTraining = ({ spec }: Manifest) =>
    spec?.template?.metadata?.labels?.['app.kubernetes.io/component'] === 'train';
  kubectl(
    ['apply', '-f', '-'],
    objects.filter((object) => !isTraining(object)),
  );
  expect(await unfinished([NAMESPACE])).toEqual([]);
  kubectl(['apply', '-f', '-'], objects.filter(isTraining));
  expect((await unfinished([NAMESPACE], 10)).join('\n')).toMatch(/didn't match PersistentVolume's node affinity/);
});
