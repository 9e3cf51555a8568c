import { Adapter, QwenQLoRAJob, type QwenQLoRAJobProps, SavesVolume } from '../src';
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
  return { run, job: jobOf(manifests, 'train'), config };
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

test('another adapter, another state of it, and none are three different runs', () => {
  const digests = [
    {},
    { adapter: Adapter.fromClaim(CLAIM) },
    { adapter: Adapter.fromClaim({ ...CLAIM, revision: '2' }) },
    { adapter: Adapter.fromClaim({ ...CLAIM, claimName: 'others' }) },
    { adapter: Adapter.fromSaves('/saves/first/0123456789/') },
  ].map((props) => runWith(props).run.runDigest);
  expect(new Set(digests).size).toBe(digests.length);
});

test.each([
  [Adapter.fromSaves('first/0123456789'), 'relative-path', 'Adapter.fromSaves'],
  [Adapter.fromSaves('/saves/../etc'), 'relative-path', 'Adapter.fromSaves'],
  [Adapter.fromClaim({ ...CLAIM, path: '../other' }), 'relative-path', 'Adapter.fromClaim.path'],
  [Adapter.fromClaim({ ...CLAIM, claimName: 'No_Name' }), 'invalid-name', 'Adapter.fromClaim.claimName'],
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
