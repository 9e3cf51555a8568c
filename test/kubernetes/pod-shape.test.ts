import { podShapeProblems } from '../../src/kubernetes/pod-shape';

const keysOf = (patch: unknown) => podShapeProblems('finetune/math', patch).map(({ key }) => key);

test('a field of another form is told with its place, what was got and what is allowed', () => {
  expect(podShapeProblems('finetune/math', { spec: { containers: 'x' } })).toEqual([
    {
      id: 'pod-template',
      severity: 'error',
      path: 'finetune/math',
      key: 'podTemplate.spec.containers',
      message: 'a pod template holds something else here',
      got: '"x"',
      allowed: 'a list of mappings',
      change: 'write it as in the manifest of a pod; null takes a field out',
    },
  ]);
});

test.each([
  ['x', 'podTemplate', 'a mapping'],
  [[], 'podTemplate', 'a mapping'],
  [{ metadata: { labels: ['a'] } }, 'podTemplate.metadata.labels', 'a mapping'],
  [{ spec: { containers: [null] } }, 'podTemplate.spec.containers[0]', 'a mapping'],
  [{ spec: { initContainers: [{ name: 5 }] } }, 'podTemplate.spec.initContainers[0].name', 'a text'],
  [
    { spec: { containers: [{ name: 'trainer', command: 'sh' }] } },
    'podTemplate.spec.containers[0].command',
    'a list of texts',
  ],
  [{ spec: { containers: [{ name: 'trainer', args: [1] }] } }, 'podTemplate.spec.containers[0].args[0]', 'a text'],
  [
    { spec: { containers: [{ name: 'a', resources: { limits: 1 } }] } },
    'podTemplate.spec.containers[0].resources.limits',
    'a mapping',
  ],
  [{ spec: { volumes: { name: 'a' } } }, 'podTemplate.spec.volumes', 'a list of mappings'],
])('%j: %s must be %s', (patch, key, allowed) => {
  expect(podShapeProblems('finetune/math', patch)).toMatchObject([{ key, allowed }]);
});

test('what is merged by a name must have it', () => {
  expect(keysOf({ spec: { containers: [{ image: 'a' }], volumes: [{ name: 'a' }, {}] } })).toEqual([
    'podTemplate.spec.containers[0].name',
    'podTemplate.spec.volumes[1].name',
  ]);
});

test('null takes a field out, undefined is none, and fields that nobody looks at may hold anything', () => {
  const container = { name: 'trainer', env: null, command: undefined, livenessProbe: 'x' };
  expect(keysOf({ metadata: null, spec: { volumes: null, containers: [container], hostNetwork: 'x' } })).toEqual([]);
});
