import type { Run, RunDataset } from '../run';
import { numberOf, type Settings, settingsOf } from './settings';

/** What a run does, step by step. */
export interface Schedule {
  /** Samples trained on, after max_samples and val_size; undefined: the data isn't at hand. */
  readonly trainSamples?: number;
  /** Samples evaluated on. */
  readonly evalSamples?: number;
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
  /** False where the numbers stand on an upper bound: packing, interleaved data sets, no data at hand. */
  readonly exact: boolean;
  /** Most tokens (padding counted) that the whole run computes on. */
  readonly tokensAtMost?: number;
}

/** Steps listed by number at most; a run that saves at every step of a million needs no list. */
const LISTED = 10_000;

function datasetSamples(dataset: RunDataset, run: Run, samples?: number): number | undefined {
  const resampled = dataset.entry?.['num_samples'];
  const count =
    resampled === undefined || resampled === null ? (dataset.rows?.length ?? samples) : numberOf(resampled, 0);
  const maximum = run.args['max_samples'];
  if (count === undefined) return undefined;
  return maximum === undefined || maximum === null ? count : Math.min(count, numberOf(maximum, count));
}

/** Samples of data sets mixed by mix_strategy; undefined if one isn't at hand. */
function mixed(counts: readonly (number | undefined)[], strategy: string): number | undefined {
  if (counts.length === 0 || counts.some((count) => count === undefined)) return undefined;
  const known = counts as readonly number[];
  if (strategy === 'interleave_under') return Math.min(...known) * known.length;
  if (strategy === 'interleave_over') return Math.max(...known) * known.length;
  return known.reduce((sum, count) => sum + count, 0);
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

/** transformers 5 (LLaMA-Factory 0.9.5's own) differs in warm-up and in the evaluation at the end. */
function isTransformers5(run: Run): boolean {
  const version = run.image?.transformers;
  return version === undefined ? run.release === '0.9.5' : Number(version.split('.')[0]) >= 5;
}

function warmup(run: Run, steps: number): number {
  const ratio = run.args['warmup_ratio'];
  const given = numberOf(run.args['warmup_steps'], 0);
  if (isTransformers5(run)) {
    const value = ratio === undefined || ratio === null ? given : numberOf(ratio, 0);
    return value >= 1 ? Math.floor(value) : Math.ceil(steps * value);
  }
  return given > 0 ? given : Math.ceil(steps * numberOf(ratio, 0));
}

function savesOf(run: Run, perEpoch: number | undefined, steps: number): number[] {
  const strategy = String(run.args['save_strategy'] ?? 'steps');
  if (strategy === 'steps') return withLast(every(numberOf(run.args['save_steps'], 500), steps), steps);
  return strategy === 'epoch' && perEpoch !== undefined ? epochEnds(perEpoch, steps) : [];
}

function evaluationsOf(run: Run, perEpoch: number | undefined, steps: number): number[] {
  const strategy = String(run.args['eval_strategy'] ?? 'no');
  if (strategy === 'epoch') return perEpoch === undefined ? [] : epochEnds(perEpoch, steps);
  if (strategy !== 'steps') return [];
  const interval = run.args['eval_steps'] ?? run.args['logging_steps'];
  const after = numberOf(run.args['eval_delay'], 0);
  const listed = every(numberOf(interval, 500), steps).filter((step) => step >= after);
  return isTransformers5(run) && steps >= after ? withLast(listed, steps) : listed;
}

function logsOf(run: Run, perEpoch: number | undefined, steps: number): number[] {
  const strategy = String(run.args['logging_strategy'] ?? 'steps');
  const first = run.args['logging_first_step'] === true ? [1] : [];
  if (strategy === 'epoch')
    return perEpoch === undefined ? first : [...new Set([...first, ...epochEnds(perEpoch, steps)])];
  if (strategy !== 'steps') return first;
  return [...new Set([...first, ...every(numberOf(run.args['logging_steps'], 500), steps)])];
}

/** Training and evaluation samples after val_size. */
function split(run: Run, settings: Settings, all: number | undefined): { train?: number; evaluation?: number } {
  const size = numberOf(run.args['val_size'], 0);
  const separate = run.datasets.filter((dataset) => dataset.evaluation === true);
  if (separate.length > 0) {
    return {
      train: all,
      evaluation: mixed(
        separate.map((dataset) => datasetSamples(dataset, run)),
        'concat',
      ),
    };
  }
  if (size <= 1e-6) return { train: all, evaluation: 0 };
  if (settings.streaming) return { train: all, evaluation: Math.trunc(size) };
  if (all === undefined) return {};
  const held = size > 1 ? Math.trunc(size) : Math.ceil(all * size);
  return { train: Math.max(0, all - held), evaluation: Math.min(all, held) };
}

/**
 * The schedule of a run, as the trainer of its release computes it.
 *
 * @param samples rows of each data set whose file isn't at hand
 */
export function scheduleOf(run: Run, samples?: number): Schedule {
  const settings = settingsOf(run);
  const training = run.datasets.filter((dataset) => dataset.evaluation !== true);
  const strategy = String(run.args['mix_strategy'] ?? 'concat');
  const counts =
    training.length === 0 ? [capped(run, samples)] : training.map((each) => datasetSamples(each, run, samples));
  const { train, evaluation } = split(run, settings, mixed(counts, strategy));
  const effectiveBatch = settings.trainBatch * settings.accumulation * settings.worldSize;
  const finalEvaluation = settings.evaluates && (evaluation === undefined || evaluation > 0);
  const start = { trainSamples: train, evalSamples: evaluation, effectiveBatch, finalEvaluation };

  const dropLast = run.args['dataloader_drop_last'] === true;
  const round = dropLast ? Math.floor : Math.ceil;
  const batches =
    train === undefined || settings.streaming
      ? undefined
      : round(round(train / settings.trainBatch) / settings.worldSize);
  const perEpoch = batches === undefined ? undefined : Math.max(Math.ceil(batches / settings.accumulation), 1);
  const steps =
    settings.maxSteps > 0
      ? settings.maxSteps
      : perEpoch === undefined
        ? undefined
        : Math.ceil(settings.epochs * perEpoch);
  const exact =
    steps !== undefined &&
    (settings.maxSteps > 0 || (!settings.packing && (training.length < 2 || strategy === 'concat')));
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

function capped(run: Run, samples: number | undefined): number | undefined {
  return samples === undefined ? undefined : datasetSamples({ name: '', rows: undefined }, run, samples);
}

/** The last step of an epoch takes the batches that are left, so it may be smaller than the others. */
function tokensAtMost(settings: Settings, steps: number, batches?: number, perEpoch?: number): number {
  const perBatch = settings.trainBatch * settings.cutoffLen * settings.worldSize;
  if (batches === undefined || perEpoch === undefined) return steps * settings.accumulation * perBatch;
  const whole = Math.floor(steps / perEpoch);
  return (whole * batches + Math.min((steps % perEpoch) * settings.accumulation, batches)) * perBatch;
}
