import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigMap, PodSpec, Volume } from 'kubernetes-types/core/v1';
import { parseAllDocuments, stringify } from 'yaml';
import type { Mapping } from '../../src/run/run';
import { REPOSITORY, temporaryFolder } from '../folder';
import {
  byKind,
  configMapWith,
  containerOf,
  deepspeedOf,
  envOf,
  jobOf,
  type Manifests,
  trainConfigOf,
} from '../synthesis';

const folder = temporaryFolder();
const EXAMPLES = readdirSync(join(REPOSITORY, 'examples')).filter((name) =>
  existsSync(join(REPOSITORY, 'examples', name, 'main.ts')),
);
const GiB = 2 ** 30;

/** What a file of manifests holds, by the file's name. */
type Files = Readonly<Record<string, Manifests>>;

/** Runs an example's program in this process, into a folder of its own. */
function synthesise(name: string): { files: Files; printed: string } {
  const outdir = join(folder, name);
  mkdirSync(outdir);
  process.env['CDK8S_OUTDIR'] = outdir;
  const written: string[] = [];
  const stderr = jest.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  try {
    jest.isolateModules(() => require(join(REPOSITORY, 'examples', name, 'main.ts')));
  } finally {
    stderr.mockRestore();
    delete process.env['CDK8S_OUTDIR'];
  }
  const files = readdirSync(outdir).map((file) => [file, manifestsIn(join(outdir, file))]);
  return { files: Object.fromEntries(files), printed: written.join('') };
}

function manifestsIn(path: string): Manifests {
  return byKind(parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS()));
}

/** The manifests for a reader: what stands in files of this repository is only named. */
function readable(files: Files): string {
  return Object.entries(files)
    .map(
      ([name, { all }]) =>
        `# ${name}\n${all.map((object) => stringify(shortened(object), { lineWidth: 0 })).join('---\n')}`,
    )
    .join('\n');
}

const runtime = new Map(
  ['launch.sh', 'diagnose.py', 'exit-codes.json', 'wait-for.sh', 'prepare.py'].map((name) => [
    readFileSync(join(REPOSITORY, 'runtime', name), 'utf8'),
    `(runtime/${name})`,
  ]),
);

function shortened(object: Manifests['all'][number]): object {
  const { data } = object;
  if (data === undefined) return object;
  const texts = Object.entries(data).map(([key, text]) => [
    key,
    runtime.get(text) ?? (text.length > 10_000 ? `(${text.split('\n').length} lines)` : text),
  ]);
  return { ...object, data: Object.fromEntries(texts) };
}

/** The entries of dataset_info.json. */
function datasetsOf(manifests: Manifests): Readonly<Record<string, Mapping>> {
  return JSON.parse(configMapWith(manifests, 'train_config.yaml').data?.['dataset_info.json'] ?? '');
}

/** A size as Kubernetes writes it, in bytes. */
function bytes(quantity: string | undefined): number {
  const [, number = '', unit = ''] = /^(\d+)(Gi|Mi)$/.exec(quantity ?? '') ?? [];
  return Number(number) * (unit === 'Gi' ? GiB : 2 ** 20);
}

describe.each(EXAMPLES)('%s', (name) => {
  const { files, printed } = synthesise(name);
  const manifests = byKind(Object.values(files).flatMap(({ all }) => all));
  const train = jobOf(manifests, 'train');
  const pods = manifests.jobs.map((job): PodSpec => job.spec?.template.spec ?? { containers: [] });
  const containers = pods.flatMap((pod) => [...(pod.initContainers ?? []), ...pod.containers]);
  const trainer = containerOf(train);
  const volumes = train.spec?.template.spec?.volumes ?? [];

  test('is written as it was', () => {
    expect(readable(files)).toMatchSnapshot();
  });

  test('has nothing to warn of', () => {
    expect(printed).toBe('');
  });

  test('trains on four GPUs', () => {
    expect(trainer.resources?.limits?.['nvidia.com/gpu']).toBe('4');
    expect(envOf(trainer)['NPROC_PER_NODE']).toBe('4');
  });

  test('asks for GPUs in the trainer alone', () => {
    expect(
      containers.filter(({ resources }) => resources?.limits?.['nvidia.com/gpu']).map((each) => each.name),
    ).toEqual(['trainer']);
  });

  test('requests what it is limited to, in every container', () => {
    for (const { resources } of containers) expect(resources?.requests).toEqual(resources?.limits);
  });

  test('keeps to Pod Security’s restricted level', () => {
    for (const pod of pods) {
      expect(pod.securityContext).toEqual(
        expect.objectContaining({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }),
      );
      expect(pod.securityContext?.runAsUser).toBeGreaterThan(0);
      expect(pod.automountServiceAccountToken).toBe(false);
    }
    for (const { securityContext } of containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
    const kinds = new Set(
      pods.flatMap((pod) => pod.volumes ?? []).flatMap(({ name: _, ...kind }) => Object.keys(kind)),
    );
    expect([...kinds].filter((kind) => !['configMap', 'emptyDir', 'persistentVolumeClaim'].includes(kind))).toEqual([]);
  });

  test('counts the memory of /dev/shm in that of the trainer', () => {
    const shared = volumes.find((volume) => volume.name === 'shm')?.emptyDir;
    expect(shared?.medium).toBe('Memory');
    expect(trainer.volumeMounts).toContainEqual({ name: 'shm', mountPath: '/dev/shm' });
    const rest = bytes(trainer.resources?.limits?.['memory']) - bytes(shared?.sizeLimit);
    // twice four ranks' eight connections of 10 MiB, and 64 MiB
    expect(bytes(shared?.sizeLimit)).toBe(704 * 2 ** 20);
    // what one rank with offload was measured to take (measurements/whole-runs.jsonl), and three more of 3.6 GB
    expect(rest).toBeGreaterThanOrEqual(19.54e9 + 3 * 3.6e9);
  });

  test("leaves its author's server, 58 GiB and 40 CPUs, room for the CPU Job", () => {
    expect(bytes(trainer.resources?.limits?.['memory'])).toBeLessThanOrEqual((58 - 4) * GiB);
    expect(Number(trainer.resources?.limits?.['cpu'])).toBeLessThanOrEqual(38);
  });

  test('says how often it tries, and never has two pods at once', () => {
    for (const { spec } of manifests.jobs) {
      expect(spec?.backoffLimit).toBeGreaterThan(0);
      expect(spec?.podReplacementPolicy).toBe('Failed');
      expect(spec?.template.spec?.restartPolicy).toBe('Never');
    }
  });

  test('pins its images', () => {
    for (const { image } of containers) expect(image).toMatch(/:(?!latest$)[\w.-]+$/);
  });

  test('holds no secret value', () => {
    expect(manifests.all.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    const secret = /TOKEN|SECRET|PASSWORD|CREDENTIAL|API_KEY/;
    expect(containers.flatMap(({ env }) => env ?? []).filter((each) => secret.test(each.name) && each.value)).toEqual(
      [],
    );
  });

  test('has its claims and volumes in the storage file, and nothing else there', () => {
    for (const [file, { all }] of Object.entries(files)) {
      const kinds = new Set(all.map(({ kind }) => kind));
      const storage = kinds.has('PersistentVolumeClaim') || kinds.has('PersistentVolume');
      expect(storage).toBe(file.includes('-storage.'));
      if (storage) expect([...kinds].every((kind) => kind.startsWith('PersistentVolume'))).toBe(true);
    }
  });

  test('has its objects in one namespace, but for volumes', () => {
    const namespaces = manifests.all.map(({ kind, metadata }) =>
      kind === 'PersistentVolume' ? 'none' : metadata.namespace,
    );
    expect(new Set(namespaces.filter((namespace) => namespace !== 'none')).size).toBe(1);
    for (const { metadata } of manifests.volumes) expect(metadata).not.toHaveProperty('namespace');
  });

  test('quantises to 4 bits in the way that LLaMA-Factory knows', () => {
    expect(trainConfigOf(manifests)).toEqual(
      expect.objectContaining({ quantization_bit: 4, quantization_method: 'bnb' }),
    );
  });

  test('has every file that its arguments and data sets name mounted', () => {
    const paths = [
      ...Object.values(trainConfigOf(manifests)),
      ...Object.values(datasetsOf(manifests)).map((entry) => entry['file_name']),
      ...(trainer.command?.slice(1) ?? []),
      envOf(trainer)['TRAIN_CONFIG'],
    ].filter((value): value is string => typeof value === 'string' && value.startsWith('/'));
    expect(paths.length).toBeGreaterThanOrEqual(6);
    expect(paths.filter((path) => !isMounted(path))).toEqual([]);
  });

  test('has every cache and the home in a place that can be written', () => {
    const places = Object.entries(envOf(trainer)).filter(([key]) => /HOME|CACHE|TMPDIR|_DIR$|CONFIGDIR/.test(key));
    expect(places.length).toBeGreaterThan(10);
    for (const [, path] of places) expect(volumeAt(path ?? '')?.volume).toEqual(expect.not.objectContaining(READ_ONLY));
  });

  test('follows the train arguments in batch size, accumulation and clipping', () => {
    expect(deepspeedOf(manifests)).toEqual(
      expect.objectContaining({
        train_batch_size: 'auto',
        train_micro_batch_size_per_gpu: 'auto',
        gradient_accumulation_steps: 'auto',
        gradient_clipping: 'auto',
      }),
    );
  });

  const READ_ONLY = { persistentVolumeClaim: expect.objectContaining({ readOnly: true }) };

  /** The volume that a path of the trainer lies in, and the path inside it. */
  function volumeAt(path: string): { volume: Volume; inside: string } | undefined {
    const mount = (trainer.volumeMounts ?? [])
      .filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`))
      .sort((a, b) => b.mountPath.length - a.mountPath.length)[0];
    const volume = volumes.find((each) => each.name === mount?.name);
    if (mount === undefined || volume === undefined) return undefined;
    return { volume, inside: mount.subPath ?? path.slice(mount.mountPath.length + 1) };
  }

  /** True for a path on a claim, and for a file or the folder of a ConfigMap. */
  function isMounted(path: string): boolean {
    const found = volumeAt(path);
    if (found?.volume.configMap === undefined) return found !== undefined;
    const { data } = configMapOf(found.volume.configMap.name);
    return found.inside === '' || found.inside in (data ?? {});
  }

  function configMapOf(configMap: string | undefined): ConfigMap {
    return manifests.configMaps.find(({ metadata }) => metadata?.name === configMap) ?? {};
  }
});

test('the smoke run ends after ten steps, having saved and evaluated on the way', () => {
  expect(trainConfigOf(written('smoke'))).toEqual(
    expect.objectContaining({ max_steps: 10, save_steps: 5, eval_steps: 5 }),
  );
});

test('the k3s server is named, with the model on its disk and the runtime class that its pods need', () => {
  const manifests = written('qwen3-14b-k3s');
  const pod = jobOf(manifests, 'train').spec?.template.spec;
  expect(pod?.nodeSelector).toEqual({ 'kubernetes.io/hostname': 't10-server' });
  expect(pod?.runtimeClassName).toBe('nvidia');
  const terms = pod?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  expect(terms?.flatMap(({ matchExpressions }) => matchExpressions?.map(({ operator }) => operator))).toEqual([
    'NotIn',
    'NotIn',
  ]);
  expect(manifests.volumes.map(({ spec }) => spec?.local?.path)).toEqual(['/home/me/.cache/modelscope/hub/models']);
});

test('existing claims are mounted, and none is made', () => {
  const manifests = written('existing-claims');
  const claims = jobOf(manifests, 'train').spec?.template.spec?.volumes?.flatMap(
    ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [],
  );
  expect(claims?.sort()).toEqual(['adapters', 'datasets', 'models']);
  expect(manifests.claims).toEqual([]);
});

/** What an example's program has written. */
function written(name: string): Manifests {
  return byKind(readdirSync(join(folder, name)).flatMap((file) => manifestsIn(join(folder, name, file)).all));
}
