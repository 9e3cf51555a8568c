import type { GpuMemory } from './planning/memory';
import type { Plan, PlannedMemory } from './planning/plan';
import type { Edit } from './run/finding';

/** What a run does, step by step. */
export interface RunSchedule {
  /**
   * Samples trained on: after max_samples and val_size, without rows that LLaMA-Factory leaves out.
   * @default - the data isn't at hand
   */
  readonly trainSamples?: number;
  /**
   * Samples evaluated on.
   * @default - the data isn't at hand
   */
  readonly evalSamples?: number;
  /**
   * Sequences that the samples to train on are packed into.
   * @default - they aren't packed, or the data isn't at hand
   */
  readonly trainSequences?: number;
  /**
   * Sequences that the samples to evaluate on are packed into.
   * @default - they aren't packed, or the data isn't at hand
   */
  readonly evalSequences?: number;
  /** Samples that one optimizer step sees: batch, accumulation and GPUs multiplied. */
  readonly effectiveBatch: number;
  /**
   * Batches that each GPU sees in an epoch.
   * @default - no length (streaming), or the data isn't at hand
   */
  readonly batchesPerEpoch?: number;
  /**
   * Optimizer steps in an epoch.
   * @default - no length (streaming), or the data isn't at hand
   */
  readonly optimizerStepsPerEpoch?: number;
  /**
   * Optimizer steps in all.
   * @default - the data isn't at hand, and max_steps isn't set
   */
  readonly optimizerSteps?: number;
  /**
   * Steps in which the learning rate rises.
   * @default - the steps aren't known
   */
  readonly warmupSteps?: number;
  /** The steps after which the trainer logs. */
  readonly logs: number[];
  /** The steps after which it saves a checkpoint. */
  readonly saves: number[];
  /** The steps after which it evaluates. */
  readonly evaluations: number[];
  /** True if an evaluation follows the last step. */
  readonly finalEvaluation: boolean;
  /** False where the numbers stand on an upper bound. */
  readonly exact: boolean;
  /**
   * Most tokens (padding counted) that the whole run computes on.
   * @default - the steps aren't known
   */
  readonly tokensAtMost?: number;
}

/** GPU memory of one rank, in bytes. */
export interface RunGpuMemory {
  /** The peak while the model loads. */
  readonly loadBytes: number;
  /** The peak of the optimizer steps, by torch's allocator. */
  readonly stepAllocatedBytes: number;
  /** The peak of an evaluation after steps; 0 if the run never evaluates. */
  readonly evaluationAllocatedBytes: number;
  /** What the allocator needs of the device at the highest of the three, with expandable segments. */
  readonly stepReservedBytes: number;
  /** The same without expandable segments. */
  readonly stepReservedFixedSegmentsBytes: number;
  /** What the device holds beside the allocator: CUDA context and NCCL. */
  readonly contextBytes: number;
  /**
   * What the card leaves to the allocator.
   * @default - the card isn't known
   */
  readonly usableBytes?: number;
  /** True if the margin is above the planner's own error. */
  readonly fits: boolean;
  /**
   * `fits`, `tight` or `does not fit`.
   * @default - the card isn't known
   */
  readonly verdict?: string;
  /**
   * Usable less needed; negative: that much is missing.
   * @default - the card isn't known
   */
  readonly marginBytes?: number;
  /** The step peak by part; the parts add up to it. */
  readonly parts: { readonly [part: string]: number };
  /** When the step peak comes: at the `loss`, or while a block is computed again, `layer`. */
  readonly peakAt: string;
  /** What decides the need: `load`, `step` or `evaluation`. */
  readonly decidedBy: string;
  /** The attention kernel of the worst batch: `flash`, `memory-efficient` or `math`. */
  readonly attention: string;
}

/** Host memory, in bytes. */
export interface RunHostMemory {
  /** One rank, as expected. */
  readonly perRankBytes: number;
  /** One pod: ranks, workers, a margin and /dev/shm. */
  readonly podBytes: number;
  /** The pod's memory by part; the parts add up to it. */
  readonly parts: { readonly [part: string]: number };
}

/** GPU, host and disk, in bytes. */
export interface RunMemory {
  /** The worst batch: every sequence has cutoff_len tokens. */
  readonly gpu: RunGpuMemory;
  /**
   * The longest batch the data can make.
   * @default - the data isn't at hand, or it reaches cutoff_len
   */
  readonly gpuForData?: RunGpuMemory;
  readonly host: RunHostMemory;
  /** Size of /dev/shm. */
  readonly shmBytes: number;
  /** What the output directory takes. */
  readonly diskBytes: number;
  /** One checkpoint. */
  readonly checkpointBytes: number;
  /** Scratch on the node. */
  readonly ephemeralBytes: number;
  /** The model's files. */
  readonly modelBytes: number;
}

/** Between which a number lies. */
export interface RunBounds {
  readonly least: number;
  readonly most: number;
}

/** How fast a run goes, and how long it takes: bounds. */
export interface RunSpeed {
  /** Tokens of the samples a second over all GPUs, padding not counted. */
  readonly tokensPerSecond: RunBounds;
  /** Seconds for one optimizer step. */
  readonly secondsPerStep: RunBounds;
  /**
   * The whole run, evaluations included, start and model load not.
   * @default - the steps aren't known
   */
  readonly seconds?: RunBounds;
}

/** How fast a run goes on its data, beside the worst case, with what both assume. */
export interface RunThroughput extends RunSpeed {
  /**
   * Tokens of a sample as the trainer cuts it, the mean.
   * @default - the lengths aren't known, and the worst case stands
   */
  readonly sampleTokens?: number;
  /** The worst case: every sequence has cutoff_len tokens. */
  readonly fullSequences: RunSpeed;
  readonly assumptions: string[];
}

/** One thing to change, with what it brings. */
export interface RunAdvice {
  readonly id: string;
  /** What to change and what it brings, in words. */
  readonly message: string;
  /** The change as data; empty where there is nothing to write. */
  readonly edits: Edit[];
  /** True if the kernels it needs are known to run on the card. */
  readonly verified: boolean;
  /**
   * What the image must hold.
   * @default - nothing more than the run needs now
   */
  readonly needs?: string[];
  /**
   * Needed on the GPU after the change, in bytes.
   * @default - the change isn't about memory
   */
  readonly stepReservedBytes?: number;
  /**
   * Margin after the change, in bytes.
   * @default - the change isn't about memory
   */
  readonly marginBytes?: number;
  /**
   * Tokens a second after the change, over before.
   * @default - not known
   */
  readonly speedup?: number;
}

/** What a run does, what it takes and what would be better: what `cdk8s-llamafactory plan --format json` prints. */
export interface RunPlan {
  readonly schedule: RunSchedule;
  /**
   * GPU, host and disk.
   * @default - the model's shape isn't known
   */
  readonly memory?: RunMemory;
  /**
   * Speed and duration.
   * @default - the card's or the model's numbers aren't known
   */
  readonly throughput?: RunThroughput;
  readonly advice: RunAdvice[];
}

/** The planner's plan in the shape that is public; lists are copies, what isn't known is left out. */
export function runPlan({ schedule, memory, throughput, advice }: Plan): RunPlan {
  return {
    schedule: {
      ...known(schedule),
      logs: [...schedule.logs],
      saves: [...schedule.saves],
      evaluations: [...schedule.evaluations],
    },
    ...(memory === undefined ? {} : { memory: runMemory(memory) }),
    ...(throughput === undefined ? {} : { throughput: { ...throughput, assumptions: [...throughput.assumptions] } }),
    advice: advice.map(({ needs, ...rest }) => ({
      ...rest,
      edits: [...rest.edits],
      ...(needs === undefined ? {} : { needs: [...needs] }),
    })),
  };
}

function runMemory({ gpu, gpuForData, ...rest }: PlannedMemory): RunMemory {
  return {
    ...rest,
    gpu: gpuMemory(gpu),
    ...(gpuForData === undefined ? {} : { gpuForData: gpuMemory(gpuForData) }),
  };
}

function gpuMemory({ fits, ...gpu }: GpuMemory): RunGpuMemory {
  return { ...gpu, fits: fits === 'fits', ...(fits === undefined ? {} : { verdict: fits }) };
}

function known<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
}
