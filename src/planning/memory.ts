import type { ModelShape } from '../run/model-shape';
import { transformersOf } from '../run/releases';
import type { Run } from '../run/run';
import {
  type AttentionKernel,
  attentionKernel,
  type LayerActivations,
  layerActivations,
  SCORES_BACKWARD,
  SCORES_FORWARD,
} from './activations';
import {
  type BaseWeights,
  baseWeights,
  deepspeedNumber,
  type Linear,
  linearElements,
  linearsOf,
  smallElements,
  trainableElements,
} from './layers';
import { longestSampleAtMost, padded } from './lengths';
import { type Settings, section, settingsOf } from './settings';

/** GPU memory of one rank, in bytes. */
export interface GpuMemory {
  /** The peak while the model loads. */
  readonly loadBytes: number;
  /** The peak of the optimizer steps, by torch's allocator. */
  readonly stepAllocatedBytes: number;
  /** The peak of an evaluation after steps; 0 if the run never evaluates. */
  readonly evaluationAllocatedBytes: number;
  /** What the allocator needs of the device at the highest of the three, with expandable segments. */
  readonly stepReservedBytes: number;
  /** The same without expandable segments (torchrun alone, or OPTIM_TORCH=0). */
  readonly stepReservedFixedSegmentsBytes: number;
  /** What the device holds beside the allocator: CUDA context and NCCL. */
  readonly contextBytes: number;
  /** What the card leaves to the allocator; undefined: no card known. */
  readonly usableBytes?: number;
  /** Need and margin. */
  readonly fits?: Verdict;
  /** Usable less needed; negative: that much is missing. */
  readonly marginBytes?: number;
  /** The step peak by part; the parts add up to it. */
  readonly parts: Readonly<Record<string, number>>;
  /** When the step peak comes: at the loss, or while a block is computed again. */
  readonly peakAt: 'loss' | 'layer';
  /** What decides the need. */
  readonly decidedBy: 'load' | 'step' | 'evaluation';
  readonly attention: AttentionKernel;
}

export type Verdict = 'fits' | 'tight' | 'does not fit';

/** How far a prediction may be off, as a share of the need: the planner's own error, see docs/planning.md. */
export const PLANNER_ERROR = 0.03;

/** CUDA context of an H100 with torch's kernels loaded, measured; a smaller card takes less. */
const CONTEXT = 0.79e9;
/** What NCCL takes once torchrun starts it, measured with one rank. */
const NCCL = 0.19e9;
/** What it takes more with several ranks, measured with two: 0.2 GB, on one rank of some runs up to 0.5 GB. */
const NCCL_PEERS = 0.2e9;
/** Buffers to each rank beyond the second: channels to a neighbour at 4 MiB and its low-latency copies. */
const NCCL_PEER = 40 * 2 ** 20;
/** DDP sends the whole model to the other ranks as it starts, in buckets of 250 MiB, two at a time. */
const DDP_BROADCAST = 2 * 250 * 2 ** 20;
const DEEPSPEED_CONTEXT = 0.03e9;

/** Over allocated with expandable segments: the smallest cap that trained was 0.5 to 2 % above, ZeRO-3 fetching 9 to 12 %. */
const EXPANDABLE = { plain: 0.022, liger: 0.05, fetching: 0.12 } as const;
/** Without them: freed logits that no later request fits, in bytes a logit; under ZeRO-3 that fetches weights, a share. */
const FIXED_LOGITS = 7;
const FIXED_FETCHING = 0.75;

/** Bytes a logit at the loss. Forward: 16 bits, 32 bits, log-softmax. Backward: log-softmax and two gradients. */
const LOSS_FORWARD = 10;
const LOSS_BACKWARD = 12;

/** What stays on a rank between steps. */
interface Resident {
  readonly weights: number;
  readonly scales: number;
  readonly trainable: number;
  readonly optimizer: number;
  readonly gradients: number;
  readonly buckets: number;
  readonly gathered: number;
  readonly workspace: number;
  readonly masks: number;
}

function deepspeedZero(run: Run) {
  return section(run.deepspeed?.config, 'zero_optimization');
}

function residentOf(run: Run, model: ModelShape, s: Settings, base: BaseWeights, trainable: number): Resident {
  const zero = deepspeedZero(run);
  const square = model.hiddenSize ** 2;
  const world = s.worldSize;
  const workspace = 2 * ((run.card?.computeCapability ?? 0) >= 9 ? 32 * 2 ** 20 : 8_519_680);
  const masks = s.accumulation * maskBytes(s, s.trainBatch);
  const frozen = frozenWeights(s, base, trainable);
  if (s.strategy === 'ddp') {
    const wide = s.pureBf16 ? 2 : 4;
    return {
      weights: frozen,
      scales: base.scales,
      trainable: wide * trainable,
      optimizer: 2 * wide * trainable,
      gradients: wide * trainable,
      buckets: world > 1 ? wide * trainable : 0,
      gathered: 0,
      workspace,
      masks,
    };
  }
  const optimizerOnHost = section(zero, 'offload_optimizer')['device'] === 'cpu';
  const bucket = 2 * deepspeedNumber(zero, 'reduce_bucket_size', square, 5e8);
  const optimizer = optimizerOnHost ? 0 : (12 * trainable) / world;
  const gradients = optimizerOnHost ? 0 : (2 * trainable) / world;
  if (s.strategy === 'zero2') {
    const buffers = zero['overlap_comm'] === true && world > 1 ? 2 : 1;
    const buckets = bucket * buffers;
    return {
      weights: frozen,
      scales: base.scales,
      trainable: 2 * trainable,
      optimizer,
      gradients,
      buckets,
      gathered: 0,
      workspace,
      masks,
    };
  }
  const offloaded = s.strategy === 'zero3-offload';
  return {
    weights: offloaded ? 0 : frozen / world,
    scales: base.scales,
    trainable: offloaded ? 0 : (2 * trainable) / world,
    optimizer,
    gradients,
    buckets: bucket,
    gathered: offloaded || world > 1 ? gatheredBytes(run, model, base, offloaded) : 0,
    workspace,
    masks,
  };
}

/**
 * neat_packing makes a mask for each sequence, in 16 bits; the batches of a whole step are there from its start.
 * FlashAttention-2 takes none.
 */
function maskBytes(s: Settings, batch: number): number {
  return s.neatPacking && s.flashAttention !== 'fa2' ? 2 * batch * s.cutoffLen ** 2 : 0;
}

/** The frozen part of the model; what trains is counted as trainable. */
function frozenWeights(s: Settings, base: BaseWeights, trainable: number): number {
  if (s.finetuning === 'full') return 0;
  return s.finetuning === 'freeze' ? base.weights - 2 * Math.min(trainable, base.weights / 2) : base.weights;
}

/**
 * Weights that ZeRO-3 holds whole at the loss: the output layer, kept for the backward pass, and blocks fetched ahead
 * up to stage3_max_live_parameters (counted in weights, not in bytes; measured in 4 and in 16 bits). Where the shares
 * stay on the GPUs, two ranks held 0.3 GB (32B) and 0.75 GB (14B) more; what holds it is not known, so a third of the
 * output layer stands for it.
 */
function gatheredBytes(run: Run, model: ModelShape, base: BaseWeights, offloaded: boolean): number {
  const zero = deepspeedZero(run);
  const live = deepspeedNumber(zero, 'stage3_max_live_parameters', 1e9, 1e9);
  const prefetch = deepspeedNumber(zero, 'stage3_prefetch_bucket_size', 0.9 * model.hiddenSize ** 2, 5e7);
  const blocks = base.weights - base.outputLayer * (model.tiedEmbeddings ? 1 : 2);
  const unexplained = offloaded ? 0 : Math.round(base.outputLayer / 3);
  return base.outputLayer + unexplained + Math.min(blocks, (live + prefetch) * base.bytesPerElement);
}

/** Tokens at the loss that liger computes at once: a power of two near tokens x hidden / vocabulary. */
function ligerChunk(model: ModelShape, tokens: number): number {
  const parts = Math.ceil(model.vocabSize / model.hiddenSize);
  return Math.min(tokens, 2 ** Math.ceil(Math.log2(Math.ceil(tokens / parts))));
}

/** The highest moment of a step. */
interface Peak {
  readonly bytes: number;
  readonly at: 'loss' | 'layer';
  readonly gradients: number;
  /** What is kept for the backward pass. */
  readonly kept: number;
  /** What is there at the loss, or while a block is computed again. */
  readonly moment: number;
}

function standing(resident: Resident, gradients: number): number {
  const { weights, scales, trainable, optimizer, buckets, gathered, workspace, masks } = resident;
  return weights + scales + trainable + gradients + optimizer + buckets + gathered + workspace + masks;
}

function peakParts(s: Settings, resident: Resident, peak: Peak): Readonly<Record<string, number>> {
  return {
    ...residentParts(resident, peak.gradients),
    [s.checkpointing ? 'checkpoints' : 'activations']: peak.kept,
    [peak.at]: peak.moment,
  };
}

function residentParts(resident: Resident, gradients: number): Record<string, number> {
  return {
    weights: resident.weights,
    quantisationScales: resident.scales,
    trainable: resident.trainable,
    gradients,
    optimizer: resident.optimizer,
    buckets: resident.buckets,
    gatheredWeights: resident.gathered,
    workspace: resident.workspace,
    masks: resident.masks,
  };
}

/** The highest moment of a step: at the loss, or while a block's gradients are computed. */
function stepPeak(
  model: ModelShape,
  s: Settings,
  resident: Resident,
  layer: LayerActivations,
  base: BaseWeights,
  trainable: number,
): Peak {
  const tokens = s.trainBatch * s.cutoffLen;
  const hidden = 2 * model.hiddenSize * tokens;
  const scores = s.trainBatch * layer.scores;
  const kept = s.checkpointing
    ? hidden * statesBetweenBlocks(model, s)
    : model.layers * (layer.saved * tokens + scores);
  const casts = s.autocast && !s.pureBf16 ? 2 * trainable : 0;
  const perLayerTrainable = 1 / model.layers;
  // with accumulation the gradients of the batches before are there from the start
  const gradientsEarly = s.accumulation > 1 || s.strategy !== 'ddp' ? resident.gradients : 0;
  const chunk = s.liger ? ligerChunk(model, tokens) : tokens;
  const logits = model.vocabSize * chunk;
  const ligerRest = s.liger ? hidden : 0;
  const forward = LOSS_FORWARD * logits + casts;
  const backward = (s.liger ? 6 : LOSS_BACKWARD) * logits + (s.checkpointing ? 0 : casts);
  const loss = Math.max(s.liger ? 0 : forward, backward) + 2 * hidden + ligerRest;
  const dequantised = s.bits === 16 ? 0 : base.largest;
  const attention = SCORES_BACKWARD * scores + layer.duringAttention * tokens;
  const mlpGradients = Math.max(layer.mlpGradients * tokens + dequantised, layer.mlpSummed * tokens);
  const mlp = layer.saved * tokens + scores + mlpGradients;
  // without checkpoints the last block's own part is among what is kept
  const own = s.checkpointing ? 0 : layer.saved * tokens + scores;
  const block = Math.max(attention, mlp) + casts * perLayerTrainable + doraBytes(s, base) - own;
  // the first block to go back has all checkpoints, the last all gradients
  const early = kept + gradientsEarly;
  const late = kept * perLayerTrainable + resident.gradients;
  const [gradients, left] = early >= late ? [gradientsEarly, kept] : [resident.gradients, kept * perLayerTrainable];
  const lossBytes = standing(resident, gradientsEarly) + kept + loss;
  const blockBytes = standing(resident, gradients) + left + Math.max(0, block);
  return lossBytes >= blockBytes
    ? { bytes: lossBytes, at: 'loss', gradients: gradientsEarly, kept, moment: loss }
    : { bytes: blockBytes, at: 'layer', gradients, kept: left, moment: Math.max(0, block) };
}

/** On quantised matrices DoRA adds its result in 32 bits: under autocast all states but the first are twice as wide. */
function statesBetweenBlocks(model: ModelShape, s: Settings): number {
  return s.dora && s.bits !== 16 && s.autocast && !s.pureBf16 ? 2 * model.layers - 1 : model.layers;
}

/** DoRA multiplies its matrices out to get each weight's norm: the product, the sum and the square, in 32 bits. */
function doraBytes(s: Settings, base: BaseWeights): number {
  return s.dora ? 3 * 2 * base.largest : 0;
}

/** An evaluation keeps no activations, but its logits are whole, with liger too, and the optimizer stays. */
function evaluationPeak(
  model: ModelShape,
  s: Settings,
  resident: Resident,
  layer: LayerActivations,
  trainable: number,
): number {
  if (!s.evaluates) return 0;
  const tokens = s.evalBatch * s.cutoffLen;
  const hidden = 2 * model.hiddenSize * tokens;
  const casts = s.autocast && !s.pureBf16 ? 2 * trainable : 0;
  const masks = maskBytes(s, s.evalBatch);
  const resting = standing(resident, s.strategy === 'ddp' ? 0 : resident.gradients) + casts + masks;
  const loss = LOSS_FORWARD * model.vocabSize * tokens + hidden;
  const block = SCORES_FORWARD * s.evalBatch * layer.scores + layer.forwardAttention * tokens + 2 * hidden;
  return resting + Math.max(loss, block);
}

/** While the model loads: a quantised model is whole on each GPU first, ZeRO-3 or not. */
function loadPeak(model: ModelShape, s: Settings, base: BaseWeights, trainable: number): number {
  const sharded = s.strategy.startsWith('zero3') && s.bits === 16;
  if (sharded) {
    // tied or not, the output layer gets shares of its own first; the embeddings are made whole, and once more to share
    const weights = base.weights + (model.tiedEmbeddings ? base.outputLayer : 0);
    const share = s.strategy === 'zero3-offload' ? 0 : weights / s.worldSize;
    return share + 2 * Math.max(base.embeddings, base.largest);
  }
  const weights = base.weights + base.scales;
  const adapters = s.finetuning === 'lora' || s.finetuning === 'oft' ? 4 * trainable : 0;
  const widened = s.finetuning === 'full' || s.finetuning === 'freeze' ? (s.pureBf16 ? 0 : 2 * trainable) : 0;
  return Math.max(
    weights + adapters + widened + Math.max(startBytes(s, base, trainable), s.dora ? 3 * base.largest : 0),
    weights + (s.bits === 16 ? 0 : base.largest),
    weights + base.merged,
  );
}

/** What the strategy takes for a moment as it starts, beside the loaded model. */
function startBytes(s: Settings, base: BaseWeights, trainable: number): number {
  if (s.strategy === 'ddp') return s.worldSize > 1 ? base.embeddings + DDP_BROADCAST : 0;
  // the trained weights are copied flat; then each rank's share in 32 bits, twice, while the 16 bits are all that is left
  if (s.strategy === 'zero2') return Math.max(2, 8 / s.worldSize - 2) * trainable;
  // the trained weights are 16 bits wide by then; each rank copies its share out before the whole is freed
  return s.strategy === 'zero3' ? Math.max(0, base.embeddings / s.worldSize - 2 * trainable) : 0;
}

/** Reserved by the allocator at a peak. */
function reserved(
  s: Settings,
  allocated: number,
  logits: number,
  fetches: boolean,
): { readonly expandable: number; readonly fixed: number } {
  const share = fetches ? EXPANDABLE.fetching : s.liger ? EXPANDABLE.liger : EXPANDABLE.plain;
  const fixed = fetches ? FIXED_FETCHING * allocated : FIXED_LOGITS * logits;
  return { expandable: allocated * (1 + share), fixed: allocated + Math.max(fixed, share * allocated) };
}

/** Need and margin of a rank against a card. */
export function verdict(usable: number, need: number): Verdict {
  if (need > usable) return 'does not fit';
  return usable - need < PLANNER_ERROR * need ? 'tight' : 'fits';
}

/** The facts about the model that memory and time share. */
export interface Shape {
  readonly linears: readonly Linear[];
  readonly base: BaseWeights;
  /** Parameters that train. */
  readonly trainable: number;
  /** Parameters of all blocks. */
  readonly elements: number;
}

/** The shape of a run's model: it depends on the bits, on what trains and on the release. */
export function shapeOf(run: Run, model: ModelShape, settings: Settings): Shape {
  const linears: Linear[] = linearsOf(model, transformersOf(run).major);
  return {
    linears,
    base: baseWeights(model, linears, settings),
    trainable: trainableElements(model, linears, settings),
    elements: model.layers * (linearElements(linears) + smallElements(model, linears)),
  };
}

/** GPU memory of one rank for full sequences: the worst batch. */
export function gpuMemory(run: Run, model: ModelShape, settings: Settings = settingsOf(run), shape?: Shape): GpuMemory {
  const { need, resident, step } = reckonOnce(run, model, settings, shape);
  return { ...need, parts: peakParts(settings, resident, step) };
}

/** What a rank needs, without the parts: what a search compares. */
export type GpuNeed = Omit<GpuMemory, 'parts'>;

/** {@link gpuMemory} without the parts, which cost more than the rest. */
export function gpuNeed(run: Run, model: ModelShape, settings: Settings = settingsOf(run), shape?: Shape): GpuNeed {
  return reckonOnce(run, model, settings, shape).need;
}

interface Reckoned {
  readonly need: GpuNeed;
  readonly resident: Resident;
  readonly step: Peak;
}

/** A run doesn't change: rule and plan share what it takes as it stands. */
const known = new WeakMap<Run, Reckoned>();

function reckonOnce(run: Run, model: ModelShape, settings: Settings, shape?: Shape): Reckoned {
  const asItStands = model === run.model && settings === settingsOf(run);
  const before = asItStands ? known.get(run) : undefined;
  if (before !== undefined) return before;
  const reckoned = reckon(run, model, settings, shape ?? shapeOf(run, model, settings));
  if (asItStands) known.set(run, reckoned);
  return reckoned;
}

function reckon(run: Run, model: ModelShape, settings: Settings, { linears, base, trainable }: Shape): Reckoned {
  const resident = residentOf(run, model, settings, base, trainable);
  // full batches and padded ones run on different kernels, so the worse of the two counts; neat_packing's all have a mask
  const masked = settings.neatPacking ? [true] : [false, true];
  const kernels = [...new Set(masked.map((padded) => attentionKernel(run, settings, padded)))];
  const steps = kernels.map((kernel) => {
    const layer = layerActivations(model, linears, settings, kernel, settings.cutoffLen);
    return {
      kernel,
      step: stepPeak(model, settings, resident, layer, base, trainable),
      evaluation: evaluationPeak(model, settings, resident, layer, trainable),
    };
  });
  const worst = steps.reduce((a, b) => (b.step.bytes > a.step.bytes ? b : a));
  const evaluation = Math.max(...steps.map((each) => each.evaluation));
  const load = loadPeak(model, settings, base, trainable);
  const decidedBy =
    load >= Math.max(worst.step.bytes, evaluation) ? 'load' : evaluation > worst.step.bytes ? 'evaluation' : 'step';
  const tokens = Math.max(settings.trainBatch, settings.evaluates ? settings.evalBatch : 0) * settings.cutoffLen;
  const largest = Math.max(worst.step.bytes, evaluation);
  const running = reserved(settings, largest, model.vocabSize * tokens, resident.gathered > 0);
  const needed = Math.max(running.expandable, load * 1.01);
  const peers =
    settings.worldSize > 1
      ? NCCL_PEERS + NCCL_PEER * Math.min(settings.gpusPerNode - 2 + (run.nodes > 1 ? 2 : 0), 8)
      : 0;
  const context = CONTEXT + NCCL + peers + (settings.strategy === 'ddp' ? 0 : DEEPSPEED_CONTEXT);
  const usable = run.card === undefined ? undefined : run.card.memoryBytes - context;
  const need: GpuNeed = {
    loadBytes: load,
    stepAllocatedBytes: worst.step.bytes,
    evaluationAllocatedBytes: evaluation,
    stepReservedBytes: needed,
    stepReservedFixedSegmentsBytes: Math.max(running.fixed, load * 1.01),
    contextBytes: context,
    ...(usable === undefined
      ? {}
      : { usableBytes: usable, fits: verdict(usable, needed), marginBytes: usable - needed }),
    peakAt: worst.step.at,
    decidedBy,
    attention: worst.kernel,
  };
  return { need, resident, step: worst.step };
}

/** Tokens of the longest sequence that the data can make, padded; cutoff_len where they aren't at hand or are packed. */
export function longestSequence(run: Run, settings: Settings): number {
  const longest = settings.packing ? undefined : longestSampleAtMost(run);
  return longest === undefined || longest >= settings.cutoffLen
    ? settings.cutoffLen
    : padded(longest, settings.cutoffLen);
}

/**
 * The memory of the longest batch that the data can make; undefined: the data isn't at hand, it reaches cutoff_len, or
 * packing fills every sequence.
 */
export function gpuMemoryForData(
  run: Run,
  model: ModelShape,
  settings: Settings,
  shape: Shape = shapeOf(run, model, settings),
): GpuMemory | undefined {
  const longest = longestSequence(run, settings);
  return longest >= settings.cutoffLen ? undefined : gpuMemory(run, model, { ...settings, cutoffLen: longest }, shape);
}
