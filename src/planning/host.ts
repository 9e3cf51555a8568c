import type { Run } from '../run';
import type { ModelShape } from './catalog/models';
import type { BaseWeights, Linear } from './layers';
import { shapeOf } from './memory';
import type { Schedule } from './schedule';
import { numberOf, type Settings, settingsOf } from './settings';

/** What a pod needs beside its GPUs, in bytes. */
export interface HostNeeds {
  /** Host memory of one rank. */
  readonly perRankBytes: number;
  /** Host memory of one pod: its ranks, the workers, and /dev/shm, whose pages count against the pod's limit. */
  readonly podBytes: number;
  /** The pod's memory by part; the parts add up to it. */
  readonly parts: Readonly<Record<string, number>>;
  /** Size of /dev/shm. */
  readonly shmBytes: number;
  /** What the output directory takes: the kept checkpoints, one more while it is written, and the final files. */
  readonly outputBytes: number;
  /** One checkpoint. */
  readonly checkpointBytes: number;
  /** Scratch on the node: compiled kernels, the tokenised data, temporary files. */
  readonly ephemeralBytes: number;
  /** The model's files, as a hub serves them. */
  readonly modelBytes: number;
}

const MIB = 2 ** 20;

/** A rank with Python, torch and the CUDA libraries loaded and the model on its GPU: 3.3 to 3.9 GB measured. */
const PROCESS = 3.6e9;
/** A worker that tokenises: Python, the tokenizer and a share of the rows. */
const WORKER = 0.6e9;
/** On the host for each parameter that trains: weights and two moments in 32 bits, gradients in 16 and 32. */
const OFFLOADED_OPTIMIZER = 18;
/** NCCL's buffers of one connection: its three protocols take 4, 4.7 and 0.25 MiB, with room for the control pages. */
const CONNECTION = 10 * MIB;
/** Rings and trees, two channels each, in both directions. */
const CONNECTIONS_A_RANK = 8;
/** Tokenizer, config and log files of a checkpoint. */
const SMALL_FILES = 20e6;
/** Compiled kernels (DeepSpeed's CPUAdam, Triton) and temporary files. */
const SCRATCH = 2 * 2 ** 30;

/** Pinned memory comes in powers of two from torch's host allocator. */
function pinned(bytes: number): number {
  return bytes <= 0 ? 0 : 2 ** Math.ceil(Math.log2(bytes));
}

/** The weights of an offloaded model as they are pinned: tensor by tensor, each rank its share. */
function pinnedWeights(model: ModelShape, s: Settings, linears: readonly Linear[], base: BaseWeights): number {
  const block = linears.reduce((sum, linear) => {
    const bits = linear.fused ? 16 : s.bits;
    const tensor = (linear.input * linear.output * bits) / 8 / s.worldSize;
    return sum + linear.count * pinned(tensor);
  }, 0);
  const tables = (model.tiedEmbeddings ? 1 : 2) * pinned(base.embeddings / s.worldSize);
  return model.layers * block + tables;
}

/** What a rank holds on the host because of its strategy. */
function strategyBytes(model: ModelShape, s: Settings, run: Run): Record<string, number> {
  const { linears, base, trainable } = shapeOf(run, model, s);
  const zero = run.deepspeed?.config['zero_optimization'] as Record<string, Record<string, unknown>> | undefined;
  const optimizer =
    zero?.['offload_optimizer']?.['device'] === 'cpu' ? (OFFLOADED_OPTIMIZER * trainable) / s.worldSize : 0;
  if (s.strategy === 'zero3-offload') {
    return { offloadedWeights: pinnedWeights(model, s, linears, base), offloadedOptimizer: optimizer };
  }
  // measured with one rank: ZeRO-2 held as much as the whole model on the host, ZeRO-3 about its largest tensor
  if (s.strategy === 'zero2') return { startup: base.weights + base.scales, offloadedOptimizer: optimizer };
  return s.strategy === 'zero3' ? { startup: pinned(base.embeddings), offloadedOptimizer: optimizer } : {};
}

/** One checkpoint: the trained weights, and the optimizer unless save_only_model is set. */
function checkpointBytes(run: Run, s: Settings, trainable: number, wholeModel: number): number {
  const zero = s.strategy !== 'ddp';
  const weights = s.finetuning === 'full' || s.finetuning === 'freeze' ? wholeModel : (zero ? 2 : 4) * trainable;
  const optimizer = run.args['save_only_model'] === true ? 0 : (zero ? 14 : 8) * trainable;
  return weights + optimizer + SMALL_FILES;
}

/** Host memory, shared memory and disk. */
export function hostNeeds(
  run: Run,
  model: ModelShape,
  schedule: Schedule,
  settings: Settings = settingsOf(run),
): HostNeeds {
  const { trainable, elements } = shapeOf(run, model, settings);
  const ranks = settings.gpusPerNode;
  const perRank = { process: PROCESS, ...strategyBytes(model, settings, run) };
  const perRankBytes = Object.values(perRank).reduce((sum, bytes) => sum + bytes, 0);
  // rank 0 tokenises first, before the ranks have grown, but the workers may outlive that
  const workers = WORKER * (settings.preprocessingWorkers + settings.dataloaderWorkers * ranks);
  const connections = settings.worldSize > 1 ? ranks * CONNECTIONS_A_RANK * CONNECTION : 0;
  const batches = settings.dataloaderWorkers * ranks * 2 * 3 * 8 * settings.trainBatch * settings.cutoffLen;
  const shmBytes = Math.ceil((64 * MIB + connections + batches) / (64 * MIB)) * 64 * MIB;
  const parts: Record<string, number> = { workers, sharedMemory: shmBytes };
  for (const [name, bytes] of Object.entries(perRank)) parts[name] = bytes * ranks;

  const tables = (model.tiedEmbeddings ? 1 : 2) * model.vocabSize * model.hiddenSize;
  const modelBytes = 2 * (elements + tables + model.hiddenSize);
  const checkpoint = checkpointBytes(run, settings, trainable, modelBytes);
  const limit = run.args['save_total_limit'];
  const kept =
    limit === undefined || limit === null ? schedule.saves.length : numberOf(limit, schedule.saves.length) + 1;
  const final = checkpointBytes(
    { ...run, args: { ...run.args, save_only_model: true } },
    settings,
    trainable,
    modelBytes,
  );
  return {
    perRankBytes,
    podBytes: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0),
    parts,
    shmBytes,
    outputBytes: Math.min(kept, schedule.saves.length) * checkpoint + final,
    checkpointBytes: checkpoint,
    ephemeralBytes: SCRATCH,
    modelBytes,
  };
}
