import { isGiven, isOn, numberOf } from '../llamafactory/effective-arguments';
import type { ModelShape } from '../run/model-shape';
import type { Run } from '../run/run';
import { modelFileBytes } from './layers';
import { textBytes } from './lengths';
import { type Shape, shapeOf } from './memory';
import type { Schedule } from './schedule';
import { type Settings, section, settingsOf } from './settings';

/** What a pod needs beside its GPUs, in bytes. */
export interface HostNeeds {
  /** Host memory of one rank, as it is expected: no margin. */
  readonly perRankBytes: number;
  /** Host memory of one pod: its ranks, the workers, a margin, and /dev/shm, whose pages count against the limit. */
  readonly podBytes: number;
  /** The pod's memory by part; the parts add up to it. */
  readonly parts: Readonly<Record<string, number>>;
  /** Size of /dev/shm: twice what NCCL and the loaders' batches are reckoned to take. */
  readonly shmBytes: number;
  /** What the output directory takes: the kept checkpoints, one more while it is written, and the final files. */
  readonly outputBytes: number;
  /** What the tokenised data takes where it is kept beside the output; 0: it streams. */
  readonly tokenizedBytes: number;
  /** One checkpoint. */
  readonly checkpointBytes: number;
  /** Scratch on the node: half for caches (compiled kernels, tokenised data), a quarter for temporary files, logs. */
  readonly ephemeralBytes: number;
  /** The model's files, as a hub serves them; 0: the model's shape isn't known. */
  readonly modelBytes: number;
}

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** A rank with Python, torch and the CUDA libraries loaded and the model on its GPU: 1.7 to 2.0 GB of its own, measured. */
const PROCESS = 1.83e9;
/** What the ranks of a pod have once between them: torchrun, the driver's and the system's share, measured. */
const LAUNCHER = 1.22e9;
/** Weights are written in files of 5 GB at most, each copied to the host first. */
const FILE = 5e9;
/** A worker that tokenises: Python, the tokenizer and a share of the rows. */
const WORKER = 0.6e9;
/** On the host for each parameter that trains: weights and two moments in 32 bits, gradients in 16 and 32. */
const OFFLOADED_OPTIMIZER = 18;
/**
 * On top of what is expected: the planner is up to a tenth low against what was measured, with one rank and with two. A
 * pod over its limit is killed, memory asked for in vain only stands idle.
 */
export const HOST_MARGIN = 0.1;
/** NCCL's buffers of one connection: its three protocols take 4, 4.7 and 0.25 MiB, with room for the control pages. */
const CONNECTION = 10 * MIB;
/** Rings and trees, two channels each, in both directions. */
const CONNECTIONS_A_RANK = 8;
/** Tokenizer, config and log files of a checkpoint. */
const SMALL_FILES = 20e6;
/** Compiled kernels (DeepSpeed's CPUAdam, Triton, CUDA's own) and the small caches. */
const CACHES = 4e9;
/** The datasets library keeps the rows as they were read, aligned, and once more while they are written. */
const COPIES_OF_TEXT = 3;
/** A token in the cache: its number in 4 bytes, its label in 8, its mask in 1. */
const CACHED_TOKEN = 13;
/** The tokenised data where nobody knows how many they are. */
const UNKNOWN_DATA = 4e9;
/** Checkpoints of a run whose steps aren't known. */
const UNKNOWN_SAVES = 10;

/** Pinned memory comes in powers of two from torch's host allocator. */
function pinned(bytes: number): number {
  return bytes <= 0 ? 0 : 2 ** Math.ceil(Math.log2(bytes));
}

/** The weights of an offloaded model as they are pinned: tensor by tensor, each rank its share. */
function pinnedWeights(model: ModelShape, s: Settings, { linears, base }: Shape): number {
  const block = linears.reduce((sum, linear) => {
    const bits = linear.fused ? 16 : s.bits;
    const tensor = (linear.input * linear.output * bits) / 8 / s.worldSize;
    return sum + linear.count * pinned(tensor);
  }, 0);
  const tables = (model.tiedEmbeddings ? 1 : 2) * pinned(base.embeddings / s.worldSize);
  return model.layers * block + tables;
}

/** What a rank holds on the host because of its strategy. */
function strategyBytes(model: ModelShape, s: Settings, run: Run, shape: Shape): Record<string, number> {
  const { base, trainable } = shape;
  const offload = section(section(run.deepspeed?.config, 'zero_optimization'), 'offload_optimizer');
  const optimizer: Record<string, number> =
    offload['device'] === 'cpu' ? { offloadedOptimizer: (OFFLOADED_OPTIMIZER * trainable) / s.worldSize } : {};
  if (s.strategy === 'zero3-offload') return { offloadedWeights: pinnedWeights(model, s, shape), ...optimizer };
  // measured with one rank and two: ZeRO-2 holds as much as the whole model on the host, ZeRO-3 about its share of the
  // largest tensor
  if (s.strategy === 'zero2') return { startup: base.weights + base.scales, ...optimizer };
  return s.strategy === 'zero3' ? { startup: base.embeddings / s.worldSize, ...optimizer } : {};
}

/** One checkpoint: the trained weights, and the optimizer unless save_only_model is set. */
function checkpointOf(s: Settings, trainable: number, wholeModel: number, onlyModel: boolean): number {
  const zero = s.strategy !== 'ddp';
  const weights = s.finetuning === 'full' || s.finetuning === 'freeze' ? wholeModel : (zero ? 2 : 4) * trainable;
  const optimizer = onlyModel ? 0 : (zero ? 14 : 8) * trainable;
  return weights + optimizer + SMALL_FILES;
}

/** Checkpoints there at once: those that are kept, and one more while it is written. */
function checkpointsAtOnce(run: Run, schedule: Schedule): number {
  const ratio = numberOf(run, 'save_steps');
  const unknown = ratio > 0 && ratio < 1 ? Math.ceil(1 / ratio) : UNKNOWN_SAVES;
  const saves = schedule.optimizerSteps === undefined ? unknown : schedule.saves.length;
  if (!isGiven(run, 'save_total_limit')) return saves;
  // the best one is kept beside the last
  const kept = Math.max(numberOf(run, 'save_total_limit', saves), isOn(run, 'load_best_model_at_end') ? 2 : 1);
  return Math.min(kept + 1, saves);
}

/** The data in the cache of the datasets library, the tokenised ones included, and those alone. */
function dataBytes(run: Run, s: Settings, schedule: Schedule): { readonly cache: number; readonly tokenized: number } {
  if (s.streaming) return { cache: 0, tokenized: 0 };
  const text = textBytes(run);
  if (text === undefined) return { cache: UNKNOWN_DATA, tokenized: UNKNOWN_DATA };
  const samples = schedule.trainSamples;
  // a token has a byte of text at least, and cutoff_len cuts the rest
  const tokens = samples === undefined ? text : Math.min(text, (samples + (schedule.evalSamples ?? 0)) * s.cutoffLen);
  return { cache: COPIES_OF_TEXT * text + CACHED_TOKEN * tokens, tokenized: CACHED_TOKEN * tokens };
}

/**
 * Host memory, shared memory and disk. Where the model's shape isn't known, what depends on it counts as nothing:
 * offloaded weights and optimizer, checkpoints, the model's files.
 */
export function hostNeeds(
  run: Run,
  model: ModelShape | undefined,
  schedule: Schedule,
  settings: Settings = settingsOf(run),
  shape: Shape | undefined = model === undefined ? undefined : shapeOf(run, model, settings),
): HostNeeds {
  const ranks = settings.gpusPerNode;
  const ofStrategy = model === undefined || shape === undefined ? {} : strategyBytes(model, settings, run, shape);
  const trainable = shape?.trainable ?? 0;
  const modelBytes = model === undefined ? 0 : modelFileBytes(model, run.quantised);
  const checkpoint = checkpointOf(settings, trainable, modelBytes, isOn(run, 'save_only_model'));
  const final = checkpointOf(settings, trainable, modelBytes, true);
  const savesOnTheWay = schedule.optimizerSteps === undefined || schedule.saves.length > 0;
  const perRank: Record<string, number> = {
    process: PROCESS + LAUNCHER / ranks,
    checkpoint: Math.min(savesOnTheWay ? checkpoint : final, FILE) / ranks,
    ...ofStrategy,
  };
  const perRankBytes = Object.values(perRank).reduce((sum, bytes) => sum + bytes, 0);
  // rank 0 tokenises first, before the ranks have grown, but the workers may outlive that
  const workers = WORKER * (settings.preprocessingWorkers + settings.dataloaderWorkers * ranks);
  const connections = settings.worldSize > 1 ? ranks * CONNECTIONS_A_RANK * CONNECTION : 0;
  const batches = settings.dataloaderWorkers * ranks * 2 * 3 * 8 * settings.trainBatch * settings.cutoffLen;
  const shmBytes = Math.ceil((64 * MIB + 2 * (connections + batches)) / (64 * MIB)) * 64 * MIB;
  const parts: Record<string, number> = {};
  for (const [name, bytes] of Object.entries(perRank)) parts[name] = bytes * ranks;
  parts['workers'] = workers;
  parts['margin'] = HOST_MARGIN * (perRankBytes * ranks + workers);
  parts['sharedMemory'] = shmBytes;

  const data = dataBytes(run, settings, schedule);
  return {
    perRankBytes,
    podBytes: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0),
    parts,
    shmBytes,
    outputBytes: checkpointsAtOnce(run, schedule) * checkpoint + final,
    tokenizedBytes: data.tokenized,
    checkpointBytes: checkpoint,
    ephemeralBytes: 2 * (CACHES + data.cache),
    modelBytes,
  };
}

const LABELS: Readonly<Record<string, string>> = {
  workers: 'workers',
  checkpoint: 'a checkpoint on its way out',
  offloadedWeights: 'offloaded weights',
  offloadedOptimizer: 'offloaded optimizer',
  startup: 'start of ZeRO',
  margin: 'margin',
  sharedMemory: '/dev/shm',
};

/** The pod's memory as a sum to read, in GiB: `4 ranks 13.4 + workers 2.2 + …`. */
export function hostSum(host: HostNeeds, ranks: number): string {
  return Object.entries(host.parts)
    .filter(([, bytes]) => bytes > 0)
    .map(
      ([name, bytes]) =>
        `${name === 'process' ? `${ranks} ${ranks === 1 ? 'rank' : 'ranks'}` : (LABELS[name] ?? name)} ${(bytes / GIB).toFixed(1)}`,
    )
    .join(' + ');
}
