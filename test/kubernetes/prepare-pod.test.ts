import { type PreparePod, preparePod } from '../../src/kubernetes/prepare-pod';

const pod = (changes: Partial<PreparePod> = {}): PreparePod => ({
  labels: { app: 'x' },
  annotations: {},
  image: 'example/trainer:1',
  imagePullSecrets: ['registry'],
  user: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 },
  scheduling: { products: ['Tesla-T10'], labels: {}, tolerations: ['nvidia.com/gpu'] },
  near: { volume: 'models' },
  configMap: 'prepare-1',
  target: { claimName: 'models', mountPath: '/models' },
  tokens: [],
  env: {},
  wayOut: {},
  hosts: [],
  ...changes,
});
const envOf = (changes: Partial<PreparePod> = {}) => preparePod(pod(changes)).container.env;

test('the prepare program runs from its ConfigMap', () => {
  const { container, volumes } = preparePod(pod());
  expect(container.command).toEqual(['python3', '/etc/prepare/prepare.py']);
  expect(container.mounts[0]).toEqual({ name: 'prepare', mountPath: '/etc/prepare', readOnly: true });
  expect(volumes[0]).toEqual({ name: 'prepare', configMap: { name: 'prepare-1' } });
});

test('it takes CPU and memory, and no GPU', () => {
  const { container, gpus } = preparePod(pod());
  expect(gpus).toBe(0);
  expect(container.resources).toEqual({ cpu: '2', memory: '4Gi', 'ephemeral-storage': '10Gi' });
});

test('it goes to the nodes of the run, near to the pods that share the volume', () => {
  expect(preparePod(pod())).toEqual(
    expect.objectContaining({
      scheduling: { products: ['Tesla-T10'], labels: {}, tolerations: ['nvidia.com/gpu'] },
      near: { volume: 'models' },
    }),
  );
});

test('the volume it fills can be written', () => {
  const { container, volumes } = preparePod(pod());
  expect(container.mounts).toContainEqual({ name: 'target', mountPath: '/models' });
  expect(volumes).toContainEqual({ name: 'target', persistentVolumeClaim: { claimName: 'models' } });
});

test('a directory inside the volume is mounted by subPath', () => {
  const target = { claimName: 'saves', mountPath: '/saves', subPath: 'team' };
  expect(preparePod(pod({ target })).container.mounts).toContainEqual({
    name: 'target',
    mountPath: '/saves',
    subPath: 'team',
  });
});

test('home and temporary files have places of limited size', () => {
  const {
    container,
    volumes,
    container: { workingDir },
  } = preparePod(pod());
  expect(workingDir).toBe('/home/trainer');
  expect(container.mounts).toEqual(
    expect.arrayContaining([
      { name: 'home', mountPath: '/home/trainer' },
      { name: 'tmp', mountPath: '/tmp' },
    ]),
  );
  expect(volumes).toEqual(
    expect.arrayContaining([
      { name: 'home', emptyDir: { sizeLimit: '5Gi' } },
      { name: 'tmp', emptyDir: { sizeLimit: '4Gi' } },
    ]),
  );
});

test('it reads its request, and knows writable places for caches', () => {
  expect(envOf()).toEqual(
    expect.arrayContaining([
      { name: 'PREPARE_SPEC', value: '/etc/prepare/request.json' },
      { name: 'HF_HOME', value: '/home/trainer/.cache/huggingface' },
    ]),
  );
});

test('a token comes from its Secret, as a reference', () => {
  const token = { variable: 'HF_TOKEN', secretName: 'hub', key: 'token' };
  expect(envOf({ tokens: [token] }).at(-1)).toEqual({
    name: 'HF_TOKEN',
    valueFrom: { secretKeyRef: { name: 'hub', key: 'token' } },
  });
});

test('without a token nothing refers to a Secret', () => {
  expect(envOf().filter(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined)).toEqual([]);
});

test('it hears how often it may try, and of which Job it is', () => {
  expect(envOf()).toEqual(
    expect.arrayContaining([
      { name: 'PREPARE_TRIES', value: '7' },
      {
        name: 'PREPARE_JOB',
        valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']" } },
      },
    ]),
  );
});

test('nothing runs before it, and it ends within half a minute when told to', () => {
  expect(preparePod(pod())).toEqual(
    expect.objectContaining({ initContainers: [], annotations: {}, terminationGracePeriodSeconds: 30 }),
  );
});

test('what the pod template needs is passed on', () => {
  expect(preparePod(pod())).toEqual(
    expect.objectContaining({
      labels: { app: 'x' },
      imagePullSecrets: ['registry'],
      user: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 },
    }),
  );
  expect(preparePod(pod()).container).toEqual(expect.objectContaining({ name: 'prepare', image: 'example/trainer:1' }));
});
