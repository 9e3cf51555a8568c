import { Duration } from 'cdk8s';
import type { Job } from 'kubernetes-types/batch/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { Gate, Gpu, NetworkAccess, NodePool, type QwenQLoRAJobProps } from '../../src';
import { exitClasses } from '../../src/kubernetes/failure-policy';
import { jobs, kubectl, lostFields, onlyNodes, pods, readBack, refusedPods, startAfresh, until, unfinished } from './cluster';
import type { Manifest } from './manifest';
import { filesOf, NAMESPACE, objectsOf, POOL } from './run-objects';

const apply = (objects: readonly Manifest[]) => kubectl(['apply', '-f', '-'], objects);

/** The training Job, or pods, of a run. */
const jobOf = (run: string): Job | undefined => jobs(NAMESPACE).find((job) => isOf(run, job));
const podsOf = (run: string): Pod[] => pods([NAMESPACE]).filter((pod) => isOf(run, pod));
const isOf = (run: string, { metadata }: Job | Pod): boolean =>
  metadata?.labels?.['app.kubernetes.io/component'] === 'train' &&
  metadata.labels['app.kubernetes.io/instance'] === `finetune-${run}`;
const ended = (job: Job | undefined) =>
  job?.status?.conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
/** Why a run's Job failed, once it has; `Complete` if it hasn't. */
const endOf = async (run: string): Promise<string | undefined> => {
  await until(`the Job of ${run} ends`, () => ended(jobOf(run)) !== undefined);
  const condition = ended(jobOf(run));
  return condition?.type === 'Complete' ? 'Complete' : condition?.reason;
};

describe.each<[string, Partial<QwenQLoRAJobProps>, string[]]>([
  ['a smoke run, a GPU monitor', { smoke: true, gpuMonitor: Duration.seconds(30) }, POOL],
  ['TensorBoard beside it', { tensorBoard: true }, POOL],
  ['preflight, in waves', { preflight: true, gate: Gate.waves() }, POOL],
  ['destinations in its network policy', { networkAccess: NetworkAccess.restricted([{ cidr: '10.0.0.0/8' }]) }, POOL],
  ['no network policy', { networkAccess: NetworkAccess.unrestricted() }, POOL],
  ['a priority class, kept from autoscalers', { priorityClassName: 'batch', evictionProtection: Duration.hours(2) }, POOL],
  ['the labels of ACK', { nodePool: NodePool.ack(Gpu.T10) }, ['ack-0', 'cpu-0']],
  [
    'a pod template of its own',
    {
      podTemplate: {
        metadata: { annotations: { 'example.com/note': 'two words' } },
        spec: {
          tolerations: [{ key: 'example.com/team', operator: 'Exists' }],
          volumes: [{ name: 'certificates', configMap: { name: 'kube-root-ca.crt' } }],
          initContainers: [
            {
              name: 'log',
              image: 'registry.example.com/log:1',
              restartPolicy: 'Always',
              resources: { limits: { cpu: '100m', memory: '64Mi' } },
            },
          ],
          containers: [{ name: 'trainer', volumeMounts: [{ name: 'certificates', mountPath: '/etc/company' }] }],
        },
      },
    },
    POOL,
  ],
])('a run with %s', (_, props, nodes) => {
  const objects = objectsOf({ math: props });

  beforeAll(() => {
    onlyNodes(nodes);
    startAfresh(objects);
  });

  test('is taken without a warning', () => {
    expect(apply(objects)).toMatchObject({ status: 0, stderr: '' });
  });

  test('has pods that a restricted namespace admits', () => {
    expect(refusedPods(objects)).toEqual([]);
  });

  test('completes', async () => {
    expect(await unfinished([NAMESPACE])).toEqual([]);
  });

  test('is stored with every field that was sent', () => {
    expect(lostFields(objects)).toEqual([]);
  });

  test('changes nothing when applied again', () => {
    const before = readBack(objects);
    apply(objects);
    expect(readBack(objects)).toEqual(before);
  });
});

test('no pod goes to a node that shares its cards, even where any node will do', async () => {
  const objects = objectsOf({ math: { nodePool: NodePool.anyNode(Gpu.T10) } });
  onlyNodes(['shared-0']);
  startAfresh(objects);
  apply(objects);
  expect((await unfinished([NAMESPACE], 10)).join('\n')).toMatch(/didn't match Pod's node affinity/);
});

describe('on the pool', () => {
  beforeAll(() => onlyNodes(POOL));

  test('with Gate.waves() the training pod is made when the Jobs of prepare and preflight are complete', async () => {
    const files = filesOf({ math: { preflight: true, gate: Gate.waves() } });
    startAfresh(Object.values(files).flat());
    apply([...(files['finetune-storage'] ?? []), ...(files['finetune'] ?? [])]);
    expect(podsOf('math')).toEqual([]);
    const wait = ['wait', '--for=condition=Complete', '--timeout=60s', '-n', NAMESPACE, 'job'];
    expect(kubectl([...wait, '-l', 'app.kubernetes.io/component in (prepare, preflight)']).status).toBe(0);
    expect(podsOf('math')).toEqual([]);
    expect(apply(files['finetune-train'] ?? [])).toMatchObject({ status: 0, stderr: '' });
    expect(await unfinished([NAMESPACE])).toEqual([]);
  });

  test('the runs of a sweep are found by what they differ in', () => {
    const rates = [1e-5, 3e-5, 1e-4];
    const objects = objectsOf(
      Object.fromEntries(rates.map((learningRate) => [`math-train-lr-${learningRate}`, { train: { learningRate } }])),
    );
    startAfresh(objects);
    expect(apply(objects)).toMatchObject({ status: 0, stderr: '' });
    const found = kubectl(['get', 'jobs', '-n', NAMESPACE, '-o', 'name', '-l', 'train.cdk8s-llamafactory/learning_rate=0.00003']);
    expect(found.stdout).toMatch(/^job\.batch\/\S*lr-0-00003-\S+\n$/);
  });

  describe('while a run is in flight', () => {
    const running = { annotations: { 'test/run-for': '60s' } };
    const objects = objectsOf({ math: running });
    let uid: string | undefined;

    beforeAll(async () => {
      startAfresh(objects);
      apply(objects);
      await until('the pod runs', () => podsOf('math')[0]?.status?.phase === 'Running');
      uid = podsOf('math')[0]?.metadata?.uid;
    });

    test.each([[[]], [['--server-side', '--force-conflicts']]])('applying it again with %j leaves its pod', (options) => {
      expect(kubectl(['apply', ...options, '-f', '-'], objects).status).toBe(0);
      expect(podsOf('math').map(({ metadata, status }) => [metadata?.uid, status?.phase])).toEqual([[uid, 'Running']]);
    });

    test('a changed learning rate is another run beside it, which goes on', async () => {
      apply(objectsOf({ math: { ...running, train: { learningRate: 1e-4 } } }));
      await until('the second pod runs', () => podsOf('math').filter(({ status }) => status?.phase === 'Running').length === 2);
      const found = podsOf('math');
      expect(found.map(({ metadata }) => metadata?.uid)).toContain(uid);
      expect(new Set(found.map(({ metadata }) => metadata?.labels?.['cdk8s-llamafactory/run'])).size).toBe(2);
    });

    test('a disrupted pod is replaced without using up a try', async () => {
      const [pod] = podsOf('math').filter(({ metadata }) => metadata?.uid === uid);
      const name = pod?.metadata?.name ?? '';
      const job = pod?.metadata?.labels?.['batch.kubernetes.io/job-name'];
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: NAMESPACE } };
      const path = `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`;
      expect(kubectl(['create', '--raw', path, '-f', '-'], eviction)).toMatchObject({ stderr: '' });
      const others = () =>
        podsOf('math').filter(
          ({ metadata }) => metadata?.labels?.['batch.kubernetes.io/job-name'] === job && metadata?.uid !== uid,
        );
      await until('another pod runs', () => others()[0]?.status?.phase === 'Running');
      const status = jobs(NAMESPACE).find(({ metadata }) => metadata?.name === job)?.status;
      expect([status?.failed ?? 0, ended({ status })]).toEqual([0, undefined]);
    });
  });

  // As the kubelet evicts a pod for more than its own share of the node's disk.
  test('a pod that is evicted for what it wrote itself counts as a try', async () => {
    const objects = objectsOf({ math: { annotations: { 'test/run-for': '60s' } } });
    startAfresh(objects);
    apply(objects);
    await until('the pod runs', () => podsOf('math')[0]?.status?.phase === 'Running');
    const status = JSON.stringify({ status: { phase: 'Failed', reason: 'Evicted' } });
    const name = podsOf('math')[0]?.metadata?.name ?? '';
    expect(kubectl(['patch', 'pod', name, '-n', NAMESPACE, '--subresource=status', '-p', status]).status).toBe(0);
    await until('it has failed', () => jobOf('math')?.status?.failed === 1);
  });

  describe('a pod that ends', () => {
    const classes = exitClasses();
    const name = (code: number) => `code-${code}`;
    const objects = objectsOf({
      ...Object.fromEntries(
        classes.map(({ code }) => [
          name(code),
          { backoffLimit: 0, annotations: { 'test/exit-code': String(code) } },
        ]),
      ),
      sidecar: { backoffLimit: 0, tensorBoard: true, annotations: { 'test/sidecar-exit-code': '143' } },
      init: { backoffLimit: 0, annotations: { 'test/init-exit-code': '1' } },
      unprepared: { backoffLimit: 3, annotations: { 'test/init-exit-code': '10' } },
      refused: { preflight: true, annotations: { 'test/init-exit-code': '10' } },
    });

    beforeAll(() => {
      startAfresh(objects);
      expect(apply(objects)).toMatchObject({ status: 0, stderr: '' });
    });

    test.each(classes)('by $code ($name) ends its Job as the rule says, retry: $retry', async ({ code, retry }) => {
      expect(await endOf(name(code))).toBe(retry ? 'BackoffLimitExceeded' : 'PodFailurePolicy');
    });

    test('well, with a sidecar that ends by 143, completes its Job', async () => {
      expect(await endOf('sidecar')).toBe('Complete');
    });

    test('by an init container that was disturbed counts as a try like any other', async () => {
      expect(await endOf('init')).toBe('BackoffLimitExceeded');
    });

    test.each([
      ['prepare', 'unprepared'],
      ['preflight', 'refused'],
    ])('by the init container that says that %s failed ends its Job at once', async (_, name) => {
      expect(await endOf(name)).toBe('PodFailurePolicy');
    });
  });
});
