import type { Card } from '../run/card';
import type { ModelShape } from '../run/model-shape';
import type { Run } from '../run/run';
import { takesMathKernel } from './activations';
import { type Shape, shapeOf } from './memory';
import type { Schedule } from './schedule';
import { type Settings, settingsOf } from './settings';

/** How fast a run goes: bounds, with what they assume. */
export interface Throughput {
  /** Tokens a second over all GPUs, padding counted. */
  readonly tokensPerSecond: Bounds;
  /** Seconds for one optimizer step of full sequences. */
  readonly secondsPerStep: Bounds;
  /** The whole run, evaluations included, start and model load not; undefined: the number of steps isn't known. */
  readonly seconds?: Bounds;
  readonly assumptions: readonly string[];
}

/** Between which a number lies. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** Share of the datasheet's tensor throughput that a training step reaches; whole runs on an H100 reached 0.2 to 0.45. */
const UTILISATION = { least: 0.15, most: 0.55 } as const;
/** The math kernel of attention multiplies in 32 bits, an eighth of the tensor throughput before Ampere. */
const SINGLE = 1 / 8;
const SINGLE_UTILISATION = { least: 0.5, most: 0.9 } as const;
/** How often its scores, in 32 bits, pass the card's memory, all passes of a batch. */
const SCORES_MOVED = { least: 4, most: 24 } as const;
/** Host to device, one card, in bytes a second that copies reach: PCIe 3.0 x16 before Ampere, 4.0 after, 5.0 on Hopper. */
const PCIE = [
  { from: 9, least: 10e9, most: 50e9 },
  { from: 8, least: 10e9, most: 25e9 },
  { from: 0, least: 5e9, most: 12.5e9 },
] as const;
/** Seconds a block's kernels take to launch, all passes of a batch: what bounds short sequences on a fast card. */
const LAUNCH = 0.004;
/** Seconds that DeepSpeed's hooks take for each block of a batch under ZeRO-3. */
const HOOKS = { least: 0.01, most: 0.04 } as const;
/** Adam on the host: parameters a second. */
const HOST_ADAM = { least: 2e8, most: 2e9 } as const;

/** Matrix passes: forward, input gradients, and forward again under checkpointing; weight gradients where weights train. */
function passes(s: Settings): number {
  const weights = s.finetuning === 'full' ? 1 : 0;
  return 2 + weights + (s.checkpointing ? 1 : 0);
}

/** FLOP for a token, the score matrices included. */
function flopsPerToken(model: ModelShape, s: Settings, elements: number): number {
  const experts = model.experts;
  const idle =
    experts === undefined
      ? 0
      : model.layers * 3 * model.hiddenSize * experts.intermediateSize * (experts.count - experts.perToken);
  const matrices = 2 * (elements - idle + model.vocabSize * model.hiddenSize);
  const scores = 4 * model.layers * model.attentionHeads * model.headDim * s.cutoffLen;
  return passes(s) * (matrices + scores);
}

/** Seconds of a batch that the math kernel takes beside the matrices. */
function mathAttention(model: ModelShape, s: Settings, card: Card): Bounds {
  const pairs = model.layers * model.attentionHeads * s.cutoffLen ** 2 * s.trainBatch;
  // forward, twice under checkpointing, and both inputs' gradients
  const flops = (s.checkpointing ? 4 : 3) * 4 * model.headDim * pairs;
  const rate = SINGLE * card.fp16FlopsPerSecond;
  const once = card.bandwidthBytesPerSecond > 0 ? (4 * pairs) / card.bandwidthBytesPerSecond : 0;
  return {
    least: flops / rate / SINGLE_UTILISATION.most + SCORES_MOVED.least * once,
    most: flops / rate / SINGLE_UTILISATION.least + SCORES_MOVED.most * once,
  };
}

/** Bounds on speed and duration; undefined if the card or its throughput isn't known. */
export function throughputOf(
  run: Run,
  model: ModelShape,
  schedule: Schedule,
  settings: Settings = settingsOf(run),
  { base, trainable, elements }: Shape = shapeOf(run, model, settings),
): Throughput | undefined {
  const card = run.card;
  if (card === undefined || card.fp16FlopsPerSecond <= 0) return undefined;
  const tokens = settings.trainBatch * settings.cutoffLen;
  const compute = (flopsPerToken(model, settings, elements) * tokens) / card.fp16FlopsPerSecond;
  const assumptions = [
    `matrix units reach ${Math.round(100 * UTILISATION.least)} to ${Math.round(100 * UTILISATION.most)} % of ${card.fp16FlopsPerSecond / 1e12} TFLOP/s`,
    'every sequence has cutoff_len tokens',
  ];
  let [quick, slow] = [compute / UTILISATION.most, compute / UTILISATION.least + LAUNCH * model.layers];
  // 4-bit weights are unpacked to 16 bits in each pass: read once, written once, read again
  const moved = passes(settings) * (base.weights + (settings.bits === 16 ? 0 : 4 * elements));
  if (card.bandwidthBytesPerSecond > 0) {
    slow += moved / card.bandwidthBytesPerSecond;
    quick = Math.max(quick, moved / card.bandwidthBytesPerSecond);
    assumptions.push(`weights are read in each pass at ${card.bandwidthBytesPerSecond / 1e9} GB/s`);
  }
  if (takesMathKernel(run, settings)) {
    const scores = mathAttention(model, settings, card);
    quick += scores.least;
    slow += scores.most;
    assumptions.push('full batches take the math kernel of attention, which works in 32 bits');
  }
  const bus = PCIE.find(({ from }) => card.computeCapability >= from) ?? PCIE[2];
  let [stepQuick, stepSlow] = [0, 0];
  if (settings.strategy.startsWith('zero3')) {
    const share = settings.strategy === 'zero3-offload' ? base.weights / settings.worldSize : 0;
    const gathered = settings.worldSize > 1 ? (base.weights * (settings.worldSize - 1)) / settings.worldSize : 0;
    const fetched = passes(settings) * (share + gathered);
    quick += fetched / bus.most + HOOKS.least * model.layers;
    slow += fetched / bus.least + HOOKS.most * model.layers;
    assumptions.push(
      `ZeRO-3 moves the weights over the bus in each pass, at ${bus.least / 1e9} to ${bus.most / 1e9} GB/s`,
    );
    if (settings.strategy === 'zero3-offload') {
      stepQuick += trainable / settings.worldSize / HOST_ADAM.most;
      stepSlow += trainable / settings.worldSize / HOST_ADAM.least;
    }
  }
  if (settings.worldSize > 1) {
    const exchanged = (2 * 4 * trainable * (settings.worldSize - 1)) / settings.worldSize;
    stepQuick += exchanged / bus.most / 4;
    stepSlow += exchanged / bus.least;
    assumptions.push('gradients are exchanged over the bus; a slow network between nodes is not counted');
  }
  const perStep = {
    least: settings.accumulation * quick + stepQuick,
    most: settings.accumulation * slow + stepSlow,
  };
  const perStepTokens = tokens * settings.accumulation * settings.worldSize;
  const tokensPerSecond = { least: perStepTokens / perStep.most, most: perStepTokens / perStep.least };
  return {
    tokensPerSecond,
    secondsPerStep: perStep,
    ...(schedule.optimizerSteps === undefined
      ? {}
      : { seconds: duration(schedule, settings, perStep, { quick, slow }) }),
    assumptions,
  };
}

/** Steps and evaluations; an evaluation is a forward pass over its samples. */
function duration(
  schedule: Schedule,
  settings: Settings,
  perStep: Bounds,
  batch: { readonly quick: number; readonly slow: number },
): Bounds {
  const steps = schedule.optimizerSteps ?? 0;
  const evaluations = schedule.evaluations.length + (schedule.finalEvaluation ? 1 : 0);
  const batches = ((schedule.evalSamples ?? 0) / settings.trainBatch / settings.worldSize) * evaluations;
  const forward = 1 / passes(settings);
  // a short last step of an epoch makes the quick bound quicker
  const share =
    schedule.batchesPerEpoch === undefined || schedule.optimizerStepsPerEpoch === undefined
      ? 1
      : Math.min(1, schedule.batchesPerEpoch / (schedule.optimizerStepsPerEpoch * settings.accumulation));
  return {
    least: steps * perStep.least * share + batches * batch.quick * forward,
    most: steps * perStep.most + batches * batch.slow * forward,
  };
}
