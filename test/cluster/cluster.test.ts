import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PodSpec } from 'kubernetes-types/core/v1';
import {
  kubectl,
  lostFields,
  onlyNodes,
  pods,
  readBack,
  refusedPods,
  scatteredClaims,
  serverMinor,
  startAfresh,
  unfinished,
} from './cluster';
import { danglingReferences, gpus, type Manifest, namespacesOf, readManifests, workloads } from './manifest';

const ROOT = join(__dirname, '../..');

/** What an example is written for. */
interface Expected {
  /** The nodes of its cluster. */
  readonly nodes: readonly string[];
  /** The GPUs of each of its training pods. */
  readonly gpus: readonly number[];
  /** The claims that its platform has. */
  readonly claims: readonly Manifest[];
}

/** What is expected of an example that isn't in EXAMPLES. */
const USUAL: Expected = { nodes: ['gpu-0', 'gpu-1', 'cpu-0'], gpus: [4], claims: [] };

const EXAMPLES: Readonly<Record<string, Expected>> = {
  'existing-claims': { ...USUAL, claims: ['datasets', 'models', 'adapters'].map((name) => claim('ml-shared', name)) },
  'qwen3-14b-k3s': { ...USUAL, nodes: ['t10-server'] },
};

/** A claim of shared storage. */
function claim(namespace: string, name: string) {
  const spec = {
    storageClassName: 'shared',
    accessModes: ['ReadWriteMany'],
    resources: { requests: { storage: '100Gi' } },
  };
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { namespace, name }, spec };
}

/** Synthesises an example into a folder of its own. */
function synthesise(example: string): { folder: string; manifests: Manifest[] } {
  const folder = mkdtempSync(join(tmpdir(), `${example}-`));
  execFileSync('npx', ['tsx', join('examples', example, 'main.ts')], {
    cwd: ROOT,
    env: { ...process.env, CDK8S_OUTDIR: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return { folder, manifests: readManifests(folder) };
}

/** The GPUs of each training pod that some objects make. */
function gpusOf(manifests: readonly Manifest[]): number[] {
  return workloads(manifests)
    .map(({ template }) => gpus(template.spec))
    .filter((count) => count > 0);
}

const examples = readdirSync(join(ROOT, 'examples')).filter((name) =>
  existsSync(join(ROOT, 'examples', name, 'main.ts')),
);

describe.each(examples)('example %s', (example) => {
  const expected = EXAMPLES[example] ?? USUAL;
  let folder: string;
  let manifests: Manifest[];
  let namespaces: string[];

  beforeAll(() => {
    ({ folder, manifests } = synthesise(example));
    namespaces = namespacesOf(manifests);
    onlyNodes(expected.nodes);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('asks for the GPUs it is written for', () => {
    expect(gpusOf(manifests)).toEqual(expected.gpus);
  });

  test('has every ConfigMap, Secret and claim its pods name', () => {
    expect(danglingReferences([...manifests, ...expected.claims])).toEqual([]);
  });

  describe.each([
    { how: 'kubectl apply', options: [], again: /^\S+ unchanged$/ },
    {
      how: 'kubectl apply --server-side --validate=strict',
      options: ['--server-side', '--validate=strict'],
      again: /^\S+ serverside-applied$/,
    },
  ])('by $how', ({ options, again }) => {
    const apply = () => kubectl(['apply', ...options, '-f', folder]);

    beforeAll(() => {
      startAfresh([...manifests, ...expected.claims]);
      kubectl(['apply', '-f', '-'], expected.claims);
    });

    test('is taken without a warning', () => {
      expect(apply()).toMatchObject({ status: 0, stderr: '' });
    });

    test('has pods that a restricted namespace admits', () => {
      expect(refusedPods(manifests)).toEqual([]);
    });

    test('completes every Job', async () => {
      expect(await unfinished(namespaces)).toEqual([]);
    });

    test('puts its pods on the nodes it is written for', () => {
      expect(pods(namespaces).filter(({ spec }) => !expected.nodes.includes(spec?.nodeName ?? ''))).toEqual([]);
    });

    test('gives each training pod its GPUs', () => {
      const counts = pods(namespaces).map(({ spec }) => gpus(spec));
      expect(counts.filter((count) => count > 0)).toEqual(expected.gpus);
    });

    test('brings the pods of a ReadWriteOnce claim to one node', () => {
      expect(scatteredClaims(namespaces)).toEqual([]);
    });

    test('is stored with every field that was sent', () => {
      expect(lostFields(manifests)).toEqual([]);
    });

    test('changes nothing when applied again', () => {
      const before = readBack(manifests);
      const { stdout } = apply();
      expect(stdout.trim().split('\n')).toEqual(manifests.map(() => expect.stringMatching(again)));
      expect(readBack(manifests)).toEqual(before);
    });
  });
});

describe('a check fails', () => {
  let manifests: Manifest[];

  beforeAll(() => {
    const { folder, ...synthesised } = synthesise('qwen3-14b-t10');
    manifests = synthesised.manifests;
    rmSync(folder, { recursive: true });
    onlyNodes(USUAL.nodes);
  });

  /** The example's objects after a change to the pods of its training Job. */
  const broken = (change: (pod: PodSpec) => void): Manifest[] =>
    structuredClone(manifests).map((manifest) => {
      const pod = manifest.spec?.template?.spec;
      if (pod !== undefined && gpus(pod) > 0) change(pod);
      return manifest;
    });

  /** What is said of the objects some seconds after they were applied, when all that can run has. */
  const applied = async (objects: readonly Manifest[]): Promise<string> => {
    startAfresh(objects);
    kubectl(['apply', '-f', '-'], objects);
    return (await unfinished(namespacesOf(objects), 15)).join('\n');
  };

  test('for more GPUs than a node has', async () => {
    const objects = broken((pod) => {
      for (const { resources } of pod.containers) {
        for (const amounts of [resources?.limits, resources?.requests]) {
          if (amounts?.['nvidia.com/gpu'] !== undefined) amounts['nvidia.com/gpu'] = '8';
        }
      }
    });
    expect(await applied(objects)).toMatch(/Insufficient nvidia\.com\/gpu/);
    expect(gpusOf(objects)).not.toEqual(USUAL.gpus);
  });

  test('without the toleration', async () => {
    const objects = broken((pod) => {
      pod.tolerations = [];
    });
    expect(await applied(objects)).toMatch(/untolerated taint/);
  });

  test('without the seccomp profile', () => {
    const objects = broken((pod) => {
      for (const { securityContext } of [pod, ...(pod.initContainers ?? []), ...pod.containers]) {
        delete securityContext?.seccompProfile;
      }
    });
    startAfresh(manifests);
    kubectl(['apply', '-f', '-'], manifests);
    expect(refusedPods(objects)).toEqual([expect.stringMatching(/violates PodSecurity "restricted:latest": seccomp/)]);
  });

  test('for a ConfigMap of another name', () => {
    const objects = broken((pod) => {
      for (const { configMap } of pod.volumes ?? []) {
        if (configMap !== undefined) configMap.name = 'other';
      }
    });
    expect(danglingReferences(objects)).toContainEqual(expect.stringMatching(/names ConfigMap\/other, which is not/));
  });

  test('for an image volume, which the API server drops without a word before 1.35', () => {
    const objects = broken((pod) => {
      // The types are older than image volumes.
      const volume = { name: 'model', image: { reference: 'registry.example/model:1' } };
      pod.volumes = [...(pod.volumes ?? []), volume];
    });
    startAfresh(manifests);
    expect(kubectl(['apply', '--server-side', '--validate=strict', '-f', '-'], objects).status).toBe(0);
    expect(lostFields(objects)).toEqual(
      serverMinor() < 35 ? [expect.stringMatching(/^Job\/.*\/spec\/template\/spec\/volumes/)] : [],
    );
  });
});
