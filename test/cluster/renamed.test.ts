import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod } from 'kubernetes-types/core/v1';
import type { NetworkPolicy } from 'kubernetes-types/networking/v1';
import { parse, parseAllDocuments } from 'yaml';
import { Gate, ModelCache } from '../../src';
import { blocksOf } from '../docs/extract';
import { kubectl, lostFields, onlyNodes, pods, readBack, refusedPods, startAfresh, unfinished } from './cluster';
import { danglingReferences, type Manifest } from './manifest';
import { NAMESPACE, objectsOf, POOL } from './run-objects';

/** The objects as the Kustomize in kubectl leaves them. */
function kustomised(
  objects: readonly Manifest[],
  kustomization: object,
  files: Readonly<Record<string, string>> = {},
): Manifest[] {
  const folder = mkdtempSync(join(tmpdir(), 'kustomize-'));
  try {
    writeFileSync(join(folder, 'runs.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify({ resources: ['runs.json'], ...kustomization }));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const { status, stdout, stderr } = kubectl(['kustomize', folder]);
    expect([status, stderr]).toEqual([0, '']);
    return parseAllDocuments(stdout).map((document): Manifest => document.toJS());
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The names of the policies that select a pod. */
const policiesOf = ({ metadata }: Pod, policies: readonly NetworkPolicy[]) =>
  policies
    .filter(({ spec }) =>
      Object.entries(spec?.podSelector.matchLabels ?? {}).every(([key, value]) => metadata?.labels?.[key] === value),
    )
    .map((policy) => policy.metadata?.name);

describe.each([
  ['namePrefix and nameSuffix', { namePrefix: 'eu-', nameSuffix: '-b' }],
  [
    'labels in selectors and templates',
    { labels: [{ pairs: { team: 'maths' }, includeSelectors: true, includeTemplates: true }] },
  ],
])('after Kustomize with %s', (_, kustomization) => {
  const synthesised = objectsOf({ math: { preflight: true }, code: { gate: Gate.waves() } });
  const objects = kustomised(synthesised, kustomization);

  beforeAll(() => {
    onlyNodes(POOL);
    startAfresh(objects);
  });

  test('pods find what they name', () => {
    expect(objects.length).toBe(synthesised.length);
    expect(danglingReferences(objects)).toEqual([]);
  });

  test('everything is taken, and every Job completes', async () => {
    expect(kubectl(['apply', '-f', '-'], objects)).toMatchObject({ status: 0, stderr: '' });
    expect(refusedPods(objects)).toEqual([]);
    expect(await unfinished([NAMESPACE])).toEqual([]);
    expect(lostFields(objects)).toEqual([]);
  });

  test('each pod has the policy of its Job, and no other', () => {
    const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy') as NetworkPolicy[];
    const found = pods([NAMESPACE]);
    expect(found.length).toBeGreaterThan(3);
    expect(found.map((pod) => policiesOf(pod, policies))).toEqual(
      found.map(({ metadata }) => [metadata?.labels?.['batch.kubernetes.io/job-name']]),
    );
  });
});

test('a renamed volume of a node is bound to its renamed claim, by the configuration in docs/gitops.md', async () => {
  const page = readFileSync(join(__dirname, '../../docs/gitops.md'), 'utf8');
  const written = Object.fromEntries(
    blocksOf('docs/gitops.md', page).flatMap(({ tag, text }) => (tag?.name === 'write' ? [[tag.value, text]] : [])),
  );
  const { 'kustomization.yaml': kustomization = '', 'names.yaml': names = '' } = written;
  const objects = kustomised(
    objectsOf({ math: {} }, (chart) => ModelCache.onNode(chart, 'models', { hostname: 'gpu-0', path: '/data/models' })),
    parse(kustomization),
    { 'names.yaml': names },
  );
  onlyNodes(POOL);
  startAfresh(objects);
  expect(kubectl(['apply', '-f', '-'], objects)).toMatchObject({ status: 0, stderr: '' });
  expect(await unfinished([NAMESPACE])).toEqual([]);
  const claims = objects.filter(({ kind }) => kind === 'PersistentVolumeClaim');
  expect(claims.map(({ metadata }) => metadata.name)).toContainEqual(expect.stringMatching(/^eu-finetune-models-/));
  expect(readBack(claims).map(({ status }) => status?.phase)).toEqual(['Bound', 'Bound']);
});
