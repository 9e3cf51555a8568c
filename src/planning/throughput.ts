import type { Card } from '../run/card';
import type { ModelShape } from '../run/model-shape';
import type { Run } from '../run/run';
import { takesMathKernel } from './activations';
import { loraTargets } from './layers';
import { type Batches, batchesOf, lengthsOf, padded } from './lengths';
import { type Shape, shapeOf } from './memory';
import type { Schedule } from './schedule';
import { type Settings, settingsOf } from './settings';

/** How fast a run goes, and how long it takes: bounds. */
export interface Speed {
  /** Tokens of the samples a second over all GPUs, padding not counted. */
  readonly tokensPerSecond: Bounds;
  /** Seconds for one optimizer step. */
  readonly secondsPerStep: Bounds;
  /** The whole run, evaluations included, start and model load not; undefined: the number of steps isn't known. */
  readonly seconds?: Bounds;
}

/** How fast a run goes on its data, beside the worst case, with what both assume. */
export interface Throughput extends Speed {
  /** Tokens of a sample as the trainer cuts it, the mean; undefined: the lengths aren't known, and the worst case stands. */
  readonly sampleTokens?: number;
  /** The worst case: every sequence has cutoff_len tokens. */
  readonly fullSequences: Speed;
  readonly assumptions: readonly string[];
}

/** Between which a number lies. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/**
 * How far apart the bounds are: on the cards whose runs are in measurements/, and on others. Within the first lie all of
 * the runs, their warm steps taken together.
 */
const SPREAD = { measured: 2.5, others: 4 } as const;
const MEASURED: ReadonlySet<string> = new Set(['H100', 'H200']);

/** Share of the datasheet's tensor throughput that a step's matrices reach. */
const UTILISATION = 0.45;
/** The math kernel of attention multiplies in 32 bits, an eighth of the tensor throughput before Ampere. */
const SINGLE = 1 / 8;
const SINGLE_UTILISATION = 0.7;
/** How often its scores, in 32 bits, pass the card's memory, all passes of a batch. */
const SCORES_MOVED = 10;
/** Host to device, one card, in bytes a second that copies reach: PCIe 3.0 x16 before Ampere, 4.0 after, 5.0 on Hopper. */
const PCIE = [
  { from: 9, bytes: 40e9 },
  { from: 8, bytes: 20e9 },
  { from: 0, bytes: 8e9 },
] as const;
/**
 * Seconds in which the host starts the kernels of one matrix, and of its adapter, in all passes of a batch. Short
 * sequences take as long as that, however quick the card: 0.7 to 1.1 s for the 40 blocks of a 14B model.
 */
const LAUNCH = { matrix: 0.001, adapter: 0.002 } as const;
/** ZeRO-2 reduces the gradients of each batch. */
const ZERO2 = 1.12;
/** Seconds that DeepSpeed's hooks under ZeRO-3 take for each block of a batch, the launches among them. */
const HOOKS = 0.064;
/** How little host, card and bus overlap: 1: they wait for each other, 2: about half of it. Under ZeRO-3 blocks are fetched. */
const OVERLAP = { zero3: 1.5, others: 2 } as const;
/** Adam on the host: parameters a second. */
const HOST_ADAM = 6e8;

/** Matrix passes: forward, input gradients, and forward again under checkpointing; weight gradients where weights train. */
function passes(s: Settings): number {
  const weights = s.finetuning === 'full' ? 1 : 0;
  return 2 + weights + (s.checkpointing ? 1 : 0);
}

/** FLOP for a token, the score matrices included. */
function flopsPerToken(model: ModelShape, s: Settings, elements: number, length: number): number {
  const experts = model.experts;
  const idle =
    experts === undefined
      ? 0
      : model.layers * 3 * model.hiddenSize * experts.intermediateSize * (experts.count - experts.perToken);
  const matrices = 2 * (elements - idle + model.vocabSize * model.hiddenSize);
  const scores = 4 * model.layers * model.attentionHeads * model.headDim * length;
  return passes(s) * (matrices + scores);
}

/** Seconds of a batch that the math kernel takes beside the matrices. */
function mathAttention(model: ModelShape, s: Settings, card: Card, length: number): number {
  const pairs = model.layers * model.attentionHeads * length ** 2 * s.trainBatch;
  // forward, twice under checkpointing, and both inputs' gradients
  const flops = (s.checkpointing ? 4 : 3) * 4 * model.headDim * pairs;
  const moved = card.bandwidthBytesPerSecond > 0 ? (SCORES_MOVED * 4 * pairs) / card.bandwidthBytesPerSecond : 0;
  return flops / (SINGLE * card.fp16FlopsPerSecond * SINGLE_UTILISATION) + moved;
}

/** Seconds in which the host starts all kernels of a batch. */
function launching(model: ModelShape, s: Settings, { linears }: Shape): number {
  if (s.strategy.startsWith('zero3')) return HOOKS * model.layers;
  const adapted = s.finetuning === 'lora' || s.finetuning === 'oft' ? loraTargets(linears, s) : [];
  const started = (list: Shape['linears']) => list.reduce((sum, { count, fused }) => sum + (fused ? 1 : count), 0);
  const zero2 = s.strategy === 'zero2' ? ZERO2 : 1;
  return (
    zero2 * (passes(s) / 3) * model.layers * (LAUNCH.matrix * started(linears) + LAUNCH.adapter * started(adapted))
  );
}

/** What a batch takes: the host that starts its kernels, the card that works on them, and the bus. */
interface Work {
  readonly run: Run;
  readonly model: ModelShape;
  readonly settings: Settings;
  readonly shape: Shape;
  readonly card: Card;
}

/** Seconds of one batch of each GPU, its sequences so long; `masked`: none of them takes the math kernel. */
function batchSeconds({ run, model, settings, shape, card }: Work, length: number, masked: boolean): number {
  const { base, elements } = shape;
  const flops = flopsPerToken(model, settings, elements, length) * settings.trainBatch * length;
  // 4-bit weights are unpacked to 16 bits in each pass: read once, written once, read again
  const moved = passes(settings) * (base.weights + (settings.bits === 16 ? 0 : 4 * elements));
  const unpacked = card.bandwidthBytesPerSecond > 0 ? moved / card.bandwidthBytesPerSecond : 0;
  const scores = !masked && takesMathKernel(run, settings) ? mathAttention(model, settings, card, length) : 0;
  const computing = flops / card.fp16FlopsPerSecond / UTILISATION + unpacked + scores;
  const parts = [launching(model, settings, shape), computing, fetching(settings, shape, card)];
  const overlap = settings.strategy.startsWith('zero3') ? OVERLAP.zero3 : OVERLAP.others;
  return parts.reduce((sum, part) => sum + part ** overlap, 0) ** (1 / overlap);
}

/** Seconds in which ZeRO-3 fetches the weights of a batch over the bus. */
function fetching(s: Settings, { base }: Shape, card: Card): number {
  if (!s.strategy.startsWith('zero3')) return 0;
  const share = s.strategy === 'zero3-offload' ? base.weights / s.worldSize : 0;
  const gathered = s.worldSize > 1 ? (base.weights * (s.worldSize - 1)) / s.worldSize : 0;
  return (passes(s) * (share + gathered)) / busOf(card);
}

function busOf(card: Card): number {
  return (PCIE.find(({ from }) => card.computeCapability >= from) ?? PCIE[2]).bytes;
}

/** Seconds that a step takes beside its batches: the optimizer on the host, the gradients' exchange. */
function aroundStep({ settings, shape, card }: Work): number {
  const { worldSize, strategy } = settings;
  const optimizer = strategy === 'zero3-offload' ? shape.trainable / worldSize / HOST_ADAM : 0;
  const exchanged = worldSize > 1 ? (2 * 4 * shape.trainable * (worldSize - 1)) / worldSize : 0;
  return optimizer + exchanged / busOf(card);
}

/** Bounds on speed and duration; undefined if the card or its throughput isn't known. */
export function throughputOf(
  run: Run,
  model: ModelShape,
  schedule: Schedule,
  settings: Settings = settingsOf(run),
  shape: Shape = shapeOf(run, model, settings),
): Throughput | undefined {
  const card = run.card;
  if (card === undefined || card.fp16FlopsPerSecond <= 0) return undefined;
  const work: Work = { run, model, settings, shape, card };
  const full = { sampleTokens: settings.cutoffLen, paddedTokens: settings.cutoffLen };
  const training = batchesIn(run, settings, 'training');
  const evaluation = batchesIn(run, settings, 'evaluation');
  const fullSequences = speedOf(work, schedule, { training: full, evaluation: full, masked: false });
  if (training === undefined || evaluation === undefined) {
    return { ...fullSequences, fullSequences, assumptions: assumptionsOf(work, undefined) };
  }
  const masked = training.sampleTokens < settings.cutoffLen;
  return {
    ...speedOf(work, schedule, { training, evaluation, masked }),
    sampleTokens: training.sampleTokens,
    fullSequences,
    assumptions: assumptionsOf(work, training),
  };
}

/** The batches of the data; undefined: the lengths aren't known. Packed samples fill their sequences. */
function batchesIn(run: Run, s: Settings, part: 'training' | 'evaluation'): Batches | undefined {
  const lengths = lengthsOf(run);
  const samples = lengths?.[part] ?? lengths?.training;
  if (samples === undefined) return undefined;
  const batch = part === 'training' ? s.trainBatch : s.evalBatch;
  const batches = batchesOf(samples.likely, batch, s.cutoffLen, s.grouped && part === 'training');
  if (!s.packing || batches === undefined) return batches;
  return { sampleTokens: s.cutoffLen, paddedTokens: padded(s.cutoffLen, s.cutoffLen) };
}

interface Sequences {
  readonly training: Batches;
  readonly evaluation: Batches;
  /** True if batches are padded, so that they carry a mask. */
  readonly masked: boolean;
}

function speedOf(work: Work, schedule: Schedule, { training, evaluation, masked }: Sequences): Speed {
  const { settings } = work;
  const batch = batchSeconds(work, training.paddedTokens, masked);
  const step = settings.accumulation * batch + aroundStep(work);
  const tokens = settings.trainBatch * settings.accumulation * settings.worldSize * training.sampleTokens;
  const bounds = boundsOf(work.card);
  const steps = schedule.optimizerSteps;
  const perStep = bounds(step);
  const rate = bounds(tokens / step);
  if (steps === undefined) return { tokensPerSecond: rate, secondsPerStep: perStep };
  const evaluations = schedule.evaluations.length + (schedule.finalEvaluation ? 1 : 0);
  const ofEvaluation = { ...work, settings: { ...settings, trainBatch: settings.evalBatch } };
  const forward = batchSeconds(ofEvaluation, evaluation.paddedTokens, masked) / passes(settings);
  const evaluated = Math.ceil((schedule.evalSamples ?? 0) / settings.evalBatch / settings.worldSize) * evaluations;
  return {
    tokensPerSecond: rate,
    secondsPerStep: perStep,
    seconds: bounds(steps * shareOfBatches(schedule, settings) * step + evaluated * forward),
  };
}

/** The last step of an epoch takes the batches that are left. */
function shareOfBatches({ batchesPerEpoch, optimizerStepsPerEpoch }: Schedule, s: Settings): number {
  if (batchesPerEpoch === undefined || optimizerStepsPerEpoch === undefined) return 1;
  return Math.min(1, batchesPerEpoch / (optimizerStepsPerEpoch * s.accumulation));
}

function boundsOf(card: Card): (likely: number) => Bounds {
  const spread = Math.sqrt(MEASURED.has(card.name) ? SPREAD.measured : SPREAD.others);
  return (likely) => ({ least: likely / spread, most: likely * spread });
}

function assumptionsOf({ run, settings, card }: Work, training: Batches | undefined): string[] {
  const measured = MEASURED.has(card.name);
  const mean = (tokens: number) => Math.round(tokens);
  return [
    measured
      ? `bounds ${SPREAD.measured} apart: runs on a ${card.name} were measured`
      : `bounds ${SPREAD.others} apart: nothing was measured on a ${card.name}; matrix units reach about ${100 * UTILISATION} % of ${card.fp16FlopsPerSecond / 1e12} TFLOP/s`,
    training === undefined || settings.packing
      ? 'every sequence has cutoff_len tokens'
      : `samples have ${mean(training.sampleTokens)} tokens in the mean, ${mean(training.paddedTokens)} with padding, ${run.tokensIn === undefined ? 'estimated from their bytes' : "counted with the model's tokenizer"}`,
    ...(takesMathKernel(run, settings) && (training === undefined || training.sampleTokens >= settings.cutoffLen)
      ? ['full batches take the math kernel of attention, which works in 32 bits']
      : []),
    ...(settings.strategy.startsWith('zero3')
      ? [`ZeRO-3 moves the weights over the bus in each pass, at about ${busOf(card) / 1e9} GB/s`]
      : []),
    ...(settings.worldSize > 1
      ? ['gradients are exchanged over the bus; a slow network between nodes is not counted']
      : []),
  ];
}

/** Between the bounds: what is expected. */
export function expected({ least, most }: Bounds): number {
  return Math.sqrt(least * most);
}
