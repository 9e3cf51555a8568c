import {
  Adapter,
  type AdapterSourceProps,
  ModelCache,
  QwenQLoRAJob,
  type QwenQLoRAJobProps,
  SavesVolume,
  Source,
} from '../src';
import {
  chartOf,
  configMapWith,
  containerOf,
  findingsWith,
  jobOf,
  manifestsOf,
  mathDataset,
  mathRun,
} from './synthesis';

function runWith(props: Partial<QwenQLoRAJobProps>) {
  const { app, chart } = chartOf();
  const run = new QwenQLoRAJob(chart, 'second', { dataset: mathDataset(chart), ...props });
  const manifests = manifestsOf(app);
  const config = configMapWith(manifests, 'train_config.yaml').data?.['train_config.yaml'] ?? '';
  return { run, manifests, job: jobOf(manifests, 'train'), config };
}

const CLAIM = { claimName: 'adapters', path: 'team/math', revision: '1' };

test('an adapter on a claim is mounted read-only, and named to the trainer', () => {
  const { job, config } = runWith({ adapter: Adapter.fromClaim(CLAIM) });
  expect(config).toContain('adapter_name_or_path: /adapter/team/math\n');
  expect(containerOf(job).volumeMounts).toContainEqual({ name: 'adapter', mountPath: '/adapter', readOnly: true });
  expect(job.spec?.template.spec?.volumes).toContainEqual({
    name: 'adapter',
    persistentVolumeClaim: { claimName: 'adapters', readOnly: true },
  });
});

test('an adapter of an earlier run is where that run left it, and the pod waits for it to be whole', () => {
  const { app, chart } = chartOf();
  const shared = { dataset: mathDataset(chart), saves: new SavesVolume(chart, 'saves') };
  const first = new QwenQLoRAJob(chart, 'first', shared);
  const second = new QwenQLoRAJob(chart, 'second', { ...shared, adapter: Adapter.fromSaves(first.outputDirectory) });
  const marker = `${first.outputDirectory}/.complete`;
  const { jobs } = manifestsOf(app);
  const waits = (job: (typeof jobs)[number]) =>
    job.spec?.template.spec?.initContainers?.some(({ command }) => command?.includes(marker)) ?? false;
  expect(jobs.filter(waits).map(({ metadata }) => metadata?.name)).toEqual([second.jobName]);
});

const HUB = Source.huggingFace({ repository: 'me/math', revision: 'v1' });
const SHA256 = 'a'.repeat(64);
const ofServer = (...names: string[]) =>
  Source.http({
    endpoint: 'https://files.example.com',
    files: Object.fromEntries(names.map((name) => [name, SHA256])),
  });

/** What the prepare Job is asked for, as far as it is an adapter. */
const requestIn = ({ manifests }: ReturnType<typeof runWith>) =>
  JSON.parse(configMapWith(manifests, 'request.json').data?.['request.json'] ?? '').adapter;

test('an adapter of a hub is fetched beside the model, and the pod waits for it', () => {
  const made = runWith({ adapter: Adapter.fromSource({ source: HUB }) });
  const { directory, ...request } = requestIn(made);
  expect(request).toEqual({
    hub: 'huggingface',
    repository: 'me/math',
    revision: 'v1',
    baseModel: 'Qwen/Qwen3-14B',
    // the volume's default size, and 4 GiB at 1 MB a second
    maxBytes: 60 * 2 ** 30,
    maxSeconds: 4295,
  });
  expect(directory).toMatch(/^\/models\/\.adapters\/[0-9a-f]{10}$/);
  expect(made.config).toContain(`adapter_name_or_path: ${directory}\n`);
  const waits = made.job.spec?.template.spec?.initContainers?.[0];
  expect(waits?.command).toContain(`${directory}/.complete`);
});

test('an adapter goes to the saves volume where the model is on a claim', () => {
  const { chart } = chartOf();
  const modelCache = ModelCache.fromClaim(chart, 'models', { claimName: 'models', modelPath: 'mine' });
  const made = runWith({ modelCache, adapter: Adapter.fromSource({ source: HUB }) });
  expect(requestIn(made).directory).toMatch(/^\/saves\/\.adapters\//);
});

test('an adapter that another base is named for is fetched elsewhere, and is the same run', () => {
  const [plain, named] = [undefined, '/data/mine'].map((baseModel) =>
    runWith({ adapter: Adapter.fromSource({ source: HUB, baseModel }) }),
  ) as [ReturnType<typeof runWith>, ReturnType<typeof runWith>];
  expect(requestIn(named).baseModel).toBe('/data/mine');
  expect(requestIn(named).directory).not.toBe(requestIn(plain).directory);
  expect(named.run.runDigest).toBe(plain.run.runDigest);
});

test('an adapter and a model of one hub have one token', () => {
  const { app, chart } = chartOf();
  const source = Source.modelScope({ repository: 'me/math', endpoint: 'https://mirror.example.com' });
  mathRun(chart, { adapter: Adapter.fromSource({ source }) });
  expect(findingsWith(app, 'contradictory-props')).toHaveLength(1);
});

test('another adapter, another state of it, and none are three different runs', () => {
  const digests = [
    {},
    { adapter: Adapter.fromClaim(CLAIM) },
    { adapter: Adapter.fromClaim({ ...CLAIM, revision: '2' }) },
    { adapter: Adapter.fromClaim({ ...CLAIM, claimName: 'others' }) },
    { adapter: Adapter.fromSaves('/saves/first/0123456789/') },
    { adapter: Adapter.fromSource({ source: HUB }) },
    { adapter: Adapter.fromSource({ source: Source.huggingFace({ repository: 'me/math', revision: 'v2' }) }) },
    { adapter: Adapter.fromSource({ source: ofServer('adapter_config.json', 'adapter_model.safetensors') }) },
  ].map((props) => runWith(props).run.runDigest);
  expect(new Set(digests).size).toBe(digests.length);
});

test.each([
  [Adapter.fromSaves('first/0123456789'), 'relative-path', 'Adapter.fromSaves'],
  [Adapter.fromSaves('/saves/../etc'), 'relative-path', 'Adapter.fromSaves'],
  [Adapter.fromClaim({ ...CLAIM, path: '../other' }), 'relative-path', 'Adapter.fromClaim.path'],
  [Adapter.fromClaim({ ...CLAIM, claimName: 'No_Name' }), 'invalid-name', 'Adapter.fromClaim.claimName'],
  [Adapter.fromSource({ source: Source.huggingFace() }), 'invalid-source', 'Adapter.fromSource.source.repository'],
  [Adapter.fromSource({ source: ofServer('adapter_model.bin') }), 'invalid-source', 'Adapter.fromSource.source.files'],
  [Adapter.fromSource({ source: Source.modelScope({ repository: '../x' }) }), 'invalid-source', 'source.repository'],
  [Adapter.fromSource({ source: HUB, baseModel: '' }), 'invalid-source', 'Adapter.fromSource.baseModel'],
  [Adapter.fromSource({} as AdapterSourceProps), 'missing-prop', 'Adapter.fromSource.source'],
])('a place that there can not be is told: %#', (adapter, id, key) => {
  const { app, chart } = chartOf();
  mathRun(chart, { adapter });
  expect(findingsWith(app, id)).toEqual([expect.objectContaining({ key, severity: 'error' })]);
});

test("what the trainer's parser refuses of an adapter is found at synth", () => {
  const { app, chart } = chartOf();
  mathRun(chart, { adapter: Adapter.fromClaim(CLAIM), train: { createNewAdapter: true } });
  expect(findingsWith(app, 'quantization-new-adapter')).toHaveLength(1);
});
