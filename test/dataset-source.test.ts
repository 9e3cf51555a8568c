import type { Chart } from 'cdk8s';
import { Secret } from 'cdk8s-plus-28';
import type { NetworkPolicy } from 'kubernetes-types/networking/v1';
import {
  DatasetFormat,
  type DatasetSourceProps,
  DatasetVolume,
  Gate,
  ModelCache,
  type QwenQLoRAJobProps,
  SavesVolume,
  Source,
  Strategy,
} from '../src';
import {
  chartOf,
  configMapWith,
  containerOf,
  datasetEntryOf,
  findingsWith,
  jobOf,
  manifestsOf,
  mathRun,
  only,
} from './synthesis';

const SHA = { a: 'a'.repeat(64), b: 'b'.repeat(64), c: 'c'.repeat(64) };
const HUB = Source.huggingFace({ repository: 'me/sets', revision: 'v1' });
const WEB = Source.http({
  endpoint: 'https://files.example.com:8443/sets',
  files: { 'x/1.json': SHA.a, 'x/2.json': SHA.b },
});

const fetched = (chart: Chart, props: Partial<DatasetSourceProps> = {}, id = 'math-train') =>
  DatasetVolume.fromSource(chart, id, { source: HUB, path: 'math/train.jsonl', name: id.replace('-', '_'), ...props });

/** A run on data that are fetched, as manifests. */
function written(make: (chart: Chart) => Partial<QwenQLoRAJobProps>) {
  const { app, job } = tree(make);
  return { app, job, manifests: manifestsOf(app) };
}

function tree(make: (chart: Chart) => Partial<QwenQLoRAJobProps>) {
  const { app, chart } = chartOf();
  return { app, job: mathRun(chart, make(chart)) };
}
const requestOf = ({ manifests }: ReturnType<typeof written>) =>
  JSON.parse(configMapWith(manifests, 'request.json').data?.['request.json'] ?? '');
const waitsFor = ({ manifests }: ReturnType<typeof written>) =>
  only(jobOf(manifests, 'train').spec?.template.spec?.initContainers ?? []).command?.slice(2);
const token = (chart: Chart, name: string) => ({ secret: Secret.fromSecretName(chart, name, name), key: 'token' });

describe('data of a hub', () => {
  const run = written((chart) => ({ dataset: fetched(chart) }));
  const directory = only<{ directory: string }>(requestOf(run).data).directory;

  test('are fetched by the Job that fetches the model, to the volume of models', () => {
    expect(Object.keys(requestOf(run))).toEqual(['model', 'data', 'packages']);
    expect(requestOf(run).data).toEqual([
      {
        hub: 'huggingface',
        repository: 'me/sets',
        revision: 'v1',
        path: 'math/train.jsonl',
        directory: expect.stringMatching(/^\/models\/\.data\/[0-9a-f]{10}$/),
        maxBytes: 60 * 2 ** 30,
        maxSeconds: 64_425,
      },
    ]);
    expect(run.manifests.claims).toHaveLength(2);
  });

  test('are what the trainer reads', () => {
    expect(datasetEntryOf(run.manifests)['file_name']).toBe(`${directory}/math/train.jsonl`);
  });

  test('are waited for', () => {
    expect(waitsFor(run)).toContain(`${directory}/.complete`);
  });

  test('need no volume of their own', () => {
    const volumes = jobOf(run.manifests, 'train').spec?.template.spec?.volumes ?? [];
    expect(volumes.filter(({ name }) => name.startsWith('data'))).toEqual([]);
  });

  test('have the entry that is asked for', () => {
    const { manifests } = written((chart) => ({
      dataset: fetched(chart, {
        formatting: DatasetFormat.SHAREGPT,
        columns: { messages: 'messages' },
        tags: { roleTag: 'role' },
        numSamples: 10,
      }),
    }));
    expect(datasetEntryOf(manifests)).toMatchObject({
      formatting: 'sharegpt',
      columns: { messages: 'messages' },
      tags: expect.objectContaining({ role_tag: 'role' }),
      num_samples: 10,
    });
  });

  test.each([
    [Source.modelScope({ repository: 'me/sets' }), { hub: 'modelscope', revision: 'master' }],
    [Source.huggingFace({ repository: 'me/sets' }), { hub: 'huggingface', revision: 'main' }],
  ])('come from its own branch unless told otherwise', (source, expected) => {
    expect(only(requestOf(written((chart) => ({ dataset: fetched(chart, { source }) }))).data)).toMatchObject(expected);
  });

  test('may be a folder, slashes around it or not', () => {
    const { manifests } = written((chart) => ({ dataset: fetched(chart, { path: '/math/' }) }));
    expect(datasetEntryOf(manifests)['file_name']).toMatch(/^\/models\/\.data\/[0-9a-f]{10}\/math$/);
  });

  test('without a repository are an error', () => {
    const { app, chart } = chartOf();
    fetched(chart, { source: Source.modelScope() });
    expect(findingsWith(app, 'invalid-source')).toEqual([
      expect.objectContaining({ path: 'finetune/math-train', key: 'source.repository', severity: 'error' }),
    ]);
  });

  test.each(['', '/', '.', '../a.json', 'a//b.json', './a.json'])('at the path %j are an error', (path) => {
    const { app, chart } = chartOf();
    fetched(chart, { path });
    expect(findingsWith(app, 'relative-path')).toEqual([
      expect.objectContaining({ path: 'finetune/math-train', key: 'path', got: path }),
    ]);
  });

  test('are planned as data that nobody has seen, like those on a claim', () => {
    const { chart } = chartOf();
    const dataset = DatasetVolume.fromClaim(chart, 'd', { claimName: 'sets', path: 'a.json' });
    expect(run.job.plan).toEqual(mathRun(chart, { dataset }).plan);
  });

  test('leave no rule with anything to say of rows', () => {
    expect(findingsWith(run.app, 'dataset-rows')).toEqual([]);
  });

  test('go with a strategy that is chosen', () => {
    const { manifests } = written((chart) => ({ dataset: fetched(chart), strategy: Strategy.AUTO }));
    expect(datasetEntryOf(manifests)['file_name']).toMatch(/^\/models\/\.data\//);
  });
});

describe('data of a web server', () => {
  test('are fetched by their hashes, from its port', () => {
    const run = written((chart) => ({ dataset: fetched(chart, { source: WEB, path: 'x' }) }));
    expect(requestOf(run).data).toEqual([
      {
        hub: 'http',
        files: { 'x/1.json': SHA.a, 'x/2.json': SHA.b },
        endpoint: 'https://files.example.com:8443/sets',
        directory: expect.stringMatching(/^\/models\/\.data\//),
        maxBytes: 60 * 2 ** 30,
        maxSeconds: 64_425,
      },
    ]);
    const policy = run.manifests.all.find(({ kind }) => kind === 'NetworkPolicy') as unknown as NetworkPolicy;
    expect(policy.spec?.egress?.[1]?.ports?.map(({ port }) => port)).toEqual([80, 443, 8443]);
  });

  test('are those at the path alone', () => {
    const run = written((chart) => ({ dataset: fetched(chart, { source: WEB, path: 'x/2.json' }) }));
    expect(requestOf(run).data[0].files).toEqual({ 'x/2.json': SHA.b });
    expect(datasetEntryOf(run.manifests)['file_name']).toMatch(/\/x\/2\.json$/);
  });

  test.each([
    ['y', {}, 'the source has no data file at y'],
    ['x', { 'x/3.csv': SHA.c }, 'LLaMA-Factory reads a folder whose files are all of one type'],
    ['x/3.zip', { 'x/3.zip': SHA.c }, 'the source has no data file at x/3.zip'],
  ])('at %s with %j beside them are an error', (path, more, message) => {
    const { app, chart } = chartOf();
    const files = { 'x/1.json': SHA.a, ...more };
    fetched(chart, { source: Source.http({ endpoint: 'https://files.example.com', files }), path });
    expect(findingsWith(app, 'dataset-directory')).toEqual([
      expect.objectContaining({ path: 'finetune/math-train', key: 'path', message }),
    ]);
  });
});

describe('a model that is there already', () => {
  const existing = (chart: Chart, dataset = fetched(chart)) => ({
    modelCache: ModelCache.fromClaim(chart, 'models', { claimName: 'models', modelPath: 'qwen' }),
    saves: SavesVolume.fromClaim(chart, 'saves', { claimName: 'adapters', subPath: 'team' }),
    dataset,
  });

  test('has the data beside the adapters', () => {
    const run = written((chart) => existing(chart));
    const { directory } = requestOf(run).data[0];
    expect(directory).toMatch(/^\/saves\/\.data\//);
    expect(datasetEntryOf(run.manifests)['file_name']).toBe(`${directory}/math/train.jsonl`);
    expect(waitsFor(run)).toContain(`${directory}/.complete`);
    expect(containerOf(jobOf(run.manifests, 'prepare')).volumeMounts).toContainEqual({
      name: 'target',
      mountPath: '/saves',
      subPath: 'team',
    });
  });

  test('and one that is fetched can have the same data set, each on its own volume', () => {
    const { app, chart } = chartOf();
    const dataset = fetched(chart);
    mathRun(chart, { dataset }, 'a');
    mathRun(chart, existing(chart, dataset), 'b');
    const entries = manifestsOf(app).configMaps.flatMap(({ data }) => data?.['dataset_info.json'] ?? []);
    expect(entries.map((text) => JSON.parse(text).math_train.file_name.split('/')[1]).sort()).toEqual([
      'models',
      'saves',
    ]);
  });
});

describe('several data sets', () => {
  test('are fetched by one Job, what two of them share once', () => {
    const run = written((chart) => ({
      dataset: fetched(chart),
      additionalDatasets: [fetched(chart, { path: 'other.json' }, 'other')],
      evaluationDataset: fetched(chart, { numSamples: 5 }, 'eval'),
      train: { valSize: 0 },
    }));
    const paths = requestOf(run).data.map(({ path }: { path: string }) => path);
    expect(paths.sort()).toEqual(['math/train.jsonl', 'other.json']);
    expect(waitsFor(run)).toHaveLength(4);
  });

  test('are fetched by the same Job for runs that name them in another order', () => {
    const { app, chart } = chartOf();
    const modelCache = new ModelCache(chart, 'models');
    const [a, b] = [fetched(chart), fetched(chart, { path: 'other.json' }, 'other')];
    mathRun(chart, { modelCache, dataset: a, additionalDatasets: [b] }, 'a');
    mathRun(chart, { modelCache, dataset: b, additionalDatasets: [a] }, 'b');
    expect(() => jobOf(manifestsOf(app), 'prepare')).not.toThrow();
  });
});

test('with Gate.waves() the data are fetched in the file that is applied first', () => {
  const { app, chart } = chartOf();
  mathRun(chart, { dataset: fetched(chart), gate: Gate.waves() });
  const file = app.charts.find(({ node }) => node.id === 'finetune');
  const jobs = JSON.stringify(file?.toJson().filter(({ kind }) => kind === 'Job'));
  expect([jobs.includes('prepare.py'), jobs.includes('launch.sh')]).toEqual([true, false]);
});

describe('the token', () => {
  test('of a hub of data reaches the prepare pod alone', () => {
    const { manifests } = written((chart) => ({
      dataset: fetched(chart, { source: Source.huggingFace({ repository: 'me/sets', token: token(chart, 'hf') }) }),
    }));
    expect(containerOf(jobOf(manifests, 'prepare')).env).toContainEqual({
      name: 'HF_TOKEN',
      valueFrom: { secretKeyRef: { name: 'hf', key: 'token' } },
    });
    expect(JSON.stringify(jobOf(manifests, 'train'))).not.toContain('"hf"');
  });

  test('of each of two hubs is there', () => {
    const { app, manifests } = written((chart) => ({
      dataset: fetched(chart, { source: Source.huggingFace({ repository: 'me/sets', token: token(chart, 'hf') }) }),
      modelCache: new ModelCache(chart, 'models', { source: Source.modelScope({ token: token(chart, 'ms') }) }),
    }));
    const names = containerOf(jobOf(manifests, 'prepare')).env?.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['HF_TOKEN', 'MODELSCOPE_API_TOKEN']));
    expect(findingsWith(app, 'contradictory-props')).toEqual([]);
  });

  const model = (chart: Chart, options: object) =>
    new ModelCache(chart, 'models', { source: Source.huggingFace(options) });
  const sets = (chart: Chart, options: object) =>
    fetched(chart, { source: Source.huggingFace({ repository: 'me/sets', ...options }) });

  test('that differs from the model’s, of the same hub, is an error', () => {
    const { app } = tree((chart) => ({
      modelCache: model(chart, { token: token(chart, 'one') }),
      dataset: sets(chart, { token: token(chart, 'other') }),
    }));
    expect(findingsWith(app, 'contradictory-props')).toEqual([
      expect.objectContaining({
        path: 'finetune/math',
        key: 'dataset',
        got: 'modelCache: one/token, dataset math_train: other/token',
      }),
    ]);
  });

  test('that is the model’s too, or that only one of them has, is none', () => {
    for (const second of [(chart: Chart) => ({ token: token(chart, 'again') }), () => ({})]) {
      const { app } = tree((chart) => ({
        modelCache: model(chart, {
          token: { ...token(chart, 'one'), secret: Secret.fromSecretName(chart, 'x', 'again') },
        }),
        dataset: sets(chart, second(chart)),
      }));
      expect(findingsWith(app, 'contradictory-props')).toEqual([]);
    }
  });

  test('can’t reach another address: two addresses of one hub are an error', () => {
    const { app } = tree((chart) => ({
      modelCache: model(chart, { token: token(chart, 'one'), endpoint: 'https://hub.example.com' }),
      dataset: sets(chart, {}),
    }));
    expect(findingsWith(app, 'contradictory-props')).toEqual([
      expect.objectContaining({
        got: 'modelCache: https://hub.example.com, dataset math_train: the hub itself',
      }),
    ]);
  });

  test('of one run is not what another run with the same data gets', () => {
    const { app, chart } = chartOf();
    const modelCache = new ModelCache(chart, 'models');
    const names = ['one', 'other'];
    for (const name of names) {
      const source = Source.huggingFace({ repository: 'me/sets', token: token(chart, name) });
      mathRun(chart, { modelCache, dataset: fetched(chart, { source, name: 'd' }, `d-${name}`) }, `run-${name}`);
    }
    const jobs = manifestsOf(app).jobs.filter(({ metadata }) => metadata?.name?.includes('prepare'));
    const secrets = jobs.map((job) => containerOf(job).env?.at(-1)?.valueFrom?.secretKeyRef?.name);
    expect(secrets).toEqual(names);
    expect(findingsWith(app, 'duplicate-name')).toEqual([]);
  });

  test('reaches one address however it is written', () => {
    const { app } = tree((chart) => ({
      modelCache: model(chart, { endpoint: 'https://hub.example.com/' }),
      dataset: sets(chart, { endpoint: 'https://hub.example.com' }),
    }));
    expect(findingsWith(app, 'contradictory-props')).toEqual([]);
  });
});

describe('a run', () => {
  const digestOf = (props: Partial<DatasetSourceProps>) => {
    const { chart } = chartOf();
    return mathRun(chart, { dataset: fetched(chart, props) }).runDigest;
  };
  const hub = (options: object) => ({
    source: Source.huggingFace({ repository: 'me/sets', revision: 'v1', ...options }),
  });
  const web = (files: Record<string, string>, endpoint = 'https://files.example.com') => ({
    source: Source.http({ endpoint, files }),
    path: 'x.json',
  });

  test.each<[string, Partial<DatasetSourceProps>]>([
    ['hub', { source: Source.modelScope({ repository: 'me/sets', revision: 'v1' }) }],
    ['repository', hub({ repository: 'me/others' })],
    ['revision', hub({ revision: 'v2' })],
    ['path', { path: 'math/test.jsonl' }],
  ])('on data of another %s is another run', (_, changes) => {
    expect(digestOf(changes)).not.toBe(digestOf({}));
  });

  test('on the same data from another address is the same run', () => {
    expect(digestOf(hub({ endpoint: 'https://hub.example.com' }))).toBe(digestOf({}));
    expect(digestOf(web({ 'x.json': SHA.a }, 'http://other.example.com'))).toBe(digestOf(web({ 'x.json': SHA.a })));
  });

  test('on other bytes of a web server is another run', () => {
    expect(digestOf(web({ 'x.json': SHA.b }))).not.toBe(digestOf(web({ 'x.json': SHA.a })));
  });

  test('does not depend on what else the web server has', () => {
    expect(digestOf(web({ 'x.json': SHA.a, 'y.json': SHA.b }))).toBe(digestOf(web({ 'x.json': SHA.a })));
  });
});
