import { Construct } from 'constructs';
import { DeepSpeedZero3 } from './deepspeed-zero3';
import { FineTuningJob } from './fine-tuning-job';
import type { RunProps } from './fine-tuning-job-props';
import { Gpu } from './gpu';
import { qwenQLoRADefaults } from './job/qwen-qlora-defaults';
import type { TrainArguments } from './llamafactory/train-arguments';
import type { Model } from './model';
import { ModelCache } from './model-cache';
import { NodePool } from './node-pool';
import { Strategy } from './planning/strategy';
import { QwenModel } from './qwen-model';
import { checkedProps } from './run/props';
import { DEFAULT_RELEASE } from './run/releases';
import type { RunPlan } from './run-plan';
import { SavesVolume } from './saves-volume';

/** A QLoRA fine-tuning of a Qwen model; everything but the data has a default. */
export interface QwenQLoRAJobProps extends RunProps {
  /**
   * The model to fine-tune.
   * @default QwenModel.QWEN3_14B
   */
  readonly model?: Model;
  /**
   * The nodes it may go to.
   * @default - nodes with four T10, by the labels of GPU feature discovery
   */
  readonly nodePool?: NodePool;
  /**
   * How the GPUs share the work. With `Strategy.DDP` the preset's batch is 1 x 1536 tokens a card instead of
   * 2 x 2048, accumulation 8 instead of 4. With `Strategy.AUTO` it is whatever fits, the effective batch and the 2048
   * tokens kept.
   * @default - Strategy.ZERO3_OFFLOAD; with a `trainConfig` that names no DeepSpeed config, Strategy.DDP
   */
  readonly strategy?: Strategy;
  /**
   * The DeepSpeed config, for `Strategy.ZERO3_OFFLOAD`.
   * @default - ZeRO-3 with optimizer and weights offloaded
   */
  readonly deepspeed?: DeepSpeedZero3;
}

/**
 * The run most people want: 4-bit QLoRA of a Qwen model with LLaMA-Factory. With nothing but a data set it is Qwen3-14B
 * on four T10, rank 16, 20 epochs, effective batch 32.
 *
 * With a `trainConfig` the train arguments are the file's, and none of the preset's are put under it; model, nodes,
 * claims and the DeepSpeed config are the preset's as before.
 */
export class QwenQLoRAJob extends Construct {
  /** The run that the preset makes. */
  public readonly job: FineTuningJob;

  public constructor(scope: Construct, id: string, given: QwenQLoRAJobProps) {
    super(scope, id);
    // What is wrong with them the run says, which is given all of them; nothing is made here of what is wrong.
    const { sound: props } = checkedProps('QwenQLoRAJobProps', given);
    const strategy = props.strategy ?? defaultStrategy(props);
    this.job = new FineTuningJob(this, 'Resource', {
      model: QwenModel.QWEN3_14B,
      nodePool: NodePool.of(Gpu.T10),
      strategy,
      ...defined(given ?? {}),
      modelCache: given?.modelCache === undefined ? new ModelCache(this, 'models') : given.modelCache,
      saves: given?.saves === undefined ? new SavesVolume(this, 'saves') : given.saves,
      deepspeed:
        strategy === Strategy.ZERO3_OFFLOAD && given?.deepspeed === undefined
          ? new DeepSpeedZero3(this, 'zero3', { offloadOptimizer: true, offloadParam: true })
          : given?.deepspeed,
      ...(given?.train !== undefined && props.train === undefined
        ? {}
        : {
            train: {
              // A file is what its author trained with: the preset's defaults under it would make another run of it.
              ...(props.trainConfig === undefined ? { ...qwenQLoRADefaults(strategy), ...leftOut(props) } : {}),
              ...defined(given?.train ?? {}),
            },
          }),
    });
  }

  /** What the run does and takes. */
  public get plan(): RunPlan {
    return this.job.plan;
  }

  /** The Job's name. */
  public get jobName(): string {
    return this.job.jobName;
  }

  /** The digest of everything the result depends on. */
  public get runDigest(): string {
    return this.job.runDigest;
  }

  /** Where the adapter goes, as the pod sees it. */
  public get outputDirectory(): string {
    return this.job.outputDirectory;
  }

  /** The claim that holds {@link outputDirectory}. */
  public get savesClaimName(): string {
    return this.job.savesClaimName;
  }
}

/** The strategy where none is asked for: ZeRO-3, unless a train config that is given does without DeepSpeed. */
function defaultStrategy({ trainConfig, deepspeed, image }: Partial<QwenQLoRAJobProps>): Strategy {
  const release = image?._contents.llamafactory ?? DEFAULT_RELEASE;
  const without = trainConfig !== undefined && deepspeed === undefined && !trainConfig._usesDeepSpeed(release);
  return without ? Strategy.DDP : Strategy.ZERO3_OFFLOAD;
}

/** What of the preset goes with a prop: data held back beside data for evaluation, checkpointing where it is turned off. */
function leftOut({ evaluationDataset, train }: Partial<QwenQLoRAJobProps>): TrainArguments {
  return {
    ...(evaluationDataset === undefined ? {} : { valSize: undefined }),
    ...(train?.disableGradientCheckpointing === true ? { gradientCheckpointing: undefined } : {}),
  };
}

/** Props without those that are there but undefined, which would hide a default. */
function defined<T extends object>(props: T): T {
  return Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined)) as T;
}
