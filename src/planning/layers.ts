import type { ModelShape } from '../run/model-shape';
import type { QuantisedFiles } from '../run/quantised-files';
import type { Mapping } from '../run/run';
import type { Settings } from './settings';

/** One weight matrix of a block. */
export interface Linear {
  readonly name: string;
  readonly input: number;
  readonly output: number;
  /** How many of them a block has: one, or one for each expert. */
  readonly count: number;
  /** True if the model holds it as one tensor for all experts: neither LoRA nor bitsandbytes reach it. */
  readonly fused: boolean;
}

/**
 * The weight matrices of a block.
 *
 * @param transformersMajor transformers 5 keeps the experts of a mixture in fused tensors, and its router is no linear
 *   layer any more; before, each was one
 */
export function linearsOf(model: ModelShape, transformersMajor: number): Linear[] {
  const hidden = model.hiddenSize;
  const query = model.attentionHeads * model.headDim;
  const keyValue = model.keyValueHeads * model.headDim;
  const intermediate = model.experts?.intermediateSize ?? model.intermediateSize;
  const count = model.experts?.count ?? 1;
  const fused = model.experts !== undefined && transformersMajor >= 5;
  const one = { count: 1, fused: false };
  return [
    ...(model.packed.queryKeyValue
      ? [{ name: 'qkv_proj', input: hidden, output: query + 2 * keyValue, ...one }]
      : [
          { name: 'q_proj', input: hidden, output: query, ...one },
          { name: 'k_proj', input: hidden, output: keyValue, ...one },
          { name: 'v_proj', input: hidden, output: keyValue, ...one },
        ]),
    { name: 'o_proj', input: query, output: hidden, ...one },
    ...(model.packed.gateUp
      ? [{ name: 'gate_up_proj', input: hidden, output: 2 * intermediate, count, fused }]
      : [
          { name: 'gate_proj', input: hidden, output: intermediate, count, fused },
          { name: 'up_proj', input: hidden, output: intermediate, count, fused },
        ]),
    { name: 'down_proj', input: intermediate, output: hidden, count, fused },
    ...(model.experts === undefined || fused ? [] : [{ name: 'gate', input: hidden, output: count, count: 1, fused }]),
  ];
}

/** The matrices that LoRA is put on. */
export function loraTargets(linears: readonly Linear[], settings: Settings): Linear[] {
  const all = settings.loraTargets.includes('all');
  return linears.filter((linear) => !linear.fused && (all || settings.loraTargets.includes(linear.name)));
}

/** Weights of a block's matrices. */
export function linearElements(linears: readonly Linear[]): number {
  return linears.reduce((sum, linear) => sum + linear.input * linear.output * linear.count, 0);
}

/** Norms and biases of a block, and the router where it is no linear layer: never quantised. */
export function smallElements(model: ModelShape, linears: readonly Linear[]): number {
  const keyValue = model.keyValueHeads * model.headDim;
  const biases = model.attentionBias ? model.attentionHeads * model.headDim + 2 * keyValue : 0;
  const norms = model.queryKeyNorms ? 2 * model.headDim : 0;
  const routes = model.experts !== undefined && !linears.some(({ name }) => name === 'gate');
  return (
    model.blockNorms * model.hiddenSize + biases + norms + (routes ? model.hiddenSize * (model.experts?.count ?? 0) : 0)
  );
}

/** All parameters: blocks, embeddings, output layer and the last norm. */
function modelElements(model: ModelShape, linears: readonly Linear[]): number {
  const tables = (model.tiedEmbeddings ? 1 : 2) * model.vocabSize * model.hiddenSize;
  return model.layers * (linearElements(linears) + smallElements(model, linears)) + tables + model.hiddenSize;
}

/** What the model's files take as a hub serves them, in bytes: 16 bits a parameter, less where they are quantised. */
export function modelFileBytes(model: ModelShape, quantised?: QuantisedFiles): number {
  // The release decides how experts are stored, not how many parameters there are.
  const linears = linearsOf(model, 0);
  const bytes = 2 * modelElements(model, linears);
  if (quantised?.bits === undefined) return bytes;
  const elements = model.layers * linearElements(linears);
  return (
    bytes - 2 * elements + (elements * quantised.bits) / 8 + groupBytes(elements, quantised.bits, quantised.groupSize)
  );
}

/** The scales of weights quantised in groups, in 16 bits each, and their offsets, as wide as a weight. */
function groupBytes(elements: number, bits: number, groupSize: number): number {
  return (elements / groupSize) * (2 + bits / 8);
}

/** Parameters that train. */
export function trainableElements(model: ModelShape, linears: readonly Linear[], settings: Settings): number {
  if (settings.finetuning === 'full') return modelElements(model, linears);
  if (settings.finetuning === 'freeze') {
    return Math.min(settings.freezeLayers, model.layers) * (linearElements(linears) + smallElements(model, linears));
  }
  const adapters = loraTargets(linears, settings).map(
    ({ input, output, count }) => count * (settings.loraRank * (input + output) + (settings.dora ? output : 0)),
  );
  return model.layers * adapters.reduce((sum, elements) => sum + elements, 0);
}

/** The frozen base model in bytes: what is packed, and what stays beside it. */
export interface BaseWeights {
  /** Weights that ZeRO-3 can share out or offload. */
  readonly weights: number;
  /** Scales of the quantisation: no parameters, so they stay whole on each GPU. */
  readonly scales: number;
  /** The output layer, in bytes. */
  readonly outputLayer: number;
  /** The embeddings, in bytes; they are the output layer if tied. */
  readonly embeddings: number;
  /** Bytes of one weight of a block. */
  readonly bytesPerElement: number;
  /** The largest matrix in 16 bits: what is there for a moment while a weight is quantised. */
  readonly largest: number;
  /** The experts' gate and up matrices of a block as one tensor, put together while the model loads; 0 unless fused. */
  readonly merged: number;
}

/** bitsandbytes: a scale for 64 weights in one byte, and for 256 scales one in four bytes; without doubling four each. */
const BLOCK = 64;
const NESTED_BLOCK = 256;
/** The look-up tables and the offset of each quantised tensor, each in an allocation of at least 512 bytes. */
const TABLES = 1024 + 3 * 512;

/** The model's weights as they lie in memory. */
export function baseWeights(model: ModelShape, linears: readonly Linear[], settings: Settings): BaseWeights {
  const quantised = linears.filter((linear) => settings.bits !== 16 && !linear.fused);
  const elements = linearElements(quantised) * model.layers;
  const whole = linearElements(linears) * model.layers - elements;
  const tensors = quantised.reduce((sum, linear) => sum + linear.count, 0) * model.layers;
  const outputs = quantised.reduce((sum, linear) => sum + linear.output * linear.count, 0) * model.layers;
  const scaleBytesOf = () => {
    if (settings.groupSize !== undefined) return groupBytes(elements, settings.bits, settings.groupSize);
    if (settings.bits === 4)
      return (elements / BLOCK) * (settings.doubleQuantisation ? 1 + 4 / NESTED_BLOCK : 4) + tensors * TABLES;
    return settings.bits === 8 ? 4 * outputs : 0;
  };
  const table = 2 * model.vocabSize * model.hiddenSize;
  const small = 2 * (smallElements(model, linears) * model.layers + model.hiddenSize);
  return {
    weights: (elements * settings.bits) / 8 + 2 * whole + small + table * (model.tiedEmbeddings ? 1 : 2),
    scales: scaleBytesOf(),
    outputLayer: table,
    embeddings: table,
    bytesPerElement: settings.bits / 8,
    largest: 2 * Math.max(...linears.map(({ input, output }) => input * output)),
    merged: 2 * linearElements(linears.filter(({ name, fused }) => fused && name !== 'down_proj')),
  };
}

/** A DeepSpeed number, with what "auto" and a missing key mean. */
export function deepspeedNumber(zero: Mapping, key: string, auto: number, missing: number): number {
  const value = zero[key];
  if (value === 'auto') return auto;
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : missing;
}
