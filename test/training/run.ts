import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Chart } from 'cdk8s';
import {
  type Adapter,
  DatasetFormat,
  DatasetVolume,
  FineTuningJob,
  Gate,
  Gpu,
  Model,
  ModelCache,
  NodePool,
  QwenQLoRAJob,
  SavesVolume,
  type TrainArguments,
  TrainerImage,
} from '../../src';
import { qwenQLoRADefaults } from '../../src/job/qwen-qlora-defaults';
import { type Schedule, scheduleOf } from '../../src/planning/schedule';
import { RELEASE_FACTS, type Release } from '../../src/run/releases';
import { REPOSITORY } from '../folder';
import { chartOf, datasetEntryOf, type Manifests, manifestsOf, trainConfigOf } from '../synthesis';
import { cpu } from './cpu';

/** The claim and the directory in it that hold the model. */
export const MODELS = { claimName: 'models', modelPath: 'tiny/Qwen3-tiny' };

/** The samples: the main example's. */
export const SAMPLES = join(REPOSITORY, 'examples', 'qwen3-14b-t10', 'data', 'math_train.json');

/** What a model of two random layers needs to learn something in a minute. */
const TINY: TrainArguments = { numTrainEpochs: 3, gradientAccumulationSteps: 4, learningRate: 5e-3, loggingSteps: 1 };

/** A synthesised run, and what the library says of it. */
export interface Synthesised {
  readonly manifests: Manifests;
  readonly outputDirectory: string;
  readonly savesClaimName: string;
  readonly planned: Schedule;
}

/** What a run differs in from the others. */
export interface Options {
  readonly ranks?: number;
  readonly train?: TrainArguments;
  readonly preflight?: boolean;
  /** The adapter that it goes on from. */
  readonly adapter?: Adapter;
  /** The claim that holds the samples, in a file of the main example's name; they travel in a ConfigMap otherwise. */
  readonly dataClaim?: string;
}

/** The main example with the tiny model, on a CPU. */
export function synthesise(release: Release, modelFolder: string, options: Options = {}): Synthesised {
  const ranks = options.ranks ?? 1;
  const { app, chart } = chartOf();
  const { strategy, train, without } = cpu(release);
  const args = { ...TINY, ...train, ...options.train };
  const props = {
    model: Model.custom({
      name: 'Qwen3-tiny',
      repository: MODELS.modelPath,
      config: JSON.parse(readFileSync(join(modelFolder, 'config.json'), 'utf8')),
    }),
    dataset: datasetOf(chart, options.dataClaim),
    ...(options.adapter === undefined ? {} : { adapter: options.adapter }),
    ...(options.preflight ? { preflight: true, gate: Gate.waves() } : {}),
    nodePool: NodePool.of(Gpu.T10, { gpus: ranks }),
    cpus: ranks,
    modelCache: ModelCache.fromClaim(chart, 'models', MODELS),
    saves: new SavesVolume(chart, 'saves'),
    image: imageOf(release),
  };
  // The preset has no way to say "not this argument": where one is to go, its arguments go to the general construct.
  const run =
    without.length === 0
      ? new QwenQLoRAJob(chart, 'math', { ...props, strategy, train: args })
      : new FineTuningJob(chart, 'math', {
          ...props,
          train: Object.fromEntries(
            Object.entries({ ...qwenQLoRADefaults(strategy), ...args }).filter(
              ([name]) => !without.some((left) => left === name),
            ),
          ),
        });
  const manifests = manifestsOf(app);
  return {
    manifests,
    outputDirectory: run.outputDirectory,
    savesClaimName: run.savesClaimName,
    planned: planOf(release, manifests, ranks),
  };
}

function datasetOf(chart: Chart, claimName: string | undefined): DatasetVolume {
  const described = { name: 'math_train', formatting: DatasetFormat.SHAREGPT };
  if (claimName === undefined) return DatasetVolume.fromFile(chart, 'math-train', { path: SAMPLES, ...described });
  const columns = { messages: 'messages' };
  const tags = { roleTag: 'role', contentTag: 'content', userTag: 'user', assistantTag: 'assistant' };
  const path = basename(SAMPLES);
  return DatasetVolume.fromClaim(chart, 'math-train', { claimName, path, ...described, columns, tags });
}

/** The official image, where there is one; both lack bitsandbytes. */
function imageOf(release: Release): TrainerImage {
  if (RELEASE_FACTS[release].image !== undefined) return TrainerImage.official({ release });
  return TrainerImage.custom(`registry.example.com/llamafactory:${release}`, { llamafactory: release });
}

/** What the planner makes of the config that the trainer will read. */
function planOf(release: Release, manifests: Manifests, ranks: number): Schedule {
  const entry = datasetEntryOf(manifests);
  return scheduleOf({
    path: 'finetune/math',
    file: 'train_config.yaml',
    release,
    args: trainConfigOf(manifests),
    datasets: [{ name: 'math_train', entry, rows: JSON.parse(readFileSync(SAMPLES, 'utf8')) }],
    gpus: ranks,
    nodes: 1,
  });
}
