import { type TrainingPod, trainingPod } from '../../src/kubernetes/training-pod';

const GiB = 2 ** 30;
const pod = (changes: Partial<TrainingPod> = {}): TrainingPod => ({
  labels: { app: 'x' },
  annotations: { note: 'y' },
  image: 'example/trainer:1',
  imagePullSecrets: ['registry'],
  serviceAccountName: 'trainer',
  user: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 },
  scheduling: { products: [], labels: {}, tolerations: [] },
  near: { volume: 'models' },
  nodes: 1,
  gpus: 4,
  resources: {
    cpus: 16,
    memoryBytes: 50 * GiB,
    sharedMemoryBytes: 4 * GiB,
    ephemeralStorageBytes: 20 * GiB,
  },
  models: { claimName: 'models' },
  saves: { claimName: 'saves' },
  configMap: 'config-1',
  launchConfigMap: 'launch-1',
  inputs: {
    volumes: [{ name: 'data-math', configMap: 'data-1' }],
    mounts: [{ name: 'data-math', mountPath: '/data/math/math.json', subPath: 'math.json' }],
  },
  markers: [],
  waitTimeoutSeconds: 7200,
  outputDir: '/saves/math/1',
  pythonPath: [],
  env: {},
  wayOut: {},
  terminationGracePeriodSeconds: 60,
  ...changes,
});
const mountOf = (changes: Partial<TrainingPod>, name: string) =>
  trainingPod(pod(changes)).container.mounts.find((mount) => mount.name === name);
const volumeOf = (changes: Partial<TrainingPod>, name: string) =>
  trainingPod(pod(changes)).volumes.find((volume) => volume.name === name);
const envOf = (changes: Partial<TrainingPod>) =>
  Object.fromEntries(trainingPod(pod(changes)).container.env.map(({ name, value }) => [name, value]));

test('the trainer is started by the launcher', () => {
  expect(trainingPod(pod()).container.command).toEqual(['bash', '/opt/launch/launch.sh']);
});

test('the working directory is the writable home', () => {
  expect(trainingPod(pod()).container.workingDir).toBe('/home/trainer');
});

test('resources are written as Kubernetes quantities, GPUs among them', () => {
  expect(trainingPod(pod()).container.resources).toEqual({
    cpu: '16',
    memory: '50Gi',
    'ephemeral-storage': '20Gi',
    'nvidia.com/gpu': '4',
  });
});

test('everything but saves, home, temporary files and shared memory is mounted read-only', () => {
  const changes = { deepspeedConfigMap: 'zero3-1', codeConfigMap: { name: 'code-1', items: [] } };
  const writable = trainingPod(pod(changes)).container.mounts.filter((mount) => mount.readOnly !== true);
  expect(writable.map(({ mountPath }) => mountPath)).toEqual(['/saves', '/home/trainer', '/tmp', '/dev/shm']);
});

test('no two volumes have the same name, and every volume is mounted', () => {
  const changes = { deepspeedConfigMap: 'zero3-1', codeConfigMap: { name: 'code-1', items: [] } };
  const { volumes, container } = trainingPod(pod(changes));
  const names = volumes.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(container.mounts.map(({ name }) => name).sort()).toEqual([...names].sort());
});

test('/dev/shm is memory of the size computed', () => {
  expect(volumeOf({}, 'shm')?.emptyDir).toEqual({ medium: 'Memory', sizeLimit: '4Gi' });
});

test('home and temporary files are limited to their parts of the ephemeral storage', () => {
  expect([volumeOf({}, 'home')?.emptyDir, volumeOf({}, 'tmp')?.emptyDir]).toEqual([
    { sizeLimit: '10Gi' },
    { sizeLimit: '5Gi' },
  ]);
});

test('the model claim is read-only as a volume, so that fsGroup never touches its files', () => {
  expect(volumeOf({}, 'models')?.persistentVolumeClaim).toEqual({ claimName: 'models', readOnly: true });
});

test('the saves claim can be written', () => {
  expect(volumeOf({}, 'saves')?.persistentVolumeClaim).toEqual({ claimName: 'saves' });
});

test('directories inside claims are mounted by subPath', () => {
  const changes = {
    models: { claimName: 'models', subPath: 'qwen' },
    saves: { claimName: 'saves', subPath: 'team' },
  };
  expect([mountOf(changes, 'models')?.subPath, mountOf(changes, 'saves')?.subPath]).toEqual(['qwen', 'team']);
});

test('a claim without a directory is mounted whole', () => {
  expect(mountOf({}, 'saves')).not.toHaveProperty('subPath');
});

test('the DeepSpeed config is mounted where the arguments name it', () => {
  const changes = { deepspeedConfigMap: 'zero3-1' };
  expect(mountOf(changes, 'deepspeed')?.mountPath).toBe('/etc/deepspeed');
  expect(volumeOf(changes, 'deepspeed')?.configMap).toEqual({ name: 'zero3-1' });
});

test("the user's code is mounted with its paths", () => {
  const items = [{ key: 'a__b.py', path: 'a/b.py' }];
  const changes = { codeConfigMap: { name: 'code-1', items } };
  expect(mountOf(changes, 'code')?.mountPath).toBe('/code');
  expect(volumeOf(changes, 'code')?.configMap).toEqual({ name: 'code-1', items });
});

test('without DeepSpeed and code there are no volumes for them', () => {
  expect([volumeOf({}, 'deepspeed'), volumeOf({}, 'code')]).toEqual([undefined, undefined]);
  expect([mountOf({}, 'deepspeed'), mountOf({}, 'code')]).toEqual([undefined, undefined]);
});

test('a run without extras mounts its own files, the claims and what can be written, and no more', () => {
  const names = ['launch', 'config', 'data-math', 'models', 'saves', 'home', 'tmp', 'shm'];
  expect(trainingPod(pod()).container.mounts.map(({ name }) => name)).toEqual(names);
});

test('data from a ConfigMap is mounted file by file', () => {
  expect(volumeOf({}, 'data-math')?.configMap).toEqual({ name: 'data-1' });
  expect(mountOf({}, 'data-math')).toEqual({
    name: 'data-math',
    mountPath: '/data/math/math.json',
    subPath: 'math.json',
    readOnly: true,
  });
});

test('data on a claim is mounted read-only as a volume too', () => {
  const inputs = { volumes: [{ name: 'data', claim: 'sets' }], mounts: [{ name: 'data', mountPath: '/data/math' }] };
  expect(volumeOf({ inputs }, 'data')?.persistentVolumeClaim).toEqual({ claimName: 'sets', readOnly: true });
});

test('the launcher reads where config and output are', () => {
  expect(envOf({})).toEqual(
    expect.objectContaining({
      TRAIN_CONFIG: '/etc/llamafactory/train_config.yaml',
      OUTPUT_DIR: '/saves/math/1',
      NPROC_PER_NODE: '4',
      OMP_NUM_THREADS: '4',
      HOME: '/home/trainer',
    }),
  );
});

test('options of the launcher are passed on', () => {
  expect(envOf({ pythonPath: ['/code'], virtualEnvironment: '/opt/venv', cudaVisibleDevices: '0' })).toEqual(
    expect.objectContaining({ PYTHONPATH: '/code', VENV: '/opt/venv', CUDA_VISIBLE_DEVICES: '0' }),
  );
});

test("the user's variables win over the library's", () => {
  expect(envOf({ env: { HF_HUB_OFFLINE: '0', NCCL_DEBUG: 'INFO' } })).toEqual(
    expect.objectContaining({ HF_HUB_OFFLINE: '0', NCCL_DEBUG: 'INFO' }),
  );
});

test('with nothing to wait for there is no init container', () => {
  expect(trainingPod(pod()).initContainers).toEqual([]);
});

test('an init container waits for the marker files, with the time it may take', () => {
  const [wait] = trainingPod(pod({ markers: ['/models/a/.complete', '/saves/b/.complete'] })).initContainers;
  expect(wait).toEqual({
    name: 'wait-for-prepare',
    image: 'example/trainer:1',
    command: ['sh', '/opt/launch/wait-for.sh', '/models/a/.complete', '/saves/b/.complete'],
    env: [
      { name: 'NVIDIA_VISIBLE_DEVICES', value: 'void' },
      { name: 'WAIT_TIMEOUT_SECONDS', value: '7200' },
    ],
    resources: { cpu: '100m', memory: '64Mi', 'ephemeral-storage': '64Mi' },
    mounts: [
      { name: 'launch', mountPath: '/opt/launch', readOnly: true },
      { name: 'models', mountPath: '/models', readOnly: true },
      { name: 'saves', mountPath: '/saves', readOnly: true },
    ],
  });
});

test('what the pod template needs is passed on', () => {
  expect(trainingPod(pod())).toEqual(
    expect.objectContaining({
      labels: { app: 'x' },
      annotations: { note: 'y' },
      scheduling: { products: [], labels: {}, tolerations: [] },
      near: { volume: 'models' },
      gpus: 4,
      user: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 },
      imagePullSecrets: ['registry'],
      serviceAccountName: 'trainer',
      terminationGracePeriodSeconds: 60,
    }),
  );
});

test('autoscalers leave the pod for the time given, beside its other annotations', () => {
  expect(trainingPod(pod({ evictionProtectionSeconds: 60 })).annotations).toEqual({
    note: 'y',
    'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
    'karpenter.sh/do-not-disrupt': '60s',
  });
});

test('with no time to wait the init container is called for what it does', () => {
  const [check] = trainingPod(pod({ markers: ['/models/a/.complete'], waitTimeoutSeconds: 0 })).initContainers;
  expect(check?.name).toBe('check-prepare');
  expect(check?.env).toContainEqual({ name: 'WAIT_TIMEOUT_SECONDS', value: '0' });
});

describe('TensorBoard', () => {
  const sidecar = (changes: Partial<TrainingPod> = {}) =>
    trainingPod(pod({ tensorBoard: true, ...changes })).initContainers.find(({ name }) => name === 'tensorboard');

  test('runs beside the trainer only if asked for, after the container that waits', () => {
    expect(trainingPod(pod({ markers: ['/m'] })).initContainers.map(({ name }) => name)).toEqual(['wait-for-prepare']);
    expect(trainingPod(pod({ markers: ['/m'], tensorBoard: true })).initContainers.map(({ name }) => name)).toEqual([
      'wait-for-prepare',
      'tensorboard',
    ]);
  });

  test('is a native sidecar, which does not keep the Job from ending', () => {
    expect(sidecar()?.restartPolicy).toBe('Always');
  });

  test('reads what the trainer writes, and can write nothing of it', () => {
    expect(sidecar()?.command.join(' ')).toMatch(/ --logdir \/saves\/math\/1 --host localhost /);
    expect(sidecar()?.mounts).toEqual([
      { name: 'saves', mountPath: '/saves', readOnly: true },
      { name: 'tmp', mountPath: '/tmp', subPath: 'tensorboard' },
    ]);
  });

  test('sees no GPU', () => {
    expect(sidecar()?.env).toContainEqual({ name: 'NVIDIA_VISIBLE_DEVICES', value: 'void' });
    expect(sidecar()?.resources).not.toHaveProperty('nvidia.com/gpu');
  });

  test('is that of the virtual environment', () => {
    expect(sidecar({ virtualEnvironment: '/opt/venv' })?.command[0]).toBe('/opt/venv/bin/python3');
  });
});

test('on several nodes the pods know by the uid of their Job which run they are of', () => {
  const named = (nodes: number) => trainingPod(pod({ nodes })).container.env.filter(({ name }) => name === 'RUN_UID');
  expect(named(1)).toEqual([]);
  expect(named(2)).toEqual([
    {
      name: 'RUN_UID',
      valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']" } },
    },
  ]);
});
