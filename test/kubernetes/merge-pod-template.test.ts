import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import { mergePodTemplate } from '../../src/kubernetes/merge-pod-template';
import type { Mapping } from '../../src/run/run';

const template: PodTemplateSpec = {
  metadata: { labels: { app: 'x' } },
  spec: {
    containers: [
      {
        name: 'trainer',
        image: 'example/trainer:1',
        command: ['bash', 'launch.sh'],
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
        volumeMounts: [{ name: 'data', mountPath: '/data', subPath: 'math', readOnly: true }],
        resources: { limits: { cpu: '1', 'nvidia.com/gpu': '4' } },
      },
    ],
    volumes: [
      { name: 'data', persistentVolumeClaim: { claimName: 'data', readOnly: true } },
      { name: 'tmp', emptyDir: { sizeLimit: '5Gi' } },
    ],
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'card', operator: 'In', values: ['T10'] }] }],
        },
      },
    },
  },
};
const merged = (patch: Mapping) => mergePodTemplate(template, patch);
const trainer = (patch: Mapping) => merged({ spec: { containers: [{ name: 'trainer', ...patch }] } }).spec?.containers;
const volumes = (...patch: Mapping[]) => merged({ spec: { volumes: patch } }).spec?.volumes;

test('an empty patch changes nothing', () => {
  expect(merged({})).toEqual(template);
});

test('neither template nor patch is changed', () => {
  const before = structuredClone(template);
  const patch = { spec: { containers: [{ name: 'trainer', env: [{ name: 'C', value: '3' }] }] } };
  const asGiven = structuredClone(patch);
  merged(patch);
  expect([template, patch]).toEqual([before, asGiven]);
});

test('a container of the same name is merged, field by field', () => {
  expect(trainer({ image: 'other:1', resources: { limits: { memory: '1Gi' } } })).toEqual([
    {
      ...template.spec?.containers[0],
      image: 'other:1',
      resources: { limits: { cpu: '1', 'nvidia.com/gpu': '4', memory: '1Gi' } },
    },
  ]);
});

test('a container of another name is added', () => {
  const added = { name: 'log', image: 'log:1' };
  expect(merged({ spec: { containers: [added] } }).spec?.containers).toEqual([template.spec?.containers[0], added]);
});

test('init containers are made where there were none', () => {
  const added = { name: 'log', image: 'log:1', restartPolicy: 'Always' };
  expect(merged({ spec: { initContainers: [added] } }).spec?.initContainers).toEqual([added]);
});

test('variables are merged by name, a reference in place of a value', () => {
  const valueFrom = { secretKeyRef: { name: 'wandb', key: 'token' } };
  const env = [
    { name: 'B', value: '3' },
    { name: 'A', valueFrom },
    { name: 'C', value: '4' },
  ];
  expect(trainer({ env })?.[0]?.env).toEqual([
    { name: 'A', valueFrom },
    { name: 'B', value: '3' },
    { name: 'C', value: '4' },
  ]);
});

test('mounts are merged by path', () => {
  expect(trainer({ volumeMounts: [{ name: 'data', mountPath: '/data', readOnly: false }] })?.[0]?.volumeMounts).toEqual(
    [{ name: 'data', mountPath: '/data', subPath: 'math', readOnly: false }],
  );
});

test('another volume at the same path has none of the other fields', () => {
  const mount = { name: 'own', mountPath: '/data' };
  expect(trainer({ volumeMounts: [mount] })?.[0]?.volumeMounts).toEqual([mount]);
});

test('a volume of the same kind is merged, one of another kind takes its place, and a new one is added', () => {
  expect(volumes({ name: 'tmp', emptyDir: { medium: 'Memory' } })?.[1]).toEqual({
    name: 'tmp',
    emptyDir: { sizeLimit: '5Gi', medium: 'Memory' },
  });
  expect(volumes({ name: 'tmp', ephemeral: {} })?.[1]).toEqual({ name: 'tmp', ephemeral: {} });
  expect(volumes({ name: 'own', emptyDir: {} })).toHaveLength(3);
});

test('tolerations are added', () => {
  const added = { key: 'team', operator: 'Exists' };
  expect(merged({ spec: { tolerations: [added] } }).spec?.tolerations).toEqual([
    { key: 'nvidia.com/gpu', operator: 'Exists' },
    added,
  ]);
});

test('a node must fulfil both what the run needs and what the patch asks for', () => {
  const terms = ['a', 'b'].map((zone) => ({ matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }] }));
  const affinity = {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
  };
  expect(
    merged({ spec: { affinity } }).spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
      ?.nodeSelectorTerms,
  ).toEqual(
    ['a', 'b'].map((zone) => ({
      matchExpressions: [
        { key: 'card', operator: 'In', values: ['T10'] },
        { key: 'zone', operator: 'In', values: [zone] },
      ],
    })),
  );
});

test('what a node is called is asked for beside its labels', () => {
  const byName = { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['gpu-0'] }] };
  const affinity = {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [byName] } },
  };
  expect(
    merged({ spec: { affinity } }).spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
      ?.nodeSelectorTerms,
  ).toEqual([{ matchExpressions: [{ key: 'card', operator: 'In', values: ['T10'] }], ...byName }]);
});

test('any other list replaces what was there', () => {
  expect(trainer({ command: ['sleep'] })?.[0]?.command).toEqual(['sleep']);
});

test('null takes a field out', () => {
  expect(merged({ spec: { affinity: null } }).spec).not.toHaveProperty('affinity');
});
