import { ApiObject, type App, Chart } from 'cdk8s';
import { Gate, ModelCache, type QwenQLoRAJobProps, SavesVolume, TrainerImage } from '../src';
import { findingsOf } from '../src/tree/findings';
import { byKind, chartOf, jobOf, manifestsOf, mathDataset, mathRun, only } from './synthesis';

const WAVE = 'argocd.argoproj.io/sync-wave';
const OWN_IMAGE = TrainerImage.custom('example/own:1', {
  bitsandbytes: '0.49.2',
  deepspeed: '0.18.4',
  cudaToolkit: true,
});
const written = (props: Partial<QwenQLoRAJobProps> = {}) => {
  const { app, chart } = chartOf();
  mathRun(chart, props);
  return { app, chart, manifests: manifestsOf(app) };
};
const initOf = (props: Partial<QwenQLoRAJobProps>) =>
  only(jobOf(written(props).manifests, 'train').spec?.template.spec?.initContainers ?? []);
/** The kinds of objects of each file. */
const filesOf = (app: App) =>
  Object.fromEntries(app.charts.map((chart) => [chart.node.id, byKind(chart.toJson()).all.map(({ kind }) => kind)]));
/** The wave of each object that names one, by kind and name without digest. */
const wavesOf = (app: App) =>
  Object.fromEntries(
    manifestsOf(app).all.flatMap(({ kind, metadata }) => {
      const wave = metadata.annotations?.[WAVE];
      return wave === undefined ? [] : [[`${kind}/${metadata.name?.replace(/-[0-9a-f]{10}$/, '')}`, wave]];
    }),
  );

describe('without a gate, or with Gate.wait()', () => {
  test('an init container waits', () => {
    expect([initOf({}).name, initOf({ gate: Gate.wait() }).name]).toEqual(['wait-for-prepare', 'wait-for-prepare']);
  });

  test('everything but storage is in one file, in no wave', () => {
    const { app } = written();
    expect(Object.keys(filesOf(app))).toEqual(['finetune', 'finetune-storage']);
    expect(wavesOf(app)).toEqual({});
  });
});

describe('Gate.waves()', () => {
  test('has the init container look, and not wait', () => {
    const { name, env } = initOf({ gate: Gate.waves() });
    expect(name).toBe('check-prepare');
    expect(env).toContainEqual({ name: 'WAIT_TIMEOUT_SECONDS', value: '0' });
  });

  test('puts the training Job and its network policy into a file of their own', () => {
    const { app } = written({ gate: Gate.waves() });
    expect(Object.keys(filesOf(app))).toEqual(['finetune', 'finetune-storage', 'finetune-train']);
    expect(filesOf(app)['finetune-train']).toEqual(['NetworkPolicy', 'Job']);
  });

  test('leaves everything that must be there before in the chart’s own', () => {
    const { app } = written({ gate: Gate.waves(), preflight: true });
    const chart = only(app.charts.filter(({ node }) => node.id === 'finetune'));
    const { jobs, configMaps } = byKind(chart.toJson());
    expect(jobs.map(({ metadata }) => metadata?.labels?.['app.kubernetes.io/component']).sort()).toEqual([
      'preflight',
      'prepare',
    ]);
    expect(configMaps.length).toBe(manifestsOf(app).configMaps.length);
  });

  test.each(['prepare', 'train'])(
    'leaves names and the rest of the %s Job’s labels and pod as they are',
    (component) => {
      const [waves, wait] = [Gate.waves(), Gate.wait()].map((gate) => jobOf(written({ gate }).manifests, component));
      const { 'cdk8s-llamafactory/job': name, ...labels } = waves?.metadata?.labels ?? {};
      expect(name).toBe(waves?.metadata?.name);
      expect(wait?.metadata?.labels).toMatchObject(labels);
      expect(waves?.spec?.template.spec?.containers).toEqual(wait?.spec?.template.spec?.containers);
    },
  );

  test('has Argo CD make the training Job, and the claim that it alone mounts, when the prepare Job is done', () => {
    expect(wavesOf(written({ gate: Gate.waves() }).app)).toEqual({
      'Job/finetune-math': '1',
      'PersistentVolumeClaim/finetune-math-saves': '1',
    });
  });

  test('leaves the saves claim in the first wave where packages go there', () => {
    const { app, chart } = chartOf();
    const modelCache = ModelCache.fromClaim(chart, 'models', { claimName: 'models', modelPath: 'qwen' });
    mathRun(chart, { modelCache, gate: Gate.waves() });
    expect(wavesOf(app)).toEqual({ 'Job/finetune-math': '1' });
  });

  test('leaves the saves claim in the first wave where preflight mounts it', () => {
    expect(wavesOf(written({ gate: Gate.waves(), preflight: true }).app)).toEqual({ 'Job/finetune-math': '1' });
  });

  test('leaves a claim in the first wave where another run mounts it there', () => {
    const { app, chart } = chartOf();
    const saves = new SavesVolume(chart, 'saves');
    const dataset = mathDataset(chart);
    mathRun(chart, { dataset, saves, gate: Gate.waves() }, 'a');
    mathRun(chart, { dataset, saves }, 'b');
    expect(wavesOf(app)['PersistentVolumeClaim/finetune-saves']).toBe('0');
  });

  test('has the same files and waves where nothing is prepared', () => {
    const { app, chart } = chartOf();
    const modelCache = ModelCache.fromClaim(chart, 'models', { claimName: 'models', modelPath: 'qwen' });
    mathRun(chart, { modelCache, image: OWN_IMAGE, gate: Gate.waves() });
    expect(wavesOf(app)).toEqual({ 'Job/finetune-math': '1', 'PersistentVolumeClaim/finetune-math-saves': '1' });
    expect(Object.keys(filesOf(app))).toEqual(['finetune', 'finetune-storage', 'finetune-train']);
  });

  test('keeps the run: its directory is the same', () => {
    const digestOf = (gate: Gate) =>
      jobOf(written({ gate }).manifests, 'train').metadata?.labels?.['cdk8s-llamafactory/run'];
    expect(digestOf(Gate.waves())).toBe(digestOf(Gate.wait()));
  });

  test('keeps the annotations given', () => {
    const { manifests } = written({ gate: Gate.waves(), annotations: { note: 'x' } });
    expect(jobOf(manifests, 'train').metadata?.annotations).toMatchObject({ note: 'x', [WAVE]: '1' });
  });

  test('leaves the training Job the object of its construct', () => {
    const { chart } = chartOf();
    const { job } = mathRun(chart, { gate: Gate.waves() });
    expect(ApiObject.of(job).name).toBe(job.jobName);
  });

  test('lets runs of one cache share the prepare Job', () => {
    const { app, chart } = chartOf();
    const modelCache = new ModelCache(chart, 'models');
    const dataset = mathDataset(chart);
    for (const id of ['a', 'b']) mathRun(chart, { dataset, modelCache, gate: Gate.waves() }, id);
    expect(filesOf(app)['finetune-train']).toEqual(['NetworkPolicy', 'Job', 'NetworkPolicy', 'Job']);
    expect(jobOf(manifestsOf(app), 'prepare')).toBeDefined();
    expect(findingsOf(app).filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  test('has a file for each chart', () => {
    const { app, chart } = chartOf();
    const other = new Chart(app, 'other', { namespace: 'ml' });
    for (const each of [chart, other]) mathRun(each, { gate: Gate.waves() });
    expect(app.charts.map(({ node }) => node.id)).toEqual(expect.arrayContaining(['finetune-train', 'other-train']));
    expect(findingsOf(app).filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  test('stands beside Gate.wait() on one cache: the prepare Job is the same', () => {
    const { app, chart } = chartOf();
    const modelCache = new ModelCache(chart, 'models');
    const dataset = mathDataset(chart);
    mathRun(chart, { dataset, modelCache }, 'a');
    mathRun(chart, { dataset, modelCache, gate: Gate.waves() }, 'b');
    expect(findingsOf(app).filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(jobOf(manifestsOf(app), 'prepare')).toBeDefined();
  });
});

test.each([Gate.wait(), Gate.waves()])('no Job is ever suspended', (gate) => {
  for (const { spec } of written({ gate }).manifests.jobs) expect(spec).not.toHaveProperty('suspend');
});
