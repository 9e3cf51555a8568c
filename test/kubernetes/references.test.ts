import type { PodSpec } from 'kubernetes-types/core/v1';
import type { NamedObject } from '../../src/kubernetes/duplicates';
import { missingReferences } from '../../src/kubernetes/references';

const container = (mounts: string[], name = 'trainer') => ({
  name,
  volumeMounts: mounts.map((mount) => ({ name: mount, mountPath: `/${mount}` })),
});
const object = (kind: string, name: string, keys: string[] = [], namespace = 'ml'): NamedObject => ({
  path: `finetune/${name}`,
  apiGroup: '',
  kind,
  namespace,
  name,
  keys: () => keys,
});
const missing = (pod: PodSpec, objects: NamedObject[] = [], existingClaims: string[] = []) =>
  missingReferences([{ path: 'finetune/math', namespace: 'ml', pod, existingClaims }], objects);

test('a pod whose volumes, ConfigMaps, keys and claims all exist raises nothing', () => {
  const pod = {
    initContainers: [container(['config'], 'init')],
    containers: [container(['config', 'saves'])],
    volumes: [
      { name: 'config', configMap: { name: 'files', items: [{ key: 'a.py', path: 'a.py' }] } },
      { name: 'saves', persistentVolumeClaim: { claimName: 'saves' } },
      { name: 'tmp', emptyDir: {} },
    ],
  };
  expect(missing(pod, [object('ConfigMap', 'files', ['a.py']), object('PersistentVolumeClaim', 'saves')])).toEqual([]);
});

test('a mount without its volume is an error that names the volumes there are', () => {
  const pod = { containers: [container(['config', 'oops'])], volumes: [{ name: 'config' }, { name: 'tmp' }] };
  expect(missing(pod)).toEqual([
    {
      id: 'missing-reference',
      severity: 'error',
      path: 'finetune/math',
      key: 'trainer.volumeMounts',
      message: "no volume 'oops' in the pod, which the container mounts at /oops",
      allowed: 'config, tmp',
    },
  ]);
});

test('init containers are looked at too', () => {
  const pod = { initContainers: [container(['oops'], 'wait')], containers: [container([])] };
  expect(missing(pod).map(({ key }) => key)).toEqual(['wait.volumeMounts']);
});

test('a container without mounts raises nothing', () => {
  expect(missing({ containers: [{ name: 'trainer' }] })).toEqual([]);
});

test('a ConfigMap that nothing makes is an error', () => {
  const pod = { containers: [], volumes: [{ name: 'config', configMap: { name: 'files' } }] };
  expect(missing(pod)).toEqual([
    expect.objectContaining({
      severity: 'error',
      path: 'finetune/math',
      key: 'volumes.config',
      message: "nothing makes the ConfigMap 'files' in this namespace",
    }),
  ]);
});

test('a ConfigMap of another namespace does not count', () => {
  const pod = { containers: [], volumes: [{ name: 'config', configMap: { name: 'files' } }] };
  expect(missing(pod, [object('ConfigMap', 'files', [], 'other')])).toHaveLength(1);
});

test('another kind of the same name does not count', () => {
  const pod = { containers: [], volumes: [{ name: 'config', configMap: { name: 'files' } }] };
  expect(missing(pod, [object('Secret', 'files')])).toHaveLength(1);
});

test('an optional ConfigMap may be missing', () => {
  expect(missing({ containers: [], volumes: [{ name: 'c', configMap: { name: 'files', optional: true } }] })).toEqual(
    [],
  );
});

test('a key that the ConfigMap lacks is an error that names its keys', () => {
  const items = [
    { key: 'a.py', path: 'a.py' },
    { key: 'b.py', path: 'b.py' },
  ];
  const pod = { containers: [], volumes: [{ name: 'code', configMap: { name: 'files', items } }] };
  expect(missing(pod, [object('ConfigMap', 'files', ['a.py', 'c.py'])])).toEqual([
    expect.objectContaining({
      key: 'volumes.code',
      message: "the ConfigMap 'files' has no key 'b.py'",
      allowed: 'a.py, c.py',
    }),
  ]);
});

test('a claim that nothing makes is an error', () => {
  const pod = { containers: [], volumes: [{ name: 'saves', persistentVolumeClaim: { claimName: 'saves' } }] };
  expect(missing(pod)).toEqual([
    expect.objectContaining({
      key: 'volumes.saves',
      message: "nothing makes the PersistentVolumeClaim 'saves' in this namespace",
    }),
  ]);
});

test('a claim said to exist in the cluster is not looked for', () => {
  const pod = { containers: [], volumes: [{ name: 'saves', persistentVolumeClaim: { claimName: 'saves' } }] };
  expect(missing(pod, [], ['saves'])).toEqual([]);
});

test('each pod is looked at in its own namespace', () => {
  const pod = { containers: [], volumes: [{ name: 'config', configMap: { name: 'files' } }] };
  const pods = ['ml', 'other'].map((namespace) => ({ path: namespace, namespace, pod, existingClaims: [] }));
  expect(missingReferences(pods, [object('ConfigMap', 'files')]).map(({ path }) => path)).toEqual(['other']);
});
