import { join } from 'node:path';
import { Chart, Duration, Size } from 'cdk8s';
import { Secret } from 'cdk8s-plus-28';
import {
  FineTuningJob,
  Gpu,
  type Model,
  ModelCache,
  NodePool,
  QwenModel,
  Source,
  TrainConfig,
  TrainerImage,
} from '../src';
import { KEEP } from '../src/tree/claim';
import { temporaryFolder, write } from './folder';
import {
  chartOf,
  configMapWith,
  containerOf,
  envOf,
  findingsWith,
  jobOf,
  manifestsOf,
  mathDataset,
  mathRun,
  only,
  trainConfigOf,
} from './synthesis';

/** A run with a cache, as manifests. */
function withCache(cache: (chart: Chart) => ModelCache, props: Parameters<typeof mathRun>[1] = {}) {
  const { app, chart } = chartOf();
  const modelCache = cache(chart);
  mathRun(chart, { modelCache, ...props });
  return { app, chart, modelCache, manifests: manifestsOf(app) };
}
const claimOf = (manifests: ReturnType<typeof manifestsOf>, name: string) =>
  only(manifests.claims.filter(({ metadata }) => metadata?.name === name));
const requestOf = (manifests: ReturnType<typeof manifestsOf>) =>
  JSON.parse(configMapWith(manifests, 'request.json').data?.['request.json'] ?? '');
const volumeOf = (manifests: ReturnType<typeof manifestsOf>, name: string) =>
  only((jobOf(manifests, 'train').spec?.template.spec?.volumes ?? []).filter((volume) => volume.name === name));
const OWN_IMAGE = {
  image: TrainerImage.custom('example/own:1', { bitsandbytes: '0.49.2', deepspeed: '0.18.4', cudaToolkit: true }),
};

const configs = temporaryFolder();

describe('a cache that is filled', () => {
  test('is a claim of 60 GiB that one node may write to', () => {
    const { manifests, modelCache } = withCache((chart) => new ModelCache(chart, 'models'));
    expect(claimOf(manifests, modelCache.claimName).spec).toEqual({
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '60Gi' } },
    });
  });

  test('has a size that holds the models of all runs, with room to spare', () => {
    const sizeWith = (...models: Model[]) => {
      const { app, chart } = chartOf();
      const shared = { modelCache: new ModelCache(chart, 'models'), dataset: mathDataset(chart) };
      for (const [i, model] of models.entries()) mathRun(chart, { ...shared, model }, `run-${i}`);
      return claimOf(manifestsOf(app), 'finetune-models').spec?.resources?.requests?.['storage'];
    };
    // 1.5 x 27.5 GiB, and with 15.3 GiB more
    expect(sizeWith(QwenModel.QWEN3_14B, QwenModel.QWEN3_14B)).toBe('60Gi');
    expect(sizeWith(QwenModel.QWEN3_14B, QwenModel.QWEN3_8B)).toBe('120Gi');
  });

  describe('and is too small', () => {
    const foundWith = (gibibytes: number, ...runs: Parameters<typeof mathRun>[1][]) => {
      const { app, chart } = chartOf();
      const modelCache = new ModelCache(chart, 'models', { size: Size.gibibytes(gibibytes) });
      const dataset = mathDataset(chart);
      for (const [i, props] of runs.entries()) mathRun(chart, { modelCache, dataset, ...props }, `run-${i}`);
      return findingsWith(app, 'model-cache-too-small');
    };
    const models = [{ model: QwenModel.QWEN3_14B }, { model: QwenModel.QWEN3_8B }, { model: QwenModel.QWEN3_0_6B }];

    test('says so once, with the sum of what its runs need', () => {
      expect(foundWith(40, ...models)).toEqual([
        expect.objectContaining({
          path: 'finetune/models',
          key: 'size',
          message:
            'the models and packages take more than the volume holds: modelscope/Qwen/Qwen3-14B/master 27.6 + packages 0.2 + modelscope/Qwen/Qwen3-8B/master 15.3 + modelscope/Qwen/Qwen3-0.6B/master 1.2 GiB',
          got: '40.0 GiB',
          allowed: 'at least 44.0 GiB',
        }),
      ]);
    });

    test('counts what runs share once', () => {
      expect(foundWith(30, models[0], { ...models[0], gpus: 2 })).toEqual([]);
    });

    test('counts no packages that the image has', () => {
      expect(foundWith(27.6, models[0])).toHaveLength(1);
      expect(foundWith(27.6, { ...models[0], ...OWN_IMAGE })).toEqual([]);
    });

    test('says nothing of files that are quantised, whose size is not reckoned', () => {
      const { app, chart } = chartOf();
      const source = Source.modelScope({ repository: 'Qwen/Qwen3-14B-AWQ' });
      mathRun(chart, { modelCache: new ModelCache(chart, 'models', { source, size: Size.gibibytes(12) }) });
      expect(findingsWith(app, 'model-cache-too-small')).toEqual([]);
    });
  });

  test('has the size, class and access mode given', () => {
    const { manifests } = withCache(
      (chart) =>
        new ModelCache(chart, 'models', {
          size: Size.gibibytes(200),
          storageClassName: 'nfs',
          readWriteMany: true,
        }),
    );
    expect(claimOf(manifests, 'finetune-models').spec).toEqual({
      accessModes: ['ReadWriteMany'],
      resources: { requests: { storage: '200Gi' } },
      storageClassName: 'nfs',
    });
  });

  test('says that it is filled', () => {
    expect(new ModelCache(chartOf().chart, 'models').filled).toBe(true);
  });

  test('is filled from ModelScope by one CPU Job', () => {
    const { manifests } = withCache((chart) => new ModelCache(chart, 'models'));
    expect(requestOf(manifests).model).toEqual({
      hub: 'modelscope',
      repository: 'Qwen/Qwen3-14B',
      revision: 'master',
      directory: '/models/modelscope/Qwen/Qwen3-14B/master',
      maxBytes: 60 * 2 ** 30,
      maxSeconds: 44_305,
    });
    expect(containerOf(jobOf(manifests, 'prepare')).resources?.limits).not.toHaveProperty('nvidia.com/gpu');
  });

  test('is filled from Hugging Face, a mirror and a revision where asked', () => {
    const source = Source.huggingFace({
      repository: 'mirror/Qwen3-14B',
      revision: 'abc',
      endpoint: 'https://hub.example.com',
    });
    const { manifests } = withCache((chart) => new ModelCache(chart, 'models', { source }));
    expect(requestOf(manifests).model).toEqual({
      hub: 'huggingface',
      repository: 'mirror/Qwen3-14B',
      revision: 'abc',
      endpoint: 'https://hub.example.com',
      directory: '/models/huggingface/mirror/Qwen3-14B/abc',
      maxBytes: 60 * 2 ** 30,
      maxSeconds: 44_305,
    });
  });

  test.each([
    ['ModelScope', Source.modelScope, 'MODELSCOPE_API_TOKEN'],
    ['Hugging Face', Source.huggingFace, 'HF_TOKEN'],
  ])('gets the token of %s by reference, and no other pod does', (_, hub, variable) => {
    const { chart: other } = chartOf();
    const source = hub({ token: { secret: Secret.fromSecretName(other, 'hub', 'hub-token'), key: 'token' } });
    const { manifests } = withCache((chart) => new ModelCache(chart, 'models', { source }));
    const reference = { name: variable, valueFrom: { secretKeyRef: { name: 'hub-token', key: 'token' } } };
    expect(containerOf(jobOf(manifests, 'prepare')).env).toContainEqual(reference);
    expect(JSON.stringify(jobOf(manifests, 'train'))).not.toContain('hub-token');
  });

  test('is read by the trainer from the directory that the Job fills', () => {
    const { manifests } = withCache((chart) => new ModelCache(chart, 'models'));
    expect(trainConfigOf(manifests)['model_name_or_path']).toBe(requestOf(manifests).model.directory);
  });

  test('is waited for by marker files of model and packages', () => {
    const { manifests } = withCache((chart) => new ModelCache(chart, 'models'));
    const wait = only(jobOf(manifests, 'train').spec?.template.spec?.initContainers ?? []);
    const { model, packages } = requestOf(manifests);
    expect(wait.command).toEqual([
      'sh',
      '/opt/launch/wait-for.sh',
      `${model.directory}/.complete`,
      `${packages.directory}/.complete`,
    ]);
  });

  test('holds the packages that the image lacks, which the trainer has on its PYTHONPATH', () => {
    const { manifests } = withCache((chart) => new ModelCache(chart, 'models'));
    const { packages } = requestOf(manifests);
    expect(packages.directory).toMatch(/^\/models\/\.packages\/[0-9a-f]{10}$/);
    expect(envOf(containerOf(jobOf(manifests, 'train')))['PYTHONPATH']).toBe(packages.directory);
    expect(configMapWith(manifests, 'prepare.py').data?.['requirements.txt']).toMatch(
      /bitsandbytes==\S+ --hash=sha256:/,
    );
  });

  test('holds no packages where the image has them', () => {
    const { manifests } = withCache((chart) => new ModelCache(chart, 'models'), OWN_IMAGE);
    expect(requestOf(manifests)).not.toHaveProperty('packages');
    expect(configMapWith(manifests, 'prepare.py').data).not.toHaveProperty('requirements.txt');
    expect(envOf(containerOf(jobOf(manifests, 'train')))).not.toHaveProperty('PYTHONPATH');
  });

  test('holds no packages where nothing is quantised', () => {
    const { app, chart } = chartOf();
    new FineTuningJob(chart, 'math', {
      model: QwenModel.QWEN3_0_6B,
      nodePool: NodePool.of(Gpu.T10),
      dataset: mathDataset(chart),
      train: { stage: 'sft', doTrain: true, template: 'qwen3' },
    });
    expect(requestOf(manifestsOf(app))).not.toHaveProperty('packages');
  });

  test('holds no packages where the train config takes quantisation back by null', () => {
    const requestWith = (keys: string) => {
      const { app, chart } = chartOf();
      const folder = write(configs, {
        'train.yaml': `stage: sft\ndo_train: true\ntemplate: qwen3\n${keys}\n`,
      });
      new FineTuningJob(chart, 'math', {
        model: QwenModel.QWEN3_0_6B,
        nodePool: NodePool.of(Gpu.T10),
        dataset: mathDataset(chart),
        trainConfig: TrainConfig.fromYaml(join(folder, 'train.yaml')),
      });
      return requestOf(manifestsOf(app));
    };
    expect(requestWith('quantization_bit: 4')).toHaveProperty('packages');
    expect(requestWith('quantization_bit: null')).not.toHaveProperty('packages');
  });

  test('installs from the package index given', () => {
    const { manifests } = withCache((chart) => new ModelCache(chart, 'models'), {
      packageIndex: 'https://pypi.example.com/simple',
    });
    expect(requestOf(manifests).packages.indexUrl).toBe('https://pypi.example.com/simple');
  });

  test('is shared by runs: one Job fills it', () => {
    const { app, chart } = chartOf();
    const modelCache = new ModelCache(chart, 'models');
    const dataset = mathDataset(chart);
    mathRun(chart, { modelCache, dataset }, 'a');
    mathRun(chart, { modelCache, dataset, gpus: 2 }, 'b');
    expect(manifestsOf(app).jobs.map(({ metadata }) => metadata?.name?.replace(/-[0-9a-f]+$/, ''))).toEqual([
      'finetune-models-prepare',
      'finetune-a',
      'finetune-b',
    ]);
  });

  test('is filled by one Job for runs whose labels and annotations differ', () => {
    const { app, chart } = chartOf();
    const shared = { modelCache: new ModelCache(chart, 'models'), dataset: mathDataset(chart) };
    mathRun(chart, { ...shared, labels: { team: 'a' } }, 'a');
    mathRun(chart, { ...shared, annotations: { note: 'b' } }, 'b');
    const { metadata } = jobOf(manifestsOf(app), 'prepare');
    expect(metadata?.labels).not.toHaveProperty('team');
    expect(metadata).not.toHaveProperty('annotations');
  });

  test('is filled within what it holds, and within the time that this takes at the least speed', () => {
    const { manifests } = withCache((chart) => new ModelCache(chart, 'models', { size: Size.gibibytes(80) }));
    expect(requestOf(manifests).model).toMatchObject({ maxBytes: 80 * 2 ** 30, maxSeconds: 44_305 });
    // An hour for the packages, and one to begin with.
    expect(jobOf(manifests, 'prepare').spec?.activeDeadlineSeconds).toBe(44_305 + 7200);
  });

  test('is filled within the time given, which its download stays below', () => {
    const prepareDeadline = Duration.hours(4);
    const { manifests } = withCache((chart) => new ModelCache(chart, 'models', { prepareDeadline }));
    expect(jobOf(manifests, 'prepare').spec?.activeDeadlineSeconds).toBe(4 * 3600);
    expect(requestOf(manifests).model.maxSeconds).toBe(Math.floor((4 * 3600 * 44_305) / (44_305 + 7200)));
  });

  test('gives its labels and annotations to its claim, and to the Job and the pod that fill it', () => {
    const own = { labels: { team: 'a' }, annotations: { note: 'b' } };
    const { manifests } = withCache((chart) => new ModelCache(chart, 'models', own));
    const { metadata, spec } = jobOf(manifests, 'prepare');
    for (const each of [metadata, spec?.template.metadata, claimOf(manifests, 'finetune-models').metadata]) {
      expect(each).toEqual(
        expect.objectContaining({
          labels: expect.objectContaining(own.labels),
          annotations: expect.objectContaining(own.annotations),
        }),
      );
    }
  });

  test('is filled by a Job for each user that a run has, and their files are one ConfigMap', () => {
    const { app, chart } = chartOf();
    const shared = { modelCache: new ModelCache(chart, 'models'), dataset: mathDataset(chart) };
    mathRun(chart, shared, 'a');
    mathRun(chart, { ...shared, runAsUser: 2000 }, 'b');
    const { jobs, configMaps } = manifestsOf(app);
    expect(jobs.filter(({ metadata }) => metadata?.name?.includes('prepare'))).toHaveLength(2);
    expect(configMaps.filter(({ data }) => data?.['request.json'])).toHaveLength(1);
  });

  test('has a Job for each model in it', () => {
    const { app, chart } = chartOf();
    const modelCache = new ModelCache(chart, 'models');
    const dataset = mathDataset(chart);
    mathRun(chart, { modelCache, dataset }, 'a');
    mathRun(chart, { modelCache, dataset, model: QwenModel.QWEN3_8B }, 'b');
    const jobs = manifestsOf(app).jobs.map(({ metadata }) => metadata?.name);
    expect(jobs.filter((name) => name?.startsWith('finetune-models-prepare'))).toHaveLength(2);
  });
});

describe('a cache that is filled from a web server', () => {
  const SHA = 'a'.repeat(64);
  const FILES = { 'config.json': SHA, 'model.safetensors': 'b'.repeat(64) };
  const web = (files: Record<string, string>, endpoint = 'http://files.example.com:8080/qwen') =>
    withCache((chart) => new ModelCache(chart, 'models', { source: Source.http({ endpoint, files }) }));

  test('has its files fetched by their hashes, to a directory called after them', () => {
    const { manifests } = web(FILES);
    expect(requestOf(manifests).model).toEqual({
      hub: 'http',
      files: FILES,
      endpoint: 'http://files.example.com:8080/qwen',
      directory: expect.stringMatching(/^\/models\/http\/[0-9a-f]{10}$/),
      maxBytes: 60 * 2 ** 30,
      maxSeconds: 44_305,
    });
    expect(trainConfigOf(manifests)['model_name_or_path']).toBe(requestOf(manifests).model.directory);
  });

  test('is another model with other bytes, and the same from another address', () => {
    const placeOf = (run: ReturnType<typeof web>) => [
      requestOf(run.manifests).model.directory,
      jobOf(run.manifests, 'train').metadata?.labels?.['cdk8s-llamafactory/run'],
    ];
    const [directory, run] = placeOf(web(FILES));
    const other = placeOf(web({ ...FILES, 'config.json': 'c'.repeat(64) }));
    expect(other).not.toContain(directory);
    expect(other).not.toContain(run);
    expect(placeOf(web(FILES, 'https://mirror.example.com'))).toEqual([directory, run]);
  });

  test('without a config.json is an error', () => {
    const { app, chart } = chartOf();
    new ModelCache(chart, 'models', {
      source: Source.http({ endpoint: 'https://x.example.com', files: { 'a.bin': SHA } }),
    });
    expect(findingsWith(app, 'invalid-source')).toEqual([
      expect.objectContaining({
        path: 'finetune/models',
        key: 'source.files',
        got: 'a.bin',
        allowed: 'config.json among the files',
      }),
    ]);
  });
});

test.each<[string, (chart: Chart, revision?: string) => ModelCache]>([
  [
    'a claim',
    (chart, revision) => ModelCache.fromClaim(chart, 'models', { claimName: 'models', modelPath: 'qwen', revision }),
  ],
  [
    'a node',
    (chart, revision) => ModelCache.onNode(chart, 'models', { hostname: 'server', path: '/models', revision }),
  ],
])('another revision of the model on %s is another run, on the same volume', (_, cache) => {
  const namesOf = (revision?: string) => {
    const { manifests, modelCache } = withCache((chart) => cache(chart, revision));
    return [modelCache.claimName, jobOf(manifests, 'train').metadata?.labels?.['cdk8s-llamafactory/run']];
  };
  const [claim, run] = namesOf();
  expect(namesOf('2')).toEqual([claim, expect.not.stringMatching(new RegExp(`^${run}$`))]);
  expect(namesOf('2')).toEqual(namesOf('2'));
  expect(namesOf('2')).not.toEqual(namesOf('3'));
});

describe('a claim that exists', () => {
  const existing = (chart: Chart) =>
    ModelCache.fromClaim(chart, 'models', { claimName: 'shared.models', modelPath: 'Qwen/Qwen3-14B' });

  test('is mounted, and nothing is made for it', () => {
    const { manifests, modelCache } = withCache(existing);
    expect(modelCache.claimName).toBe('shared.models');
    expect(modelCache.filled).toBe(false);
    expect(volumeOf(manifests, 'models').persistentVolumeClaim).toEqual({ claimName: 'shared.models', readOnly: true });
    expect(manifests.claims.map(({ metadata }) => metadata?.name)).toEqual(['finetune-math-saves']);
  });

  test('holds the model where it was said to be', () => {
    expect(trainConfigOf(withCache(existing).manifests)['model_name_or_path']).toBe('/models/Qwen/Qwen3-14B');
  });

  test('is not written to: packages go beside the adapters', () => {
    const { manifests } = withCache(existing);
    expect(requestOf(manifests)).toEqual({
      packages: expect.objectContaining({ directory: expect.stringMatching(/^\/saves\/\.packages\//) }),
    });
    const target = only(
      (jobOf(manifests, 'prepare').spec?.template.spec?.volumes ?? []).filter(({ name }) => name === 'target'),
    );
    expect(target.persistentVolumeClaim).toEqual({ claimName: 'finetune-math-saves' });
  });

  test('has nothing to wait for where the image has all packages', () => {
    const { manifests } = withCache(existing, OWN_IMAGE);
    expect(manifests.jobs).toHaveLength(1);
    expect(jobOf(manifests, 'train').spec?.template.spec).not.toHaveProperty('initContainers');
  });

  test('is not looked for among the objects made here', () => {
    expect(findingsWith(withCache(existing).app, 'missing-reference')).toEqual([]);
  });
});

describe('a directory on a node', () => {
  const onNode = (chart: Chart) =>
    ModelCache.onNode(chart, 'models', { hostname: 'server', path: '/home/me/.cache/modelscope/hub/models' });

  test('is a local volume of that node, kept when its claim goes, in no namespace', () => {
    const { manifests } = withCache(onNode);
    expect(only(manifests.volumes)).toEqual({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: {
        name: expect.stringMatching(/^ml-finetune-models-[0-9a-f]{10}$/),
        labels: expect.objectContaining({ 'app.kubernetes.io/instance': 'finetune-models' }),
        annotations: KEEP,
      },
      spec: expect.objectContaining({
        capacity: { storage: '60Gi' },
        accessModes: ['ReadOnlyMany'],
        persistentVolumeReclaimPolicy: 'Retain',
        local: { path: '/home/me/.cache/modelscope/hub/models' },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['server'] }] },
            ],
          },
        },
      }),
    });
  });

  test('is bound to its claim, and the claim to it, with no class to make another', () => {
    const { manifests, modelCache } = withCache(onNode);
    expect(modelCache.claimName).toMatch(/^finetune-models-[0-9a-f]{10}$/);
    expect(only(manifests.volumes).spec?.claimRef).toEqual({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace: 'ml',
      name: modelCache.claimName,
    });
    expect(claimOf(manifests, modelCache.claimName).spec).toEqual({
      accessModes: ['ReadOnlyMany'],
      resources: { requests: { storage: '60Gi' } },
      storageClassName: '',
      volumeName: `ml-${modelCache.claimName}`,
    });
  });

  test.each([
    { hostname: 'other', path: '/models' },
    { hostname: 'server', path: '/other' },
  ])('in another place, %j, is another volume, another claim and another run', (place) => {
    const of = (where: typeof place) => withCache((chart) => ModelCache.onNode(chart, 'models', where));
    const [here, there] = [of({ hostname: 'server', path: '/models' }), of(place)];
    const namesOf = ({ manifests, modelCache }: typeof here) => [
      modelCache.claimName,
      only(manifests.volumes).metadata?.name,
      jobOf(manifests, 'train').metadata?.labels?.['cdk8s-llamafactory/run'],
    ];
    for (const [i, name] of namesOf(here).entries()) expect(namesOf(there)[i]).not.toBe(name);
  });

  test('has the size given', () => {
    const { manifests, modelCache } = withCache((chart) =>
      ModelCache.onNode(chart, 'models', { hostname: 'server', path: '/models', size: Size.gibibytes(40) }),
    );
    expect(only(manifests.volumes).spec?.capacity).toEqual({ storage: '40Gi' });
    expect(claimOf(manifests, modelCache.claimName).spec?.resources?.requests).toEqual({ storage: '40Gi' });
  });

  test('holds the model where ModelScope puts it', () => {
    expect(trainConfigOf(withCache(onNode).manifests)['model_name_or_path']).toBe('/models/Qwen/Qwen3-14B');
  });

  test('has dots of the model’s name written as ModelScope does', () => {
    const { manifests } = withCache(onNode, { model: QwenModel.QWEN2_5_7B });
    expect(trainConfigOf(manifests)['model_name_or_path']).toBe('/models/Qwen/Qwen2___5-7B-Instruct');
  });

  test('holds the model where it was said to be', () => {
    const { manifests } = withCache((chart) =>
      ModelCache.onNode(chart, 'models', { hostname: 'server', path: '/disk', modelPath: 'qwen' }),
    );
    expect(trainConfigOf(manifests)['model_name_or_path']).toBe('/models/qwen');
  });

  test('is made for the claim by name, so that two namespaces have two volumes', () => {
    const { app, chart } = chartOf();
    const other = new Chart(app, 'other', { namespace: 'other' });
    for (const each of [chart, other]) ModelCache.onNode(each, 'models', { hostname: 'server', path: '/models' });
    expect(manifestsOf(app).volumes.map(({ metadata }) => metadata?.name)).toEqual([
      expect.stringMatching(/^ml-finetune-models-/),
      expect.stringMatching(/^other-other-models-/),
    ]);
  });

  test('whose names meet those of another namespace is an error', () => {
    const { app } = chartOf();
    ModelCache.onNode(new Chart(app, 'b-c', { namespace: 'a' }), 'm', { hostname: 'server', path: '/models' });
    ModelCache.onNode(new Chart(app, 'c', { namespace: 'a-b' }), 'm', { hostname: 'server', path: '/models' });
    expect(findingsWith(app, 'duplicate-name')).toEqual([
      expect.objectContaining({ got: expect.stringMatching(/^a-b-c-m-/) }),
    ]);
  });
});
