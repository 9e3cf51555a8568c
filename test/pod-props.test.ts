import { ApiObject, JsonPatch } from 'cdk8s';
import { CpuPool, Gate, Gpu, ModelCache, NodePool, type QwenQLoRAJobProps, SavesVolume, TrainerImage } from '../src';
import { chartOf, containerOf, envOf, findingsWith, jobOf, manifestsOf, mathDataset, mathRun, only } from './synthesis';

const PODS = ['prepare', 'preflight'] as const;
const POOL = { nodePool: NodePool.of(Gpu.T10, { labels: { zone: 'a' } }) };

/** Runs with a preflight, on volumes of their own or shared ones. */
const written = (runs: Readonly<Record<string, Partial<QwenQLoRAJobProps>>>, readWriteMany = false) => {
  const { app, chart } = chartOf();
  const volumes = {
    dataset: mathDataset(chart),
    modelCache: new ModelCache(chart, 'models', { readWriteMany, labels: { owner: 'volumes', team: 'volumes' } }),
    saves: new SavesVolume(chart, 'saves', { readWriteMany }),
  };
  const props = { ...POOL, preflight: true, gate: Gate.waves() };
  for (const [id, each] of Object.entries(runs)) mathRun(chart, { ...volumes, ...props, ...each }, id);
  return app;
};
const podOf = (app: ReturnType<typeof written>, pod: string) => jobOf(manifestsOf(app), pod).spec?.template;

describe.each(PODS)('the pod of %s', (pod) => {
  const given = {
    env: { HF_HUB_DOWNLOAD_TIMEOUT: '60' },
    labels: { tier: 'batch' },
    annotations: { 'example.com/note': 'x' },
    priorityClassName: 'batch',
    schedulerName: 'volcano',
  };
  const app = written({ math: { [`${pod}Pod`]: given } });
  const job = jobOf(manifestsOf(app), pod);

  test('has the variables, labels, annotations, class and scheduler it is given', () => {
    expect(envOf(containerOf(job))).toMatchObject(given.env);
    expect(job.spec?.template).toMatchObject({
      metadata: { labels: given.labels, annotations: given.annotations },
      spec: { priorityClassName: 'batch', schedulerName: 'volcano' },
    });
    expect(job.metadata).toMatchObject({ labels: given.labels, annotations: given.annotations });
  });

  test('has its own label and annotation where the run has another, and the library’s where both have one', () => {
    const of = (value: string) => ({
      labels: { tier: value, 'app.kubernetes.io/component': value },
      annotations: { note: value },
    });
    const { metadata } = podOf(written({ math: { ...of('run'), [`${pod}Pod`]: of('own') } }), pod) ?? {};
    expect(metadata).toMatchObject({
      labels: { tier: 'own', 'app.kubernetes.io/component': pod },
      annotations: { note: 'own' },
    });
  });

  test('has none of them that the training pod is given, but its labels and annotations', () => {
    const { env, labels, annotations, ...alone } = given;
    const { metadata, spec } = podOf(written({ math: { ...alone, labels, annotations } }), pod) ?? {};
    expect(metadata).toMatchObject({ labels, annotations });
    expect(spec).not.toHaveProperty('priorityClassName');
    expect(spec).not.toHaveProperty('schedulerName');
  });

  test('is changed by its own template alone, and by another name', () => {
    const patch = { spec: { containers: [{ name: pod, resources: { limits: { memory: '16Gi' } } }] } };
    const [plain, patched] = [written({ math: {} }), written({ math: { [`${pod}Pod`]: { podTemplate: patch } } })];
    expect(containerOf(jobOf(manifestsOf(patched), pod)).resources?.limits).toMatchObject({ memory: '16Gi' });
    const others = ['train', ...PODS].filter((each) => each !== pod);
    for (const other of others) expect(podOf(patched, other)).toEqual(podOf(plain, other));
    const nameOf = (app: typeof plain) => jobOf(manifestsOf(app), pod).metadata?.name;
    expect(nameOf(patched)).not.toBe(nameOf(plain));
  });

  test('has what is wrong with its template reported, by the prop', () => {
    const patch = {
      spec: { containers: [{ name: pod, command: ['true'], resources: { limits: { 'nvidia.com/gpu': 1 } } }] },
    };
    expect(findingsWith(written({ math: { [`${pod}Pod`]: { podTemplate: patch } } }), 'pod-template')).toEqual([
      expect.objectContaining({
        severity: 'error',
        key: `${pod}Pod.podTemplate.spec.containers.${pod}.resources.limits`,
        message: 'the pod works without GPUs',
      }),
      expect.objectContaining({
        severity: 'warning',
        key: `${pod}Pod.podTemplate.spec.containers.${pod}.command`,
        message: expect.stringContaining(`${pod}.py is not started`),
      }),
    ]);
  });

  test('may name objects that nobody here makes, with a warning', () => {
    const patch = { spec: { volumes: [{ name: 'ca', configMap: { name: 'company-ca' } }] } };
    expect(findingsWith(written({ math: { [`${pod}Pod`]: { podTemplate: patch } } }), 'missing-reference')).toEqual([
      expect.objectContaining({ severity: 'warning', key: 'volumes.ca' }),
    ]);
  });

  test('goes to the nodes of the run where a volume can be mounted by one of them', () => {
    const { spec } = podOf(written({ math: {} }), pod) ?? {};
    expect(spec).toMatchObject({
      nodeSelector: { zone: 'a' },
      tolerations: [{ key: 'nvidia.com/gpu' }],
      affinity: { podAffinity: expect.anything() },
    });
    expect(JSON.stringify(spec?.affinity?.nodeAffinity)).toContain('Tesla-T10');
  });

  test('goes to any node without GPUs where the volumes are shared', () => {
    const { spec } = podOf(written({ math: {} }, true), pod) ?? {};
    expect(spec).toMatchObject({
      nodeSelector: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
    });
    expect(spec?.tolerations).toBeUndefined();
    expect(Object.keys(spec?.affinity ?? {})).toEqual(['nodeAffinity']);
    expect(spec?.affinity?.nodeAffinity).not.toHaveProperty('requiredDuringSchedulingIgnoredDuringExecution');
  });

  test('goes to the nodes it is given', () => {
    const nodePool = CpuPool.of({ labels: { pool: 'cpu' }, tolerations: ['example.com/batch'] });
    expect(podOf(written({ math: { [`${pod}Pod`]: { nodePool } } }, true), pod)?.spec).toMatchObject({
      nodeSelector: { pool: 'cpu' },
      tolerations: [{ key: 'example.com/batch', operator: 'Exists', effect: 'NoSchedule' }],
    });
    const back = { [`${pod}Pod`]: { nodePool: CpuPool.gpuNodes() } };
    expect(podOf(written({ math: back }, true), pod)?.spec?.nodeSelector).toEqual({ zone: 'a' });
  });

  test.each([
    ['priorityClassName', { priorityClassName: 'A b' }, 'invalid-name'],
    ['schedulerName', { schedulerName: 'A b' }, 'invalid-name'],
    ['labels', { labels: { 'a b': 'x' } }, 'invalid-name'],
    ['annotations', { annotations: { 'a b': 'x' } }, 'invalid-name'],
    ['env', { env: { '1': 'x' } }, 'invalid-name'],
    ['nodePool', { nodePool: 'cpu' as never }, 'invalid-prop'],
    ['priority', { priority: 'high' } as object, 'unknown-prop'],
  ])('can not be given what Kubernetes does not take as %s', (key, props, id) => {
    expect(findingsWith(written({ math: { [`${pod}Pod`]: props } }), id)).toContainEqual(
      expect.objectContaining({ severity: 'error', key: `${pod}Pod.${key}` }),
    );
  });

  test('is given no secret as text', () => {
    const token = ['hf_', 'A'.repeat(34)].join('');
    expect(findingsWith(written({ math: { [`${pod}Pod`]: { env: { ANY: token } } } }), 'secret-in-manifest')).toEqual([
      expect.objectContaining({ key: `${pod}Pod.env.ANY` }),
    ]);
  });

  test('patched from outside is told the prop to use', () => {
    const app = written({ math: {} });
    const object = app.node
      .findAll()
      .find(
        (each): each is ApiObject =>
          ApiObject.isApiObject(each) &&
          each.name === jobOf(manifestsOf(app), pod).metadata?.name &&
          each.kind === 'Job',
      );
    object?.addJsonPatch(JsonPatch.add('/spec/template/spec/priorityClassName', 'batch'));
    expect(only(findingsWith(app, 'patched-from-outside')).change).toBe(
      `use the prop ${pod}Pod.priorityClassName, or ${pod}Pod.podTemplate`,
    );
  });
});

describe('variables that a pod sets itself', () => {
  test.each([
    ['preparePod', 'PREPARE_SPEC'],
    ['preparePod', 'HF_TOKEN'],
    ['preflightPod', 'NPROC_PER_NODE'],
  ])('are refused: %s, %s', (prop, name) => {
    expect(findingsWith(written({ math: { [prop]: { env: { [name]: 'x' } } } }), 'owned-variable')).toEqual([
      expect.objectContaining({ severity: 'error', key: `${prop}.env.${name}` }),
    ]);
  });
});

test('preflight goes over a run again when it is given another variable', () => {
  const markerOf = (env: Record<string, string>) =>
    envOf(containerOf(jobOf(manifestsOf(written({ math: { preflightPod: { env } } })), 'preflight')))['PREFLIGHT_DIR'];
  expect(markerOf({ DISABLE_VERSION_CHECK: '1' })).not.toBe(markerOf({}));
});

describe('the prepare Job that runs share', () => {
  const prepareJobs = (app: ReturnType<typeof written>) =>
    manifestsOf(app).jobs.filter(({ metadata }) => metadata?.labels?.['app.kubernetes.io/component'] === 'prepare');

  test('has the labels and annotations that all of them have, over those of the volume', () => {
    const app = written({
      one: { labels: { team: 'maths', run: 'one' }, annotations: { note: 'x', only: 'here' } },
      two: { labels: { team: 'maths', run: 'two' }, annotations: { note: 'x' } },
    });
    const { metadata, spec } = only(prepareJobs(app));
    expect(metadata?.labels).toMatchObject({ team: 'maths', owner: 'volumes' });
    expect(metadata?.labels).not.toHaveProperty('run');
    expect(metadata?.annotations).toEqual({ note: 'x' });
    expect(spec?.template.metadata?.labels).toMatchObject({ team: 'maths' });
    expect(findingsWith(app, 'duplicate-name')).toEqual([]);
  });

  test('is the same in whatever order the runs come', () => {
    const [one, two] = [{ labels: { team: 'maths', run: 'one' } }, { labels: { team: 'maths' } }];
    expect(prepareJobs(written({ one, two }))).toEqual(prepareJobs(written({ two, one })));
  });

  test('is one for each pod that is asked for', () => {
    const app = written({ one: { preparePod: { priorityClassName: 'a' } }, two: { preparePod: {} }, three: {} });
    expect(prepareJobs(app)).toHaveLength(2);
    expect(findingsWith(app, 'duplicate-name')).toEqual([]);
  });
});

describe('a volume that one node at a time can mount', () => {
  const nodePool = CpuPool.of({ labels: { pool: 'cpu' } });
  const keysOf = (props: Partial<QwenQLoRAJobProps>, readWriteMany = false) =>
    findingsWith(written({ math: props }, readWriteMany), 'pods-apart').map(({ key }) => key);

  test('is not looked for on two nodes at once, without a warning', () => {
    const alone = { preflight: false, preparePod: { nodePool } };
    expect(keysOf({ ...alone, gate: Gate.wait() })).toEqual(['preparePod.nodePool']);
    expect(keysOf({ preparePod: { nodePool } })).toEqual(['preparePod.nodePool']);
    expect(keysOf({ preflightPod: { nodePool } })).toEqual(['preflightPod.nodePool']);
  });

  test('may be filled elsewhere when nobody waits for it in a pod', () => {
    expect(keysOf({ preflight: false, preparePod: { nodePool } })).toEqual([]);
    expect(keysOf({ preparePod: { nodePool }, preflightPod: { nodePool } })).toEqual([]);
  });

  test('is no shared one, and no claim of which nobody knows', () => {
    expect(keysOf({ gate: Gate.wait(), preparePod: { nodePool } }, true)).toEqual([]);
    const { app, chart } = chartOf();
    const saves = SavesVolume.fromClaim(chart, 'saves', { claimName: 'saves' });
    const modelCache = ModelCache.fromClaim(chart, 'models', { claimName: 'models', modelPath: 'm' });
    mathRun(chart, { modelCache, saves, preparePod: { nodePool }, image: TrainerImage.official() });
    expect(findingsWith(app, 'pods-apart')).toEqual([]);
  });

  test('is not missed by the nodes of the run', () => {
    expect(keysOf({ gate: Gate.wait(), preparePod: { nodePool: CpuPool.gpuNodes() } })).toEqual([]);
  });
});
