import type { ModelShape } from '../run/model-shape';
import { transformersOf } from '../run/releases';
import type { Run } from '../run/run';
import { type Linear, loraTargets } from './layers';
import type { Settings } from './settings';

/** Which attention kernel a batch runs on: it decides whether memory grows with the square of the length. */
export type AttentionKernel = 'flash' | 'memory-efficient' | 'math';

/**
 * The kernel scaled-dot-product attention picks.
 * Full batches carry no mask; transformers from 4.53 on then hands grouped keys over as they are, which only the flash
 * kernel (compute capability 8.0 and later) and the math kernel can take. Before, and with a padding mask, keys are
 * repeated for each head and the memory-efficient kernel serves.
 */
export function attentionKernel(run: Run, settings: Settings, padded: boolean): AttentionKernel {
  const flash = settings.flashKernel;
  if (settings.flashAttention === 'disabled') return 'math';
  if (flash && (!padded || settings.flashAttention === 'fa2')) return 'flash';
  if (padded) return 'memory-efficient';
  const { major, minor } = transformersOf(run);
  const grouped = major >= 5 || minor >= 53;
  const model = run.model;
  const single = model !== undefined && model.attentionHeads === model.keyValueHeads;
  return grouped && !single ? 'math' : 'memory-efficient';
}

/** True if full batches take SDPA's math kernel, which works in 32 bits; neat_packing's batches carry a mask. */
export function takesMathKernel(run: Run, settings: Settings): boolean {
  return settings.flashAttention !== 'disabled' && attentionKernel(run, settings, settings.neatPacking) === 'math';
}

/** Bytes that one block keeps for its backward pass. */
export interface LayerActivations {
  /** A token: everything but the scores. */
  readonly saved: number;
  /** A token: what is alive while the scores' gradients are computed. */
  readonly duringAttention: number;
  /** A token: what the gradients of the MLP take beside all that is saved. */
  readonly mlpGradients: number;
  /** The same once the two gradients of a matrix's input are added up: more only with liger. */
  readonly mlpSummed: number;
  /** The scores of one sequence in 32 bits; 0 unless the math kernel keeps them. */
  readonly scores: number;
  /** A token: queries, keys and values in the forward pass alone. */
  readonly forwardAttention: number;
}

/** Copies of the scores at once: the saved result, its gradient, their product and the gradient of the input. */
export const SCORES_BACKWARD = 4;
/** Forward: scores, softmax, the result with masked rows cleared, and a mask of one byte for each four. */
export const SCORES_FORWARD = 3.25;

/** What one block keeps, in 16-bit mixed precision; see docs/planning.md for each term. */
export function layerActivations(
  model: ModelShape,
  linears: readonly Linear[],
  settings: Settings,
  kernel: AttentionKernel,
  length: number,
): LayerActivations {
  const hidden = model.hiddenSize;
  const query = model.attentionHeads * model.headDim;
  const keyValue = model.keyValueHeads * model.headDim;
  const experts = model.experts;
  const intermediate = experts === undefined ? model.intermediateSize : experts.perToken * experts.intermediateSize;
  const routed = experts === undefined ? 0 : 4 * experts.perToken * hidden;

  const norms = model.blockNorms * (settings.liger ? 1 : 4) * hidden;
  const queryNorms = model.queryKeyNorms ? (settings.liger ? 2 : 4) * (query + keyValue) : 0;
  const activation = (settings.liger ? 4 : 6) * intermediate;
  const attention =
    {
      flash: 4 * query + 4 * keyValue + 4 * model.attentionHeads,
      'memory-efficient': 8 * query + 4 * model.attentionHeads,
      math: 12 * query,
    }[kernel] + packedBytes(model, kernel, query + keyValue);
  const inputs = inputBytes(model, linears, settings);
  const gradients = 6 * hidden;
  return {
    saved: norms + queryNorms + activation + attention + inputs.all + routed,
    duringAttention:
      norms / 2 + queryNorms + inputs.attention + gradients + attention + (kernel === 'math' ? 0 : 6 * query),
    mlpGradients: (settings.liger ? 1 : 12) * intermediate + gradients,
    mlpSummed: 3 * intermediate + gradients,
    scores: kernel === 'math' ? 4 * model.attentionHeads * length * length : 0,
    forwardAttention: attention + 2 * hidden,
  };
}

/** Values that are part of a packed tensor and that the kernel takes as they are keep queries and keys there as well. */
function packedBytes(model: ModelShape, kernel: AttentionKernel, beside: number): number {
  const repeated = model.attentionHeads !== model.keyValueHeads && kernel === 'memory-efficient';
  return model.packed.queryKeyValue && kernel !== 'math' && !repeated ? 2 * beside : 0;
}

/** What the matrices keep of their inputs: LoRA its own copy of each, with a mask of one byte under dropout. */
function inputBytes(
  model: ModelShape,
  linears: readonly Linear[],
  settings: Settings,
): { all: number; attention: number } {
  const active = model.experts?.perToken ?? 1;
  const times = (linear: Linear) => (linear.count === 1 ? 1 : active);
  const trainsWeights = settings.finetuning === 'full' || settings.finetuning === 'freeze';
  // q, k and v share an input, so do gate and up
  const hasOwnInput = ({ name }: Linear) => name !== 'k_proj' && name !== 'v_proj' && name !== 'up_proj';
  const shared = (list: readonly Linear[]) =>
    list.filter(hasOwnInput).reduce((sum, linear) => sum + 2 * linear.input * times(linear), 0);
  const isAttention = ({ name }: Linear) => ['q_proj', 'k_proj', 'v_proj', 'qkv_proj'].includes(name);
  const base = trainsWeights || settings.bits === 8 ? shared(linears) : 0;
  if (trainsWeights) return { all: base, attention: shared(linears.filter(isAttention)) };
  const perElement = 2 + (settings.loraDropout > 0 ? 1 : 0);
  // DoRA keeps the base output and the adapter's for the gradient of the magnitude
  const adapter = (linear: Linear) =>
    times(linear) *
    (perElement * linear.input + 2 * settings.loraRank + (settings.dora ? 4 * linear.output + 2 * linear.input : 0));
  const targets = loraTargets(linears, settings);
  const sum = (list: readonly Linear[]) => list.reduce((total, linear) => total + adapter(linear), 0);
  return {
    all: base + sum(targets),
    attention: sum(targets.filter(isAttention)) + (settings.bits === 8 ? 2 * model.hiddenSize : 0),
  };
}
