import { Duration, Size } from 'cdk8s';
import { parse as parseYaml } from 'yaml';
import {
  DatasetVolume,
  FineTuningJob,
  Gate,
  Gpu,
  NetworkAccess,
  NodePool,
  QwenModel,
  type QwenQLoRAJobProps,
  SavesVolume,
} from '../../src';
import type { Mapping } from '../../src/run/run';
import { findingsOf } from '../../src/tree/findings';
import {
  chartOf,
  configMapWith,
  containerOf,
  envOf,
  findingsWith,
  jobOf,
  type Manifests,
  manifestsOf,
  mathDataset,
  mathRun,
  only,
  trainConfigOf,
} from '../synthesis';

const written = (props: Partial<QwenQLoRAJobProps> = {}) => {
  const { app, chart } = chartOf();
  const job = mathRun(chart, { preflight: true, gate: Gate.waves(), ...props });
  return { app, job, manifests: manifestsOf(app) };
};
const podOf = (manifests: Manifests, component: string) => jobOf(manifests, component).spec?.template.spec;
const waitOf = (manifests: Manifests, component: string) => only(podOf(manifests, component)?.initContainers ?? []);
/** The directory of preflight's marker. */
const directoryOf = (props: Partial<QwenQLoRAJobProps> = {}) =>
  envOf(containerOf(jobOf(written(props).manifests, 'preflight')))['PREFLIGHT_DIR'] ?? '';

test('a run has no preflight unless asked for', () => {
  const { manifests } = written({ preflight: false });
  expect(manifests.jobs.map(({ metadata }) => metadata?.labels?.['app.kubernetes.io/component']).sort()).toEqual([
    'prepare',
    'train',
  ]);
  expect(trainConfigOf(manifests)).not.toHaveProperty('tokenized_path');
});

describe('the preflight Job', () => {
  const { manifests, job } = written({ labels: { team: 'a' }, annotations: { note: 'x' }, priorityClassName: 'high' });
  const pod = podOf(manifests, 'preflight');
  const container = containerOf(jobOf(manifests, 'preflight'));
  const trainer = containerOf(jobOf(manifests, 'train'));

  test('is called after the run and its content, and carries the run’s labels and annotations', () => {
    const { metadata } = jobOf(manifests, 'preflight');
    expect(metadata?.name).toMatch(/^finetune-math-preflight-[0-9a-f]{10}$/);
    expect(metadata?.labels).toMatchObject({ team: 'a', 'cdk8s-llamafactory/run': job.runDigest });
    expect(metadata?.annotations).toEqual({ note: 'x' });
  });

  test('has the image, the mounts and the volumes of the training pod, but for /dev/shm', () => {
    expect(container.image).toBe(trainer.image);
    expect(container.volumeMounts).toEqual(trainer.volumeMounts?.filter(({ name }) => name !== 'shm'));
    const volumes = podOf(manifests, 'train')?.volumes?.filter(({ name }) => name !== 'shm');
    expect(pod?.volumes).toEqual(volumes);
  });

  test('asks for no GPU, sees none, and has the namespace’s own priority', () => {
    expect(container.resources?.limits).not.toHaveProperty('nvidia.com/gpu');
    expect(envOf(container)['NVIDIA_VISIBLE_DEVICES']).toBe('void');
    expect(pod).not.toHaveProperty('priorityClassName');
  });

  test('knows the ranks, the card, the cores it has and where its marker goes', () => {
    expect(envOf(container)).toMatchObject({
      TRAIN_CONFIG: '/etc/llamafactory/train_config.yaml',
      OUTPUT_DIR: job.outputDirectory,
      NPROC_PER_NODE: '4',
      COMPUTE_CAPABILITY: '7.5',
      PREFLIGHT_CPUS: container.resources?.limits?.['cpu'],
      PREFLIGHT_DIR: expect.stringMatching(/^\/saves\/finetune-math\/\.preflight\/[0-9a-f]{10}$/),
    });
  });

  test('waits for the prepare Job itself, also where training only looks', () => {
    const { name, command, env } = waitOf(manifests, 'preflight');
    expect(name).toBe('wait-for-prepare');
    expect(command?.slice(2)).toEqual(waitOf(manifests, 'train').command?.slice(2, -1));
    expect(env).toContainEqual({ name: 'WAIT_TIMEOUT_SECONDS', value: '7200' });
  });

  test('fails at once for what would come again, by the codes of its own container', () => {
    expect(jobOf(manifests, 'preflight').spec?.podFailurePolicy?.rules?.slice(1)).toEqual([
      {
        action: 'FailJob',
        onExitCodes: { containerName: 'preflight', operator: 'In', values: [10, 11, 12, 13, 15, 17] },
      },
      { action: 'FailJob', onExitCodes: { containerName: 'wait-for-prepare', operator: 'In', values: [10] } },
    ]);
  });

  test('has a network policy like the training pod’s', () => {
    const policyOf = (name: string | undefined) =>
      only(manifests.all.filter(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === name)) as {
        spec?: { egress?: unknown; podSelector?: unknown };
      };
    const [mine, theirs] = ['preflight', 'train'].map((component) =>
      policyOf(jobOf(manifests, component).metadata?.name),
    );
    expect(mine?.spec?.egress).toEqual(theirs?.spec?.egress);
    expect(mine?.spec?.podSelector).toEqual({
      matchLabels: { 'cdk8s-llamafactory/job': jobOf(manifests, 'preflight').metadata?.name },
    });
  });

  test('has none where the run wants none', () => {
    const { manifests: open } = written({ networkAccess: NetworkAccess.unrestricted() });
    expect(open.all.filter(({ kind }) => kind === 'NetworkPolicy')).toEqual([]);
  });

  test('starts the Python of the virtual environment', () => {
    const [python] =
      containerOf(jobOf(written({ virtualEnvironment: '/opt/venv' }).manifests, 'preflight')).command ?? [];
    expect(python).toBe('/opt/venv/bin/python3');
  });
});

describe('training', () => {
  test('waits for the marker after those of the prepare Job', () => {
    const { manifests } = written();
    const { PREFLIGHT_DIR } = envOf(containerOf(jobOf(manifests, 'preflight')));
    expect(waitOf(manifests, 'train').command?.at(-1)).toBe(`${PREFLIGHT_DIR}/.complete`);
  });

  test.each([
    ['check-prepare', Gate.waves()],
    ['wait-for-prepare', Gate.wait()],
  ])('fails its Job if %s says that preflight failed', (containerName, gate) => {
    expect(jobOf(written({ gate }).manifests, 'train').spec?.podFailurePolicy?.rules?.at(-1)).toEqual({
      action: 'FailJob',
      onExitCodes: { containerName, operator: 'In', values: [10] },
    });
  });

  test('ends with its init container where what it waits for won’t come, with preflight and without', () => {
    for (const preflight of [true, false]) {
      const rules = jobOf(written({ preflight }).manifests, 'train').spec?.podFailurePolicy?.rules;
      const names = rules?.flatMap(({ onExitCodes }) => onExitCodes?.containerName ?? []);
      expect(names).toEqual(['trainer', 'check-prepare']);
    }
  });

  test('reads the tokenised data of its run', () => {
    const { manifests, job } = written();
    expect(trainConfigOf(manifests)['tokenized_path']).toBe(`/saves/finetune-math/.tokenized/${job.runDigest}`);
  });

  test('of data that streams has none', () => {
    const { app, chart } = chartOf();
    new FineTuningJob(chart, 'math', {
      model: QwenModel.QWEN3_0_6B,
      nodePool: NodePool.of(Gpu.A100_80GB),
      dataset: mathDataset(chart),
      train: { stage: 'sft', doTrain: true, template: 'qwen3', streaming: true, maxSteps: 10, reportTo: 'none' },
      preflight: true,
      gate: Gate.waves(),
    });
    const manifests = manifestsOf(app);
    expect(trainConfigOf(manifests)).not.toHaveProperty('tokenized_path');
    expect(jobOf(manifests, 'preflight')).toBeDefined();
  });

  test('tries its smoke run on data of its own', () => {
    const text = configMapWith(written({ smoke: true }).manifests, 'smoke_config.yaml').data?.['smoke_config.yaml'];
    expect(parseYaml(text ?? '') as Mapping).not.toHaveProperty('tokenized_path');
  });
});

describe('the run', () => {
  test('is the same with preflight', () => {
    expect(written().job.runDigest).toBe(written({ preflight: false }).job.runDigest);
  });

  test.each<[string, Partial<QwenQLoRAJobProps>]>([
    ['an argument that is no part of it', { train: { loggingSteps: 7 } }],
    ['another card', { nodePool: NodePool.of(Gpu.A10, { gpus: 4 }) }],
    ['a variable', { env: { DISABLE_VERSION_CHECK: '1' } }],
  ])('is looked at again with %s', (_, props) => {
    expect(directoryOf(props)).not.toBe(directoryOf());
  });

  test.each<[string, Partial<QwenQLoRAJobProps>]>([
    ['more memory', { memory: Size.gibibytes(64) }],
    ['a label', { labels: { team: 'a' } }],
    ['a smoke run', { smoke: true }],
  ])('is not looked at again with %s', (_, props) => {
    expect(directoryOf(props)).toBe(directoryOf());
  });
});

test('the saves claim is planned with room for the tokenised data', () => {
  const planned = (preflight: boolean) => {
    const { chart } = chartOf();
    const saves = new SavesVolume(chart, 'saves', { size: Size.mebibytes(1) });
    // Nobody knows how large data on a claim are: 4 GB are reckoned for them.
    const dataset = DatasetVolume.fromClaim(chart, 'data', { claimName: 'data', path: 'math.jsonl' });
    mathRun(chart, { dataset, saves, preflight, gate: Gate.waves() });
    return Number(only(findingsWith(chart, 'saves-too-small')).allowed?.match(/[\d.]+/)?.[0]);
  };
  expect(planned(true) - planned(false)).toBeCloseTo(3.7, 0);
});

describe('beside Gate.wait()', () => {
  test('is a warning: the GPUs are held for it', () => {
    expect(findingsWith(written({ gate: Gate.wait() }).app, 'preflight-holds-gpus')).toEqual([
      expect.objectContaining({ severity: 'warning', path: 'finetune/math', key: 'preflight' }),
    ]);
    expect(findingsOf(written().app).filter(({ id }) => id === 'preflight-holds-gpus')).toEqual([]);
  });

  test('the warning can be acknowledged', () => {
    const { app } = written({ gate: Gate.wait(), acknowledge: { 'preflight-holds-gpus': 'one node, one user' } });
    expect(findingsOf(app).filter(({ id }) => id === 'preflight-holds-gpus')).toEqual([]);
  });

  test('the training pod leaves preflight its cores', () => {
    const nodePool = NodePool.of(Gpu.T10, { gpus: 4, cpus: 16 });
    const cpusOf = (component: string, gate: Gate) =>
      Number(containerOf(jobOf(written({ nodePool, gate }).manifests, component)).resources?.limits?.['cpu']);
    expect([cpusOf('train', Gate.wait()), cpusOf('preflight', Gate.wait())]).toEqual([9, 4]);
    expect(cpusOf('train', Gate.waves())).toBe(13);
  });

  test('preflight waits for the prepare Job as long as training does', () => {
    const { manifests } = written({ gate: Gate.wait(), prepareTimeout: Duration.hours(5) });
    for (const component of ['preflight', 'train'])
      expect(waitOf(manifests, component).env).toContainEqual({ name: 'WAIT_TIMEOUT_SECONDS', value: '18000' });
  });
});
