// A platform team's own construct over the preset: what the platform decides stands in it once, what a team chooses are its props.
import { App, Chart, Duration, Size } from 'cdk8s';
import {
  DatasetFormat,
  DatasetVolume,
  Gate,
  Gpu,
  ModelCache,
  NodePool,
  QwenQLoRAJob,
  type QwenQLoRAJobProps,
  SavesVolume,
  synth,
  TrainerImage,
} from 'cdk8s-llamafactory';
import { Construct } from 'constructs';

/** What a team chooses. */
interface TeamFineTuneProps extends Pick<QwenQLoRAJobProps, 'dataset' | 'evaluationDataset' | 'model' | 'train'> {
  /** Who pays for it. */
  readonly costCenter: string;
}

/** Storage that every node can mount. */
const SHARED = { storageClassName: 'shared', readWriteMany: true };
/** The node pool of the cluster, with what a pod can get there (kubectl describe node, Allocatable). */
const T10_NODES = NodePool.of(Gpu.T10, { gpus: 4, cpus: 30, memory: Size.gibibytes(240) });
/** The mirror's copy of the release, checked once and named for good: put your registry's digest here. */
const IMAGE = TrainerImage.official({
  release: '0.9.5',
  registry: 'registry.example.com/hub',
  digest: 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
});

/** A run as the platform wants it. All runs of a chart share one model cache and one volume for adapters. */
class TeamFineTune extends Construct {
  /** The Job, to wait for. */
  public readonly jobName: string;
  /** Where the adapter goes, for whoever serves it. */
  public readonly adapter: { readonly claimName: string; readonly directory: string };

  public constructor(scope: Construct, id: string, { costCenter, ...run }: TeamFineTuneProps) {
    super(scope, id);
    const chart = Chart.of(this);
    const { job } = new QwenQLoRAJob(this, 'Default', {
      ...run,
      image: IMAGE,
      nodePool: T10_NODES,
      modelCache: shared(
        chart,
        'models',
        () => new ModelCache(chart, 'models', { size: Size.gibibytes(60), ...SHARED }),
      ),
      saves: shared(chart, 'saves', () => new SavesVolume(chart, 'saves', { size: Size.gibibytes(100), ...SHARED })),
      packageIndex: 'https://registry.example.com/pypi/simple',
      labels: { 'example.com/cost-center': costCenter },
      gate: Gate.waves(),
      priorityClassName: 'batch',
      evictionProtection: Duration.hours(24),
    });
    this.jobName = job.jobName;
    this.adapter = { claimName: job.savesClaimName, directory: job.outputDirectory };
  }
}

/** The chart's own, made by the first run that asks for it. */
function shared<T extends Construct>(chart: Chart, id: string, make: () => T): T {
  return (chart.node.tryFindChild(id) as T | undefined) ?? make();
}

const app = new App();
const team = new Chart(app, 'team-a', { namespace: 'team-a' });

new TeamFineTune(team, 'math', {
  costCenter: 'ml-4711',
  dataset: DatasetVolume.fromFile(team, 'math-train', {
    path: 'examples/qwen3-14b-t10/data/math_train.json',
    name: 'math_train',
    formatting: DatasetFormat.SHAREGPT,
  }),
  train: { learningRate: 3e-5, numTrainEpochs: 20 },
});

synth(app);
