import { type ContainerSpec, type PodInput, podTemplate } from '../../src/kubernetes/pod-template';

const container = (changes: Partial<ContainerSpec> = {}): ContainerSpec => ({
  name: 'trainer',
  image: 'example/trainer:1',
  command: ['bash', 'launch.sh'],
  env: [],
  mounts: [{ name: 'tmp', mountPath: '/tmp' }],
  resources: { cpu: '1', memory: '1Gi' },
  ...changes,
});
const input = (changes: Partial<PodInput> = {}): PodInput => ({
  labels: { app: 'x' },
  annotations: {},
  scheduling: { products: [], labels: {}, tolerations: ['nvidia.com/gpu'] },
  near: { volume: 'models' },
  gpus: 4,
  user: { runAsUser: 1000, runAsGroup: 1001, fsGroup: 1002 },
  initContainers: [],
  container: container(),
  volumes: [{ name: 'tmp', emptyDir: {} }],
  imagePullSecrets: [],
  terminationGracePeriodSeconds: 60,
  ...changes,
});
const specOf = (changes: Partial<PodInput> = {}) => podTemplate(input(changes)).spec;
const containersOf = () => {
  const spec = specOf({ initContainers: [container({ name: 'init' })] });
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
};

test('the pod runs as the user said, never as root, under the seccomp profile of the runtime', () => {
  expect(specOf()?.securityContext).toEqual({
    runAsNonRoot: true,
    runAsUser: 1000,
    runAsGroup: 1001,
    fsGroup: 1002,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  });
});

test('no container, init containers included, may write to its root, gain privileges or keep capabilities', () => {
  expect(containersOf().map(({ name, securityContext }) => [name, securityContext])).toEqual(
    ['init', 'trainer'].map((name) => [
      name,
      { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    ]),
  );
});

test('every container requests just what it is limited to', () => {
  const resources = { cpu: '1', memory: '1Gi' };
  expect(containersOf().map((each) => each.resources)).toEqual([
    { requests: resources, limits: resources },
    { requests: resources, limits: resources },
  ]);
});

test('no token is mounted, no service variables are set, and a failed pod is not restarted in place', () => {
  expect(specOf()).toEqual(
    expect.objectContaining({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      restartPolicy: 'Never',
    }),
  );
});

test('the grace period is passed on', () => {
  expect(specOf({ terminationGracePeriodSeconds: 45 })?.terminationGracePeriodSeconds).toBe(45);
});

test('the scheduling fields are those of the GPUs asked for', () => {
  const scheduling = { products: ['Tesla-T10'], labels: {}, tolerations: [], runtimeClassName: 'nvidia' };
  expect(specOf({ scheduling })?.runtimeClassName).toBe('nvidia');
});

test('a tagged image is pulled only where it is missing', () => {
  expect(containersOf().map(({ imagePullPolicy }) => imagePullPolicy)).toEqual(['IfNotPresent', 'IfNotPresent']);
});

test('the end of the log stands in for a termination message', () => {
  expect(containersOf().map((each) => each.terminationMessagePolicy)).toEqual([
    'FallbackToLogsOnError',
    'FallbackToLogsOnError',
  ]);
});

test('a container is what was said of it', () => {
  const env = [{ name: 'A', value: '1' }];
  expect(specOf({ container: container({ env, workingDir: '/home' }) })?.containers[0]).toEqual(
    expect.objectContaining({
      name: 'trainer',
      image: 'example/trainer:1',
      command: ['bash', 'launch.sh'],
      env,
      workingDir: '/home',
      volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
    }),
  );
});

test('labels and annotations go to the pod', () => {
  expect(podTemplate(input({ annotations: { note: 'y' } })).metadata).toEqual({
    labels: { app: 'x' },
    annotations: { note: 'y' },
  });
});

test('what is not said is left out', () => {
  const { metadata, spec } = podTemplate(input());
  expect(metadata).not.toHaveProperty('annotations');
  for (const key of ['serviceAccountName', 'imagePullSecrets', 'initContainers']) expect(spec).not.toHaveProperty(key);
  for (const key of ['env', 'workingDir']) expect(spec?.containers[0]).not.toHaveProperty(key);
});

test('a service account and pull secrets are named', () => {
  expect(specOf({ serviceAccountName: 'trainer', imagePullSecrets: ['a', 'b'] })).toEqual(
    expect.objectContaining({ serviceAccountName: 'trainer', imagePullSecrets: [{ name: 'a' }, { name: 'b' }] }),
  );
});

test('the volumes are those given', () => {
  expect(specOf()?.volumes).toEqual([{ name: 'tmp', emptyDir: {} }]);
});

test('a priority class is named only if there is one', () => {
  expect(specOf({ priorityClassName: 'batch' })?.priorityClassName).toBe('batch');
  expect(specOf()).not.toHaveProperty('priorityClassName');
});

test.each([
  ['$(HOME)', '$$(HOME)'],
  ['$$(HOME)', '$$$$(HOME)'],
  ['a$$b', 'a$$$b'],
  ['$HOME, 5 $', '$HOME, 5 $'],
])('a container reads %s as it was written, in commands and variables', (text, written) => {
  const spec = specOf({ container: container({ command: ['sh', text], env: [{ name: 'A', value: text }] }) });
  expect(spec?.containers[0]).toMatchObject({ command: ['sh', written], env: [{ name: 'A', value: written }] });
});
