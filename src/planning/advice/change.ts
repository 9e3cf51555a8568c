import { zero3Config } from '../../deepspeed/zero3-config';
import { type Edit, EditOperation } from '../../run/finding';
import type { Run } from '../../run/run';
import type { PlanStrategy, Settings } from '../settings';

/** What may be changed to make a run fit or to make it quicker. */
export interface Change {
  readonly strategy?: PlanStrategy;
  readonly trainBatch?: number;
  readonly evalBatch?: number;
  readonly cutoffLen?: number;
  readonly loraRank?: number;
  readonly bits?: 4;
  readonly checkpointing?: true;
  readonly liger?: true;
  readonly neatPacking?: true;
}

/** How much each change costs its author: 1 = nothing but a number, 5 = another result. */
const COST: Readonly<Record<keyof Change, number>> = {
  evalBatch: 1,
  trainBatch: 1,
  checkpointing: 2,
  strategy: 3,
  liger: 4,
  neatPacking: 4,
  loraRank: 5,
  bits: 5,
  cutoffLen: 5,
};

/** ZeRO-3 with offload; no optimizer section, so that the run keeps the optimizer it has. */
const OFFLOAD = {
  file: 'ds_zero3_offload.json',
  config: zero3Config({ offloadOptimizer: true, offloadParam: true, optimizer: '' }),
};

/** The arguments a change writes. The effective batch stays: what the batch loses, the accumulation gains. */
function argumentsOf(change: Change, settings: Settings): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  if (change.trainBatch !== undefined) {
    result['per_device_train_batch_size'] = change.trainBatch;
    result['gradient_accumulation_steps'] = (settings.trainBatch * settings.accumulation) / change.trainBatch;
  }
  if (change.evalBatch !== undefined) result['per_device_eval_batch_size'] = change.evalBatch;
  if (change.cutoffLen !== undefined) result['cutoff_len'] = change.cutoffLen;
  if (change.loraRank !== undefined) result['lora_rank'] = change.loraRank;
  if (change.bits !== undefined) Object.assign(result, { quantization_bit: 4, quantization_method: 'bnb' });
  if (change.checkpointing) result['disable_gradient_checkpointing'] = false;
  if (change.liger) result['enable_liger_kernel'] = true;
  if (change.neatPacking) result['neat_packing'] = true;
  return result;
}

export function changed(run: Run, change: Change, settings: Settings): Run {
  const args = { ...run.args, ...argumentsOf(change, settings) };
  if (change.strategy === undefined) return { ...run, args };
  return change.strategy === 'ddp' ? { ...run, args, deepspeed: undefined } : { ...run, args, deepspeed: OFFLOAD };
}

export function editsOf(run: Run, change: Change, settings: Settings): Edit[] {
  const edits: Edit[] = Object.entries(argumentsOf(change, settings)).map(([key, value]) => ({
    file: run.file,
    key,
    op: EditOperation.SET,
    value,
  }));
  if (change.strategy === 'ddp') edits.push({ file: run.file, key: 'deepspeed', op: EditOperation.REMOVE });
  if (change.strategy === 'zero3-offload') {
    edits.push({ file: run.file, key: 'deepspeed', op: EditOperation.SET, value: OFFLOAD.file });
    for (const [key, value] of Object.entries(OFFLOAD.config)) {
      edits.push({ file: OFFLOAD.file, key, op: EditOperation.SET, value });
    }
  }
  return edits;
}

/** No GPU takes a larger batch of sequences; a larger number is a slip, and must not be counted down from. */
const LARGEST_BATCH = 4096;

/** The divisors of a number that a batch can be, at most `limit`, largest first. */
export function divisors(number: number, limit: number): number[] {
  const result: number[] = [];
  for (let divisor = Math.min(number, limit, LARGEST_BATCH); divisor >= 1; divisor -= 1) {
    if (number % divisor === 0) result.push(divisor);
  }
  return result;
}

/** The values that each change may have, undefined among them: what is left as it is. The last is the most frugal. */
export type Options = { readonly [K in keyof Change]-?: readonly Change[K][] };

/** What may be tried on a run. */
export function optionsOf(settings: Settings): Options {
  const perGpu = settings.trainBatch * settings.accumulation;
  const half = settings.trainBatch / 2;
  const batches = divisors(perGpu, settings.trainBatch).filter(
    (batch) => batch < settings.trainBatch && (batch === half || batch === 1),
  );
  const strategies: PlanStrategy[] = (['ddp', 'zero3-offload'] as const).filter((each) => each !== settings.strategy);
  const shorter = [0.75, 0.5]
    .map((share) => Math.floor((settings.cutoffLen * share) / 64) * 64)
    .filter((n) => n >= 256);
  const lora = settings.finetuning === 'lora';
  // neither 8 bits of bitsandbytes nor files that are quantised already go with ZeRO-3
  const isUnsharded = settings.bits === 8 || settings.groupSize !== undefined;
  return {
    trainBatch: [undefined, ...batches],
    evalBatch: settings.evaluates && settings.evalBatch > 1 ? [undefined, 1] : [undefined],
    checkpointing: settings.checkpointing ? [undefined] : [undefined, true],
    strategy: [undefined, ...strategies.filter((each) => each === 'ddp' || !isUnsharded)],
    liger: settings.liger ? [undefined] : [undefined, true],
    // it changes how many samples a batch holds, so it is advised for speed alone
    neatPacking: [undefined],
    loraRank: lora && settings.loraRank >= 16 ? [undefined, Math.floor(settings.loraRank / 2)] : [undefined],
    bits: settings.bits !== 4 && settings.groupSize === undefined && lora ? [undefined, 4] : [undefined],
    cutoffLen: [undefined, ...shorter],
  };
}

/** Every combination of some values, in the order of the options. */
export function combinations(options: Partial<Options>): Change[] {
  let result: Change[] = [{}];
  for (const [key, values] of Object.entries(options)) {
    if (values.length === 1 && values[0] === undefined) continue;
    result = result.flatMap((change) =>
      values.map((value) => (value === undefined ? change : { ...change, [key]: value })),
    );
  }
  return result;
}

/** What a change costs its author. */
export function cost(change: Change, settings: Settings): number {
  const sum = (Object.keys(change) as (keyof Change)[]).reduce((total, key) => total + COST[key], 0);
  return change.cutoffLen === undefined
    ? sum
    : sum + (4 * (settings.cutoffLen - change.cutoffLen)) / settings.cutoffLen;
}

/** True if `more` changes everything that `less` changes, and as far: then it is no news. */
export function covers(more: Change, less: Change): boolean {
  return (Object.keys(less) as (keyof Change)[]).every((key) => {
    const [further, far] = [more[key], less[key]];
    return typeof further === 'number' && typeof far === 'number' ? further <= far : further !== undefined;
  });
}

/** Nobody has reported liger's Triton kernels on cards before Ampere. */
export function isVerified(run: Run, change: Change): boolean {
  return !change.liger || (run.card?.computeCapability ?? 0) >= 8;
}

export function needsOf(run: Run, change: Change): string[] {
  const image = run.image;
  const needs: string[] = [];
  if (change.liger && image?.ligerKernel === undefined) needs.push('liger-kernel');
  if (change.bits && image?.bitsandbytes === undefined) needs.push('bitsandbytes');
  if (change.strategy === 'zero3-offload') {
    if (image?.deepspeed === undefined) needs.push('deepspeed');
    if (image?.cudaToolkit !== true) needs.push('nvcc, g++ and ninja');
  }
  return needs;
}

const NAMES: Readonly<Record<string, string>> = {
  ddp: 'no DeepSpeed',
  'zero3-offload': 'ZeRO-3 with offload',
};

export function words(change: Change, settings: Settings): string {
  const parts: string[] = [];
  if (change.strategy !== undefined) parts.push(`${NAMES[change.strategy]} in place of ${settings.strategy}`);
  if (change.trainBatch !== undefined) {
    const total = settings.trainBatch * settings.accumulation;
    parts.push(
      `per_device_train_batch_size ${settings.trainBatch} -> ${change.trainBatch}, ` +
        `gradient_accumulation_steps ${settings.accumulation} -> ${total / change.trainBatch} ` +
        `(effective batch stays ${total * settings.worldSize})`,
    );
  }
  if (change.evalBatch !== undefined) parts.push(`per_device_eval_batch_size ${settings.evalBatch} -> 1`);
  if (change.checkpointing) parts.push('gradient checkpointing on');
  if (change.loraRank !== undefined) parts.push(`lora_rank ${settings.loraRank} -> ${change.loraRank}`);
  if (change.bits !== undefined) parts.push(`quantization_bit ${settings.bits} -> 4`);
  if (change.liger) parts.push('enable_liger_kernel');
  if (change.neatPacking) {
    parts.push(
      'neat_packing (the memory-efficient attention kernel takes its batches; short samples share a sequence)',
    );
  }
  if (change.cutoffLen !== undefined) {
    parts.push(`cutoff_len ${settings.cutoffLen} -> ${change.cutoffLen} (longer samples are cut)`);
  }
  return parts.join(', ');
}
