import { ApiObject, Chart, Duration, Size } from 'cdk8s';
import fc from 'fast-check';
import {
  DeepSpeedZero3,
  FineTuningJob,
  type FineTuningJobProps,
  Gpu,
  ModelCache,
  NodePool,
  QwenModel,
  SavesVolume,
  TrainerImage,
} from '../src';
import { findingsOf } from '../src/tree/findings';
import {
  chartOf,
  configMapWith,
  containerOf,
  datasetEntryOf,
  envOf,
  findingsWith,
  jobOf,
  manifestsOf,
  mathDataset,
  only,
  trainConfigOf,
} from './synthesis';

const TRAIN = { stage: 'sft', doTrain: true, template: 'qwen3', finetuningType: 'lora' } as const;

/** A small run with nothing of the preset. */
function run(props: Partial<FineTuningJobProps> = {}, chart: Chart = chartOf().chart, id = 'math'): FineTuningJob {
  return new FineTuningJob(chart, id, {
    model: QwenModel.QWEN3_0_6B,
    nodePool: NodePool.of(Gpu.A10, { gpus: 2 }),
    train: TRAIN,
    ...props,
    dataset: props.dataset ?? mathDataset(chart),
  });
}
const written = (props: Partial<FineTuningJobProps> = {}) => {
  const { app, chart } = chartOf();
  const job = run(props, chart);
  return { app, chart, job, manifests: manifestsOf(app) };
};
const specOf = (props: Partial<FineTuningJobProps> = {}) => jobOf(written(props).manifests, 'train').spec;
const containerWith = (props: Partial<FineTuningJobProps> = {}) =>
  containerOf(jobOf(written(props).manifests, 'train'));

describe('the Job', () => {
  test('is called after its construct and a digest, within what pods and sets of Jobs leave', () => {
    const { job, manifests } = written();
    expect(job.jobName).toMatch(/^finetune-math-[0-9a-f]{10}$/);
    expect(jobOf(manifests, 'train').metadata?.name).toBe(job.jobName);
  });

  test('has the GPUs of a node unless told otherwise', () => {
    const gpusOf = (props: Partial<FineTuningJobProps>) => containerWith(props).resources?.limits?.['nvidia.com/gpu'];
    expect([gpusOf({}), gpusOf({ gpus: 1 })]).toEqual(['2', '1']);
  });

  test('starts a process for each GPU', () => {
    expect(envOf(containerWith({ gpus: 1 }))['NPROC_PER_NODE']).toBe('1');
  });

  test('retries three times unless told otherwise', () => {
    expect([specOf()?.backoffLimit, specOf({ backoffLimit: 0 })?.backoffLimit]).toEqual([3, 0]);
  });

  test('ends by the exit codes of the trainer', () => {
    expect(specOf()?.podFailurePolicy?.rules[1]?.onExitCodes?.containerName).toBe('trainer');
  });

  test('has no deadline and no time to live unless told so', () => {
    expect(specOf()).not.toHaveProperty('activeDeadlineSeconds');
    expect(specOf()).not.toHaveProperty('ttlSecondsAfterFinished');
    expect(specOf({ activeDeadline: Duration.hours(2), ttlAfterFinished: Duration.days(1) })).toEqual(
      expect.objectContaining({ activeDeadlineSeconds: 7200, ttlSecondsAfterFinished: 86400 }),
    );
  });

  test('gives a node that is away as long as it is told, and else as the cluster does', () => {
    const seconds = (props: Parameters<typeof written>[0]) =>
      jobOf(written(props).manifests, 'train').spec?.template.spec?.tolerations?.flatMap(
        ({ key, effect, tolerationSeconds }) => (effect === 'NoExecute' ? [[key, tolerationSeconds]] : []),
      );
    expect(seconds({})).toEqual([]);
    expect(seconds({ nodeOutage: Duration.minutes(30) })).toEqual([
      ['node.kubernetes.io/not-ready', 1800],
      ['node.kubernetes.io/unreachable', 1800],
    ]);
  });

  test('and its pod carry the labels and annotations given, beside the library’s own', () => {
    const { job, manifests } = written({ labels: { team: 'maths' }, annotations: { note: 'x' } });
    const { metadata, spec } = jobOf(manifests, 'train');
    for (const each of [metadata, spec?.template.metadata]) {
      expect(each?.labels).toEqual({
        team: 'maths',
        'cdk8s-llamafactory/job': job.jobName,
        'app.kubernetes.io/name': 'llamafactory',
        'app.kubernetes.io/instance': 'finetune-math',
        'app.kubernetes.io/managed-by': 'cdk8s-llamafactory',
        'app.kubernetes.io/component': 'train',
        'app.kubernetes.io/version': '0.9.5',
        'cdk8s-llamafactory/run': job.runDigest,
        'cdk8s-llamafactory/volume': 'finetune-math-models',
      });
      expect(each?.annotations).toEqual(expect.objectContaining({ note: 'x' }));
    }
  });

  test('keeps the library’s labels where the user’s have the same names', () => {
    const { manifests } = written({ labels: { 'app.kubernetes.io/component': 'other' } });
    expect(jobOf(manifests, 'train').spec?.template.metadata?.labels?.['app.kubernetes.io/component']).toBe('train');
  });

  test('has nothing but the plan in its annotations unless told so', () => {
    expect(Object.keys(jobOf(written().manifests, 'train').metadata?.annotations ?? {})).toEqual([
      'cdk8s-llamafactory/plan',
    ]);
  });

  test('asks node autoscalers to leave its pod alone, unless told otherwise', () => {
    const annotationsOf = (props: Partial<FineTuningJobProps>) => specOf(props)?.template.metadata?.annotations;
    expect(annotationsOf({})).toEqual({
      'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
      'karpenter.sh/do-not-disrupt': 'true',
    });
    expect(annotationsOf({ annotations: { 'karpenter.sh/do-not-disrupt': '4h' } })).toEqual(
      expect.objectContaining({ 'karpenter.sh/do-not-disrupt': '4h' }),
    );
  });

  test('asks nothing of autoscalers for the prepare pod, which anything may start again', () => {
    expect(jobOf(written().manifests, 'prepare').spec?.template.metadata).not.toHaveProperty('annotations');
  });

  test('is found from the construct: it is its main object', () => {
    const { app, job } = written();
    expect(ApiObject.of(job).kind).toBe('Job');
    expect(app.node.tryFindChild('finetune')?.node.tryFindChild('math')).toBe(job);
  });
});

describe('the pod', () => {
  test('runs as 1000 unless told otherwise', () => {
    const user = (props: Partial<FineTuningJobProps>) => {
      const { runAsUser, runAsGroup, fsGroup } = specOf(props)?.template.spec?.securityContext ?? {};
      return [runAsUser, runAsGroup, fsGroup];
    };
    expect(user({})).toEqual([1000, 1000, 1000]);
    expect(user({ runAsUser: 1, runAsGroup: 2, fsGroup: 3 })).toEqual([1, 2, 3]);
  });

  test('has the priority class given, and the prepare pod has none', () => {
    const { manifests } = written({ priorityClassName: 'batch' });
    const classes = ['train', 'prepare'].map((each) => jobOf(manifests, each).spec?.template.spec?.priorityClassName);
    expect(classes).toEqual(['batch', undefined]);
  });

  test('alone is kept from autoscalers, not its Job nor the prepare pod', () => {
    const { manifests } = written({ evictionProtection: Duration.hours(4) });
    expect(jobOf(manifests, 'train').spec?.template.metadata?.annotations).toEqual({
      'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
      'karpenter.sh/do-not-disrupt': '14400s',
    });
    expect(jobOf(manifests, 'train').metadata?.annotations).not.toHaveProperty(['karpenter.sh/do-not-disrupt']);
    expect(jobOf(manifests, 'prepare').spec?.template.metadata).not.toHaveProperty('annotations');
  });

  test('has the service account and pull secrets given', () => {
    expect(specOf({ serviceAccountName: 'trainer', imagePullSecrets: ['registry'] })?.template.spec).toEqual(
      expect.objectContaining({ serviceAccountName: 'trainer', imagePullSecrets: [{ name: 'registry' }] }),
    );
  });

  test('has the variables, the virtual environment and the visible devices given', () => {
    const props = { env: { NCCL_DEBUG: 'INFO' }, virtualEnvironment: '/opt/venv', cudaVisibleDevices: '0' };
    expect(envOf(containerWith(props))).toEqual(
      expect.objectContaining({ NCCL_DEBUG: 'INFO', VENV: '/opt/venv', CUDA_VISIBLE_DEVICES: '0' }),
    );
  });

  test('waits two hours for the prepare Job unless told otherwise', () => {
    const waiting = (props: Partial<FineTuningJobProps>) =>
      only(specOf(props)?.template.spec?.initContainers ?? []).env?.find(({ name }) => name === 'WAIT_TIMEOUT_SECONDS')
        ?.value;
    expect([waiting({}), waiting({ prepareTimeout: Duration.minutes(10) })]).toEqual(['7200', '600']);
  });

  test('says whether it waits', () => {
    const { chart } = chartOf();
    const modelCache = ModelCache.fromClaim(chart, 'models', { claimName: 'models', modelPath: 'qwen' });
    expect([run().prepared, run({ modelCache }, chart).prepared]).toEqual([true, false]);
  });
});

describe('resources', () => {
  const resourcesOf = (props: Partial<FineTuningJobProps>) => containerWith(props).resources?.limits;
  const sharedOf = (props: Partial<FineTuningJobProps>) =>
    specOf(props)?.template.spec?.volumes?.find(({ name }) => name === 'shm')?.emptyDir?.sizeLimit;

  test('are as planned: two ranks, a worker, a margin and /dev/shm', () => {
    // (1.2e9 + 2 x 1.8e9 + 0.3e9 of a checkpoint + 0.6e9) x 1.1 bytes and 384 MiB
    expect(resourcesOf({})).toEqual({ cpu: '8', memory: '7Gi', 'ephemeral-storage': '8Gi', 'nvidia.com/gpu': '2' });
    expect(sharedOf({})).toBe('384Mi');
  });

  test('count a larger /dev/shm in the memory', () => {
    const props = { sharedMemory: Size.gibibytes(8) };
    expect([resourcesOf(props)?.['memory'], sharedOf(props)]).toEqual(['14Gi', '8Gi']);
  });

  test('are those given', () => {
    expect(resourcesOf({ cpus: 3, memory: Size.gibibytes(30), ephemeralStorage: Size.gibibytes(50) })).toEqual({
      cpu: '3',
      memory: '30Gi',
      'ephemeral-storage': '50Gi',
      'nvidia.com/gpu': '2',
    });
  });

  test('leave three CPUs of a node to the prepare Job and the node itself', () => {
    const nodePool = NodePool.of(Gpu.A10, { gpus: 2, cpus: 8 });
    expect(resourcesOf({ nodePool })?.['cpu']).toBe('5');
  });

  test('count offloaded weights and optimizer', () => {
    const { app, chart } = chartOf();
    const deepspeed = new DeepSpeedZero3(chart, 'zero3', { offloadParam: true, offloadOptimizer: true });
    run({ model: QwenModel.QWEN3_14B, deepspeed }, chart);
    // 40.3 GiB of weights in 16 bits, pinned in powers of two, beside two ranks
    expect(containerOf(jobOf(manifestsOf(app), 'train')).resources?.limits?.['memory']).toBe('52Gi');
  });
});

describe('train_config.yaml', () => {
  test('has the arguments given, and what the run sets itself', () => {
    const { job, manifests } = written({ train: { ...TRAIN, learningRate: 1e-4 } });
    expect(trainConfigOf(manifests)).toEqual({
      model_name_or_path: '/models/modelscope/Qwen/Qwen3-0.6B/master',
      stage: 'sft',
      do_train: true,
      finetuning_type: 'lora',
      dataset: 'math_train',
      dataset_dir: '/etc/llamafactory',
      template: 'qwen3',
      output_dir: job.outputDirectory,
      learning_rate: 1e-4,
    });
  });

  test('names the DeepSpeed config where it is mounted', () => {
    const { app, chart } = chartOf();
    run({ deepspeed: new DeepSpeedZero3(chart, 'zero3') }, chart);
    const manifests = manifestsOf(app);
    const mount = containerOf(jobOf(manifests, 'train')).volumeMounts?.find(({ name }) => name === 'deepspeed');
    expect(trainConfigOf(manifests)['deepspeed']).toBe(`${mount?.mountPath}/ds_config_zero3.json`);
  });

  test('names all data sets, those for evaluation apart', () => {
    const { app, chart } = chartOf();
    run(
      {
        dataset: mathDataset(chart, { name: 'a' }, 'a'),
        additionalDatasets: [mathDataset(chart, { name: 'b' }, 'b')],
        evaluationDataset: mathDataset(chart, { name: 'c' }, 'c'),
      },
      chart,
    );
    const manifests = manifestsOf(app);
    expect(trainConfigOf(manifests)).toEqual(expect.objectContaining({ dataset: 'a,b', eval_dataset: 'c' }));
    expect(['a', 'b', 'c'].map((name) => datasetEntryOf(manifests, name)['file_name'])).toEqual([
      '/data/a/math.json',
      '/data/b/math.json',
      '/data/c/math.json',
    ]);
  });
});

describe('with TensorBoard', () => {
  const image = TrainerImage.custom('example/own:1', { tensorboard: '2.20.0' });

  test.each([
    [undefined, 'tensorboard'],
    ['none', 'tensorboard'],
    ['tensorboard', 'tensorboard'],
    ['mlflow', ['mlflow', 'tensorboard']],
  ])('a run that reported to %s reports to %j', (reportTo, expected) => {
    const { manifests } = written({ image, tensorBoard: true, train: { ...TRAIN, reportTo } });
    expect(trainConfigOf(manifests)['report_to']).toEqual(expected);
  });

  test('the run is the same run, in a pod with a native sidecar', () => {
    const [plain, watched] = [written({ image }), written({ image, tensorBoard: true })];
    expect(watched.job.runDigest).toBe(plain.job.runDigest);
    const sidecar = jobOf(watched.manifests, 'train').spec?.template.spec?.initContainers?.find(
      ({ name }) => name === 'tensorboard',
    );
    expect(sidecar).toEqual(expect.objectContaining({ restartPolicy: 'Always' }));
  });

  test('an image without it is an error', () => {
    const { app, chart } = chartOf();
    run({ tensorBoard: true }, chart);
    expect(findingsWith(app, 'image-lacks-package')).toEqual([expect.objectContaining({ key: 'train.reportTo' })]);
  });
});

describe('outputs', () => {
  test('go to a directory named by what the result depends on', () => {
    const { job } = written();
    expect(job.outputDirectory).toBe(`/saves/finetune-math/${job.runDigest}`);
  });

  test('go to a claim of their own unless one is given', () => {
    const { chart } = chartOf();
    const saves = new SavesVolume(chart, 'saves');
    expect([written().job.savesClaimName, run({ saves }, chart).savesClaimName]).toEqual([
      'finetune-math-saves',
      'finetune-saves',
    ]);
  });
});

describe('runs of one chart', () => {
  test('share the launch files', () => {
    const { app, chart } = chartOf();
    const dataset = mathDataset(chart);
    run({ dataset }, chart, 'a');
    run({ dataset, gpus: 1 }, chart, 'b');
    expect(configMapWith(manifestsOf(app), 'launch.sh').data).toEqual(
      Object.fromEntries(
        [
          'launch.sh',
          'diagnose.py',
          'exit-codes.json',
          'lease.py',
          'longest-samples.py',
          'output.py',
          'preflight.py',
          'wait-for.sh',
          'watch.py',
        ].map((name) => [name, expect.any(String)]),
      ),
    );
  });

  test('of other charts have their own', () => {
    const { app, chart } = chartOf();
    run({}, chart);
    run({}, new Chart(app, 'other', { namespace: 'other' }));
    expect(manifestsOf(app).configMaps.filter(({ data }) => data?.['launch.sh'])).toHaveLength(2);
  });
});

test('a construct made after synthesis once still counts in the next', () => {
  const { app, chart } = chartOf();
  const dataset = mathDataset(chart);
  run({ dataset }, chart, 'a');
  expect(manifestsOf(app).jobs).toHaveLength(2);
  run({ dataset }, chart, 'b');
  expect(manifestsOf(app).jobs).toHaveLength(4);
});

const LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
/** Ids that constructs takes: not those of Object.prototype. */
const id = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }),
    fc.string({ unit: fc.constantFrom(...'aZ09-_. 数é🙂'), minLength: 1, maxLength: 80 }),
    fc.constantFrom('Resource', '数学', 'a'.repeat(200)),
  )
  .filter((text) => !(text in {}));

test('names are valid whatever the ids of chart and constructs, and none is there twice', () => {
  fc.assert(
    fc.property(id, fc.uniqueArray(id, { minLength: 2, maxLength: 3 }), (chartId, ids) => {
      const { app, chart } = chartOf({ id: chartId });
      const dataset = mathDataset(chart, {}, 'the-data');
      const image = TrainerImage.custom('example/own:1', { bitsandbytes: '0.49.2' });
      const distinct = [...new Set(ids.map((each) => each.replaceAll('/', '--')))].filter(
        (each) => each !== 'the-data',
      );
      for (const each of distinct) run({ dataset, image }, chart, each);
      expect(findingsOf(app).filter(({ severity }) => severity === 'error')).toEqual([]);
      for (const { kind, metadata } of manifestsOf(app).all) {
        expect(metadata.name).toMatch(LABEL);
        expect(metadata.name?.length).toBeLessThanOrEqual(kind === 'Job' ? 40 : 63);
      }
    }),
    { numRuns: 30 },
  );
});
