import type { Run } from '../run';
import { divisors } from './advice/change';
import { hostNeeds } from './host';
import { gpuNeed, shapeOf, type Verdict } from './memory';
import { scheduleOf } from './schedule';
import { type PlanStrategy, type Settings, settingsOf } from './settings';
import { throughputOf } from './throughput';

/** How the work of a step may be shared out. */
export interface Choice {
  readonly strategy: PlanStrategy;
  readonly trainBatch: number;
  readonly accumulation: number;
  readonly evalBatch: number;
  /** Undefined: the card's or the model's numbers aren't known, so nothing was compared. */
  readonly fits?: Verdict;
}

/** A strategy that the run may take, with its DeepSpeed config. */
export interface Way {
  readonly strategy: PlanStrategy;
  readonly deepspeed: Run['deepspeed'];
}

interface Candidate extends Choice {
  readonly neededBytes: number;
  readonly tokensPerSecond: number;
}

/**
 * The quickest way to share the work that fits the card, and the node's memory where that is known. What one optimizer
 * step learns from stays: batch times accumulation, and the length. If nothing fits, the way that takes least.
 *
 * @param ways the strategies to choose from, the preferred first: it wins where nothing tells two apart
 * @param nodeMemoryBytes memory that a pod can get
 */
export function choose(run: Run, ways: readonly Way[], nodeMemoryBytes?: number): Choice {
  const given = settingsOf(run);
  const candidates = ways.flatMap((way) => candidatesOf({ ...run, deepspeed: way.deepspeed }, way, nodeMemoryBytes));
  const [first, ...others] =
    [candidates.filter(({ fits }) => fits === 'fits'), candidates.filter(({ fits }) => fits === 'tight')].find(
      (each) => each.length > 0,
    ) ?? [];
  if (first !== undefined) return others.reduce((a, b) => (b.tokensPerSecond > a.tokensPerSecond ? b : a), first);
  const [any, ...rest] = candidates;
  if (any !== undefined) return rest.reduce((a, b) => (b.neededBytes < a.neededBytes ? b : a), any);
  const { trainBatch, accumulation, evalBatch } = given;
  return { strategy: ways.at(-1)?.strategy ?? 'ddp', trainBatch, accumulation, evalBatch };
}

/** Every batch that keeps the effective batch, with one strategy; the largest first. */
function candidatesOf(run: Run, { strategy }: Way, nodeMemoryBytes: number | undefined): Candidate[] {
  const { model } = run;
  if (model === undefined || run.card === undefined) return [];
  const given = settingsOf(run);
  const shape = shapeOf(run, model, given);
  const schedule = scheduleOf(run);
  const perGpu = given.trainBatch * given.accumulation;
  const evalBatches = given.evaluates && given.evalBatch > 1 ? [given.evalBatch, 1] : [given.evalBatch];
  return divisors(perGpu, perGpu).map((trainBatch) => {
    const settings: Settings = { ...given, trainBatch, accumulation: perGpu / trainBatch };
    const tried = evalBatches.map((evalBatch) => {
      const need = gpuNeed(run, model, { ...settings, evalBatch }, shape);
      return { evalBatch, fits: need.fits, neededBytes: need.stepReservedBytes };
    });
    const best = tried.find(({ fits }) => fits === 'fits') ?? tried.at(-1);
    const host = hostNeeds(run, model, schedule, settings, shape);
    const hostFits = nodeMemoryBytes === undefined || host.podBytes <= nodeMemoryBytes;
    const bounds = throughputOf(run, model, schedule, settings, shape)?.tokensPerSecond;
    return {
      strategy,
      trainBatch,
      accumulation: settings.accumulation,
      evalBatch: best?.evalBatch ?? given.evalBatch,
      fits: hostFits ? best?.fits : 'does not fit',
      neededBytes: best?.neededBytes ?? 0,
      tokensPerSecond: bounds === undefined ? 0 : Math.sqrt(bounds.least * bounds.most),
    };
  });
}
