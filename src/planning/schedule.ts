import { asNumber, isGiven, isOn, numberOf, textOf } from '../llamafactory/effective-arguments';
import { before, transformersOf } from '../run/releases';
import type { Run, RunDataset } from '../run/run';
import { packedSequences, shuffled } from './packing';
import { atMostSamples, rowsRead } from './rows-read';
import { type Settings, settingsOf } from './settings';

/** What a run does, step by step. */
export interface Schedule {
  /** Samples trained on: after max_samples and val_size, without rows left out. Undefined: the data isn't at hand. */
  readonly trainSamples?: number;
  /** Samples evaluated on. */
  readonly evalSamples?: number;
  /** Sequences that the samples to train on are packed into; undefined: they aren't packed, or the data isn't at hand. */
  readonly trainSequences?: number;
  /** Sequences that the samples to evaluate on are packed into. */
  readonly evalSequences?: number;
  /** Samples that one optimizer step sees: batch, accumulation and GPUs multiplied. */
  readonly effectiveBatch: number;
  /** Batches that each GPU sees in an epoch; undefined: no length (streaming), or the data isn't at hand. */
  readonly batchesPerEpoch?: number;
  readonly optimizerStepsPerEpoch?: number;
  /** Optimizer steps in all. */
  readonly optimizerSteps?: number;
  readonly warmupSteps?: number;
  /** The steps after which the trainer logs. */
  readonly logs: readonly number[];
  /** The steps after which it saves a checkpoint. */
  readonly saves: readonly number[];
  /** The steps after which it evaluates; the last step's may run twice, once as the closing evaluation. */
  readonly evaluations: readonly number[];
  /** True if an evaluation follows the last step, outside the step loop. */
  readonly finalEvaluation: boolean;
  /** False where the numbers stand on an upper bound: packing, interleaved data sets, rows left out of rows at random. */
  readonly exact: boolean;
  /** Most tokens (padding counted) that the whole run computes on. */
  readonly tokensAtMost?: number;
}

/** Steps listed by number at most; a run that saves at every step of a million needs no list. */
const LISTED = 10_000;

/** Rows of a data set, or of several together. */
interface Samples {
  /** Rows that are read. */
  readonly read: number;
  /** Those of them that are trained on, or evaluated on: at most, if not exact. */
  readonly kept: number;
  readonly exact: boolean;
}

function datasetSamples(dataset: RunDataset, run: Run, samples?: number): Samples | undefined {
  const drawn = dataset.entry?.['num_samples'] ?? undefined;
  const count = drawn === undefined ? (dataset.rows?.length ?? samples) : asNumber(drawn, 0);
  if (count === undefined) return undefined;
  const read = atMostSamples(run, count);
  const judged = rowsRead(run, dataset);
  // A run that stops at a row trains on it once it is mended.
  const leftOut = judged?.fates.filter(({ stops }) => !stops).length ?? 0;
  if (leftOut === 0) return { read, kept: read, exact: true };
  if (drawn === undefined) return { read, kept: read - leftOut, exact: true };
  return { read, kept: leftOut === judged?.count ? 0 : read, exact: false };
}

/** Samples of data sets mixed by mix_strategy; undefined if one isn't at hand. */
function mixed(samples: readonly (Samples | undefined)[], strategy: string): Samples | undefined {
  const known = samples.filter((each) => each !== undefined);
  if (known.length === 0 || known.length < samples.length) return undefined;
  const inTurns = strategy === 'interleave_under' || strategy === 'interleave_over';
  if (known.length > 1 && inTurns) {
    const counts = known.map((each) => each.read);
    // Rows are left out when they are mixed already, and some come twice or not at all.
    const read = known.length * (strategy === 'interleave_under' ? Math.min(...counts) : Math.max(...counts));
    return { read, kept: read, exact: false };
  }
  return known.reduce((sum, each) => ({
    read: sum.read + each.read,
    kept: sum.kept + each.kept,
    exact: sum.exact && each.exact,
  }));
}

/** Every `steps`-th step up to `last`; a number below 1 is a share of all steps. */
function every(steps: number, last: number): number[] {
  const interval = steps < 1 ? Math.ceil(last * steps) : Math.round(steps);
  if (interval < 1) return [];
  const result: number[] = [];
  for (let step = interval; step <= last && result.length < LISTED; step += interval) result.push(step);
  return result;
}

function epochEnds(perEpoch: number, last: number): number[] {
  const result: number[] = [];
  for (let step = perEpoch; step < last && result.length < LISTED; step += perEpoch) result.push(step);
  return [...result, last];
}

function withLast(steps: number[], last: number): number[] {
  return steps.at(-1) === last ? steps : [...steps, last];
}

/** transformers 5 differs in warm-up and in the evaluation at the end. */
function isTransformers5(run: Run): boolean {
  return transformersOf(run).major >= 5;
}

function warmup(run: Run, steps: number): number {
  const ratio = numberOf(run, 'warmup_ratio', 0);
  const given = numberOf(run, 'warmup_steps');
  if (isTransformers5(run)) {
    const value = isGiven(run, 'warmup_ratio') ? ratio : given;
    return value >= 1 ? Math.floor(value) : Math.ceil(steps * value);
  }
  return given > 0 ? given : Math.ceil(steps * ratio);
}

function savesOf(run: Run, perEpoch: number | undefined, steps: number): number[] {
  const strategy = textOf(run, 'save_strategy');
  if (strategy === 'steps') return withLast(every(numberOf(run, 'save_steps'), steps), steps);
  return strategy === 'epoch' && perEpoch !== undefined ? epochEnds(perEpoch, steps) : [];
}

function evaluationsOf(run: Run, perEpoch: number | undefined, steps: number): number[] {
  const strategy = textOf(run, 'eval_strategy');
  if (strategy === 'epoch') return perEpoch === undefined ? [] : epochEnds(perEpoch, steps);
  if (strategy !== 'steps') return [];
  const after = numberOf(run, 'eval_delay');
  const listed = every(numberOf(run, 'eval_steps', numberOf(run, 'logging_steps')), steps).filter(
    (step) => step >= after,
  );
  return isTransformers5(run) && steps >= after ? withLast(listed, steps) : listed;
}

function logsOf(run: Run, perEpoch: number | undefined, steps: number): number[] {
  const strategy = textOf(run, 'logging_strategy');
  const first = isOn(run, 'logging_first_step') ? [1] : [];
  if (strategy === 'epoch')
    return perEpoch === undefined ? first : [...new Set([...first, ...epochEnds(perEpoch, steps)])];
  if (strategy !== 'steps') return first;
  const listed = every(numberOf(run, 'logging_steps'), steps);
  return first.length === 0 ? listed : [...new Set([...first, ...listed])];
}

/** Training and evaluation samples after val_size. */
interface Split {
  readonly train?: number;
  readonly evaluation?: number;
  readonly exact: boolean;
}

/**
 * 0.9.3 leaves rows out before it splits. From 0.9.4 on they are left out of what each part was given; which part has
 * them hangs on the seed.
 * Source: llamafactory/data/loader.py, get_dataset.
 */
function split(run: Run, settings: Settings, all: Samples | undefined): Split {
  const size = numberOf(run, 'val_size');
  const separate = run.datasets.filter((dataset) => dataset.evaluation === true);
  const train = all?.kept;
  const exact = all?.exact !== false;
  if (separate.length > 0) {
    const each = separate.map((dataset) => datasetSamples(dataset, run));
    return {
      train,
      evaluation: mixed(each, isOn(run, 'eval_on_each_dataset') ? 'concat' : textOf(run, 'mix_strategy'))?.kept,
      exact,
    };
  }
  if (size <= 1e-6) return { train, evaluation: 0, exact };
  if (settings.streaming) return { train, evaluation: Math.trunc(size), exact };
  if (all === undefined) return { exact };
  const whole = before(run.release, '0.9.4') ? all.kept : all.read;
  const held = Math.min(whole, size >= 1 ? Math.trunc(size) : Math.ceil(whole * size));
  if (whole === all.kept || held === 0) return { train: Math.min(whole - held, all.kept), evaluation: held, exact };
  const kept = exact ? keptInParts(run, whole, held) : undefined;
  return kept ?? { train: Math.min(whole - held, all.kept), evaluation: Math.min(held, all.kept), exact: false };
}

/** What is left of both parts after the split; undefined: it can't be told. Source: datasets, train_test_split. */
function keptInParts(run: Run, whole: number, held: number): Split | undefined {
  const order = shuffled(run, whole);
  if (order === undefined) return undefined;
  const [training, evaluating] = [rowsLeftOut(run, whole, false), rowsLeftOut(run, whole, true)];
  if (training === undefined || evaluating === undefined) return undefined;
  const kept = (part: Uint32Array, leftOut: ReadonlySet<number>) =>
    part.reduce((count, row) => (leftOut.has(row) ? count : count + 1), 0);
  return {
    train: kept(order.subarray(held), training),
    evaluation: kept(order.subarray(0, held), evaluating),
    exact: true,
  };
}

/** Numbers, from 0, of the rows left out of the data sets put one after the other; undefined if some aren't at hand. */
function rowsLeftOut(run: Run, whole: number, evaluation: boolean): ReadonlySet<number> | undefined {
  const result = new Set<number>();
  let before = 0;
  for (const dataset of run.datasets) {
    const read = rowsRead(run, { ...dataset, evaluation });
    for (const { row, stops } of read?.fates ?? []) if (!stops) result.add(before + row - 1);
    before += read?.count ?? 0;
  }
  return before === whole ? result : undefined;
}

/**
 * The schedule of a run, as the trainer of its release computes it.
 *
 * @param samples rows of each data set whose file isn't at hand
 */
export function scheduleOf(run: Run, samples?: number): Schedule {
  const training = run.datasets.filter((dataset) => dataset.evaluation !== true);
  const atHand = training.length > 0 && training.every(({ rows }) => rows !== undefined);
  if (samples !== undefined && !atHand) return reckon(run, samples);
  const schedule = known.get(run) ?? reckon(run, samples);
  known.set(run, schedule);
  return schedule;
}

/** A run doesn't change: rules and plan share its schedule. */
const known = new WeakMap<Run, Schedule>();

function reckon(run: Run, samples: number | undefined): Schedule {
  const settings = settingsOf(run);
  const training = run.datasets.filter((dataset) => dataset.evaluation !== true);
  const counts =
    training.length === 0 ? [capped(run, samples)] : training.map((each) => datasetSamples(each, run, samples));
  const { train, evaluation, exact: counted } = split(run, settings, mixed(counts, textOf(run, 'mix_strategy')));
  const effectiveBatch = settings.trainBatch * settings.accumulation * settings.worldSize;
  const finalEvaluation = settings.evaluates && (evaluation === undefined || evaluation > 0);
  const packed = settings.packing ? packedSequences(run, settings, { train, evaluation }) : undefined;
  const start = {
    trainSamples: train,
    evalSamples: evaluation,
    ...(packed === undefined ? {} : { trainSequences: packed.train, evalSequences: packed.evaluation }),
    effectiveBatch,
    finalEvaluation,
  };

  const dropLast = isOn(run, 'dataloader_drop_last');
  const round = dropLast ? Math.floor : Math.ceil;
  const sequences = packed?.train ?? train;
  const batches =
    sequences === undefined || settings.streaming
      ? undefined
      : round(round(sequences / settings.trainBatch) / settings.worldSize);
  const perEpoch = batches === undefined ? undefined : Math.max(Math.ceil(batches / settings.accumulation), 1);
  const steps =
    settings.maxSteps > 0
      ? settings.maxSteps
      : perEpoch === undefined
        ? undefined
        : Math.ceil(settings.epochs * perEpoch);
  const exact =
    steps !== undefined && (settings.maxSteps > 0 || (counted && (!settings.packing || packed?.exact === true)));
  if (steps === undefined) return { ...start, logs: [], saves: [], evaluations: [], exact };
  return {
    ...start,
    batchesPerEpoch: batches,
    optimizerStepsPerEpoch: perEpoch,
    optimizerSteps: steps,
    warmupSteps: warmup(run, steps),
    logs: logsOf(run, perEpoch, steps),
    saves: savesOf(run, perEpoch, steps),
    evaluations: settings.evaluates ? evaluationsOf(run, perEpoch, steps) : [],
    exact,
    tokensAtMost: tokensAtMost(settings, steps, batches, perEpoch),
  };
}

function capped(run: Run, samples: number | undefined): Samples | undefined {
  return samples === undefined ? undefined : datasetSamples({ name: '', rows: undefined }, run, samples);
}

/** The last step of an epoch takes the batches that are left, so it may be smaller than the others. */
function tokensAtMost(settings: Settings, steps: number, batches?: number, perEpoch?: number): number {
  const perBatch = settings.trainBatch * settings.cutoffLen * settings.worldSize;
  if (batches === undefined || perEpoch === undefined) return steps * settings.accumulation * perBatch;
  const whole = Math.floor(steps / perEpoch);
  return (whole * batches + Math.min((steps % perEpoch) * settings.accumulation, batches)) * perBatch;
}
