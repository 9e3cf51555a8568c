import { type Edit, EditOperation } from '../finding';
import type { Mapping, Run } from '../run';
import type { ModelShape } from './catalog/models';
import { longestSampleAtMost } from './lengths';
import { type GpuMemory, gpuMemory } from './memory';
import { type Schedule, scheduleOf } from './schedule';
import { type PlanStrategy, type Settings, settingsOf } from './settings';
import { throughputOf } from './throughput';

/** One thing to change, with what it brings. */
export interface Advice {
  readonly id: string;
  /** What to change and what it brings, in words. */
  readonly message: string;
  /** The change as data; empty where there is nothing to write. */
  readonly edits: readonly Edit[];
  /** True if the kernels it needs are known to run on the card. */
  readonly verified: boolean;
  /**
   * What the image must hold.
   * @default - nothing more than the run needs now
   */
  readonly needs?: readonly string[];
  /** Need and margin after the change. */
  readonly stepReservedBytes?: number;
  readonly marginBytes?: number;
  /** Tokens a second after the change, over before: the bounds' geometric means. */
  readonly speedup?: number;
}

/** What may be changed to make a run fit or to make it quicker. */
interface Change {
  readonly strategy?: PlanStrategy;
  readonly trainBatch?: number;
  readonly evalBatch?: number;
  readonly cutoffLen?: number;
  readonly bits?: 4;
  readonly checkpointing?: true;
  readonly liger?: true;
}

/** How much each change costs its author: 1 = nothing but a number, 5 = another result. */
const COST: Readonly<Record<keyof Change, number>> = {
  evalBatch: 1,
  trainBatch: 1,
  checkpointing: 2,
  strategy: 3,
  liger: 4,
  bits: 5,
  cutoffLen: 5,
};

const OFFLOAD_CONFIG: Mapping = {
  train_batch_size: 'auto',
  train_micro_batch_size_per_gpu: 'auto',
  gradient_accumulation_steps: 'auto',
  gradient_clipping: 'auto',
  zero_allow_untested_optimizer: true,
  fp16: { enabled: 'auto' },
  bf16: { enabled: 'auto' },
  zero_optimization: {
    stage: 3,
    overlap_comm: false,
    contiguous_gradients: true,
    reduce_bucket_size: 'auto',
    stage3_prefetch_bucket_size: 'auto',
    stage3_param_persistence_threshold: 'auto',
    stage3_max_live_parameters: 1e9,
    stage3_max_reuse_distance: 1e9,
    stage3_gather_16bit_weights_on_model_save: true,
    offload_optimizer: { device: 'cpu', pin_memory: true },
    offload_param: { device: 'cpu', pin_memory: true },
  },
};
const OFFLOAD_FILE = 'ds_zero3_offload.json';

/** The arguments a change writes. The effective batch stays: what the batch loses, the accumulation gains. */
function argumentsOf(change: Change, settings: Settings): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  if (change.trainBatch !== undefined) {
    result['per_device_train_batch_size'] = change.trainBatch;
    result['gradient_accumulation_steps'] = (settings.trainBatch * settings.accumulation) / change.trainBatch;
  }
  if (change.evalBatch !== undefined) result['per_device_eval_batch_size'] = change.evalBatch;
  if (change.cutoffLen !== undefined) result['cutoff_len'] = change.cutoffLen;
  if (change.bits !== undefined) Object.assign(result, { quantization_bit: 4, quantization_method: 'bnb' });
  if (change.checkpointing) result['disable_gradient_checkpointing'] = false;
  if (change.liger) result['enable_liger_kernel'] = true;
  return result;
}

function changed(run: Run, change: Change, settings: Settings): Run {
  const args = { ...run.args, ...argumentsOf(change, settings) };
  if (change.strategy === undefined) return { ...run, args };
  return change.strategy === 'ddp'
    ? { ...run, args, deepspeed: undefined }
    : { ...run, args, deepspeed: { file: OFFLOAD_FILE, config: OFFLOAD_CONFIG } };
}

function editsOf(run: Run, change: Change, settings: Settings): Edit[] {
  const edits: Edit[] = Object.entries(argumentsOf(change, settings)).map(([key, value]) => ({
    file: run.file,
    key,
    op: EditOperation.SET,
    value,
  }));
  if (change.strategy === 'ddp') edits.push({ file: run.file, key: 'deepspeed', op: EditOperation.REMOVE });
  if (change.strategy === 'zero3-offload') {
    edits.push({ file: run.file, key: 'deepspeed', op: EditOperation.SET, value: OFFLOAD_FILE });
    for (const [key, value] of Object.entries(OFFLOAD_CONFIG)) {
      edits.push({ file: OFFLOAD_FILE, key, op: EditOperation.SET, value });
    }
  }
  return edits;
}

/** No GPU takes a larger batch of sequences; a larger number is a slip, and must not be counted down from. */
const LARGEST_BATCH = 4096;

/** The divisors of a number that a batch can be, at most `limit`, largest first. */
function divisors(number: number, limit: number): number[] {
  const result: number[] = [];
  for (let divisor = Math.min(number, limit, LARGEST_BATCH); divisor >= 1; divisor -= 1) {
    if (number % divisor === 0) result.push(divisor);
  }
  return result;
}

/** Every combination of changes to try, the cheapest first. */
function changes(settings: Settings): Change[] {
  const perGpu = settings.trainBatch * settings.accumulation;
  const half = settings.trainBatch / 2;
  const batches = divisors(perGpu, settings.trainBatch).filter(
    (batch) => batch < settings.trainBatch && (batch === half || batch === 1),
  );
  const strategies: PlanStrategy[] = (['ddp', 'zero3-offload'] as const).filter((each) => each !== settings.strategy);
  const shorter = [0.75, 0.5]
    .map((share) => Math.floor((settings.cutoffLen * share) / 64) * 64)
    .filter((n) => n >= 256);
  const options: { [K in keyof Change]-?: readonly Change[K][] } = {
    trainBatch: [undefined, ...batches],
    evalBatch: settings.evaluates && settings.evalBatch > 1 ? [undefined, 1] : [undefined],
    checkpointing: settings.checkpointing ? [undefined] : [undefined, true],
    strategy:
      settings.bits === 8 ? [undefined, ...strategies.filter((each) => each === 'ddp')] : [undefined, ...strategies],
    liger: settings.liger ? [undefined] : [undefined, true],
    bits: settings.bits !== 4 && settings.finetuning === 'lora' ? [undefined, 4] : [undefined],
    cutoffLen: [undefined, ...shorter],
  };
  let result: Change[] = [{}];
  for (const [key, values] of Object.entries(options)) {
    result = result.flatMap((change) =>
      values.map((value) => (value === undefined ? change : { ...change, [key]: value })),
    );
  }
  return result
    .map((change) => ({ change, cost: cost(change, settings) }))
    .filter((each) => each.cost > 0)
    .sort((a, b) => a.cost - b.cost)
    .map(({ change }) => change);
}

function cost(change: Change, settings: Settings): number {
  const sum = (Object.keys(change) as (keyof Change)[]).reduce((total, key) => total + COST[key], 0);
  return change.cutoffLen === undefined
    ? sum
    : sum + (4 * (settings.cutoffLen - change.cutoffLen)) / settings.cutoffLen;
}

/** True if `more` changes everything that `less` changes, and as far: then it is no news. */
function covers(more: Change, less: Change): boolean {
  return (Object.keys(less) as (keyof Change)[]).every((key) => {
    const [further, far] = [more[key], less[key]];
    return typeof further === 'number' && typeof far === 'number' ? further <= far : further !== undefined;
  });
}

/** Nobody has reported liger's Triton kernels on cards before Ampere. */
function isVerified(run: Run, change: Change): boolean {
  return !change.liger || (run.card?.computeCapability ?? 0) >= 8;
}

function needsOf(run: Run, change: Change): string[] {
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

/** Tokens a second as one number: between the bounds, each counted alike. */
function speed(run: Run, model: ModelShape, settings: Settings, schedule: Schedule): number | undefined {
  const bounds = throughputOf(run, model, schedule, settings)?.tokensPerSecond;
  return bounds === undefined ? undefined : Math.sqrt(bounds.least * bounds.most);
}

const NAMES: Readonly<Record<string, string>> = {
  ddp: 'no DeepSpeed',
  'zero3-offload': 'ZeRO-3 with offload',
};

function words(change: Change, settings: Settings): string {
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
  if (change.bits !== undefined) parts.push(`quantization_bit ${settings.bits} -> 4`);
  if (change.liger) parts.push('enable_liger_kernel');
  if (change.cutoffLen !== undefined) {
    parts.push(`cutoff_len ${settings.cutoffLen} -> ${change.cutoffLen} (longer samples are cut)`);
  }
  return parts.join(', ');
}

interface Tried {
  readonly change: Change;
  readonly memory: GpuMemory;
  readonly verified: boolean;
  readonly speedup?: number;
}

function adviceFrom(id: string, run: Run, settings: Settings, tried: Tried): Advice {
  const { change, memory, verified, speedup } = tried;
  const needs = needsOf(run, change);
  const margin = memory.marginBytes ?? 0;
  const share = Math.round((100 * margin) / Math.max(memory.usableBytes ?? 1, 1));
  const notes = [
    `${memory.fits}, margin ${share} %`,
    ...(speedup === undefined ? [] : [`about ${speedup.toFixed(1)} times the tokens a second`]),
    ...(needs.length > 0 ? [`the image needs ${needs.join(' and ')}`] : []),
    ...(verified ? [] : [`nobody has verified these kernels on a ${run.card?.name}`]),
  ];
  return {
    id,
    message: `${words(change, settings)}: ${notes.join('; ')}`,
    edits: editsOf(run, change, settings),
    verified,
    ...(needs.length > 0 ? { needs } : {}),
    stepReservedBytes: memory.stepReservedBytes,
    marginBytes: margin,
    ...(speedup === undefined ? {} : { speedup }),
  };
}

function attempt(run: Run, model: ModelShape, settings: Settings, change: Change): Tried {
  const memory = gpuMemory(changed(run, change, settings), model);
  return { change, memory, verified: isVerified(run, change) };
}

function withSpeed(run: Run, model: ModelShape, settings: Settings, schedule: Schedule, tried: Tried): Tried {
  const before = speed(run, model, settings, schedule);
  const after = changed(run, tried.change, settings);
  const then = speed(after, model, settingsOf(after), schedule);
  return before === undefined || then === undefined ? tried : { ...tried, speedup: then / before };
}

const WANTED = 4;

/** The smallest changes after which the run fits, best first; one at least without unverified kernels if there is any. */
function makeItFit(run: Run, model: ModelShape, settings: Settings, schedule: Schedule): Advice[] {
  const found: Tried[] = [];
  const tight: Tried[] = [];
  for (const change of changes(settings)) {
    if (found.some((tried) => covers(change, tried.change))) continue;
    const tried = attempt(run, model, settings, change);
    if (tried.memory.fits === 'fits') found.push(tried);
    else if (tried.memory.fits === 'tight') tight.push(tried);
    if (found.length >= WANTED && found.some((each) => each.verified)) break;
  }
  const chosen = found.some((tried) => tried.verified) ? found : [...found, ...tight.slice(0, WANTED)];
  return chosen
    .map((tried) => withSpeed(run, model, settings, schedule, tried))
    .sort((a, b) => rank(a) - rank(b) || (b.speedup ?? 0) - (a.speedup ?? 0))
    .map((tried) => adviceFrom('make-it-fit', run, settings, tried));
}

/** Unverified kernels last, then what changes the result, then what changes the strategy. */
function rank({ change, verified }: Tried): number {
  const result = change.cutoffLen !== undefined || change.bits !== undefined;
  return (verified ? 0 : 100) + (result ? 10 : 0) + (change.strategy === undefined ? 0 : 1);
}

/** A gain worth a change. */
const WORTHWHILE = 1.15;

/** The quickest way to share the work that fits, at the same effective batch; with shorter sequences if it takes them. */
function makeItQuicker(run: Run, model: ModelShape, settings: Settings, schedule: Schedule): Advice[] {
  if (settings.strategy === 'ddp') return [];
  const perGpu = divisors(settings.trainBatch * settings.accumulation, 2 * settings.trainBatch);
  for (const share of [1, 0.75, 0.5]) {
    const cutoffLen = Math.floor((settings.cutoffLen * share) / 64) * 64;
    const tried = perGpu
      .map(
        (batch): Change => ({
          strategy: 'ddp',
          ...(batch === settings.trainBatch ? {} : { trainBatch: batch }),
          ...(settings.evaluates && settings.evalBatch > batch ? { evalBatch: 1 } : {}),
          ...(share === 1 ? {} : { cutoffLen }),
        }),
      )
      .map((change) => attempt(run, model, settings, change))
      .filter((each) => each.memory.fits === 'fits')
      .map((each) => withSpeed(run, model, settings, schedule, each))
      .sort((a, b) => (b.speedup ?? 0) - (a.speedup ?? 0));
    const best = tried[0];
    if (best?.speedup !== undefined && best.speedup >= WORTHWHILE) {
      return [adviceFrom('quicker-strategy', run, settings, best)];
    }
  }
  return [];
}

/** A cutoff that no sample reaches costs memory in the plan and nothing in the run: say so. */
function cutoffAboveData(run: Run, settings: Settings): Advice[] {
  const longest = longestSampleAtMost(run);
  if (longest === undefined || settings.packing) return [];
  const enough = Math.ceil(longest / 64) * 64;
  if (enough > 0.75 * settings.cutoffLen) return [];
  return [
    {
      id: 'cutoff-above-data',
      message: `no sample has more than ${longest} tokens, so cutoff_len ${settings.cutoffLen} -> ${enough} cuts nothing and lets the plan count on less memory`,
      edits: [{ file: run.file, key: 'cutoff_len', op: EditOperation.SET, value: enough }],
      verified: true,
    },
  ];
}

/** A run that only saves at its end loses everything to a pod that ends before. */
function savesOnTheWay(run: Run, schedule: Schedule): Advice[] {
  const steps = schedule.optimizerSteps;
  if (steps === undefined || steps < 20 || schedule.saves.some((step) => step < steps)) return [];
  return [
    {
      id: 'save-on-the-way',
      message: `the first checkpoint comes after the last of ${steps} steps: save_steps 0.1 saves ten times on the way`,
      edits: [{ file: run.file, key: 'save_steps', op: EditOperation.SET, value: 0.1 }],
      verified: true,
    },
  ];
}

/** What to change about a run, the most pressing first. */
export function adviceOf(
  run: Run,
  model: ModelShape,
  memory: GpuMemory,
  schedule: Schedule = scheduleOf(run),
  settings: Settings = settingsOf(run),
): Advice[] {
  const fits = memory.fits;
  return [
    ...(fits === undefined || fits === 'fits' ? [] : makeItFit(run, model, settings, schedule)),
    ...(fits === 'fits' ? makeItQuicker(run, model, settings, schedule) : []),
    ...cutoffAboveData(run, settings),
    ...savesOnTheWay(run, schedule),
  ];
}

/** The strategy to take where the author leaves it open: the quickest that fits as the run stands. */
export function bestStrategy(run: Run, model: ModelShape): PlanStrategy {
  const settings = settingsOf(run);
  const order: readonly PlanStrategy[] = ['ddp', 'zero3-offload'];
  const fitting = order.find((strategy) => attempt(run, model, settings, { strategy }).memory.fits !== 'does not fit');
  return fitting ?? 'zero3-offload';
}
