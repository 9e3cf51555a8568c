import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PodSpec } from 'kubernetes-types/core/v1';
import {
  freshNamespaces,
  kubectl,
  lostFields,
  onlyNodes,
  placements,
  readBack,
  refusedPods,
  serverMinor,
  unfinished,
} from './cluster';
import { danglingReferences, gpus, type Manifest, missing, readManifests, workloads } from './manifest';

const ROOT = join(__dirname, '../..');
const POOL = ['gpu-0', 'gpu-1', 'cpu-0'];

/** What an example is written for: the nodes of its cluster, and the GPUs of each of its training pods. */
const EXAMPLES: Readonly<Record<string, { nodes: readonly string[]; gpus: readonly number[] }>> = {
  'qwen3-14b-t10': { nodes: POOL, gpus: [4] },
  'qwen3-14b-k3s': { nodes: ['t10-server'], gpus: [4] },
};

const examples = readdirSync(join(ROOT, 'test/cluster/dev')).filter((name) =>
  existsSync(join(ROOT, 'test/cluster/dev', name, 'main.ts')),
);

/** Synthesises an example into a folder of its own. */
function synthesise(example: string): { folder: string; manifests: Manifest[]; namespaces: string[] } {
  const folder = mkdtempSync(join(tmpdir(), `${example}-`));
  execFileSync('npx', ['tsx', join('test/cluster/dev', example, 'main.ts')], {
    cwd: ROOT,
    env: { ...process.env, CDK8S_OUTDIR: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const manifests = readManifests(folder);
  const namespaces = new Set(
    manifests.map(({ kind, metadata }) => {
      if (metadata.namespace === undefined) throw new Error(`${example}: ${kind}/${metadata.name} names no namespace`);
      return metadata.namespace;
    }),
  );
  return { folder, manifests, namespaces: [...namespaces] };
}

const gpusOf = (manifests: readonly Manifest[]): number[] =>
  workloads(manifests)
    .map(({ template }) => (template.spec ? gpus(template.spec) : 0))
    .filter((count) => count > 0);

describe.each(examples)('example %s', (example) => {
  const expected = EXAMPLES[example] ?? { nodes: POOL, gpus: [] };
  let folder: string;
  let manifests: Manifest[];
  let namespaces: string[];

  beforeAll(() => {
    ({ folder, manifests, namespaces } = synthesise(example));
    onlyNodes(expected.nodes);
  });

  test('asks for the GPUs it is written for', () => {
    expect(gpusOf(manifests)).toEqual(expected.gpus);
  });

  test('has every ConfigMap, Secret and claim its pods name', () => {
    expect(danglingReferences(manifests)).toEqual([]);
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

    beforeAll(() => freshNamespaces(namespaces));

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
      const pods = placements(namespaces);
      expect(pods.filter(({ node }) => !expected.nodes.includes(node))).toEqual([]);
      expect(pods.map((pod) => pod.gpus).filter((count) => count > 0)).toEqual(expected.gpus);
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
  const example = 'qwen3-14b-t10';
  let manifests: Manifest[];
  let namespaces: string[];

  beforeAll(() => {
    ({ manifests, namespaces } = synthesise(example));
    onlyNodes(POOL);
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
    freshNamespaces(namespaces);
    kubectl(['apply', '-f', '-'], objects);
    return (await unfinished(namespaces, 15)).join('\n');
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
    expect(gpusOf(objects)).not.toEqual(EXAMPLES[example]?.gpus);
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
    freshNamespaces(namespaces);
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
    freshNamespaces(namespaces);
    expect(kubectl(['apply', '--server-side', '--validate=strict', '-f', '-'], objects).status).toBe(0);
    expect(lostFields(objects)).toEqual(
      serverMinor() < 35 ? [expect.stringMatching(/^Job\/.*\/spec\/template\/spec\/volumes/)] : [],
    );
  });
});
