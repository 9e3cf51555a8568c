import type { Run } from '../run/run';
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
  readonly marginBytes: number;
  readonly tokensPerSecond: number;
}

/** A share of the need that covers what the planner doesn't know of several GPUs; speeds so near aren't worth less. */
const COMFORT = 0.1;
const NEAR = 1.15;

/**
 * How to share the work so that it fits the card, and the node's memory where that is known: the quickest way, or one
 * that is at most 15 % slower and leaves a margin of 10 %, if the quickest doesn't. What one optimizer step learns from
 * stays: batch times accumulation, and the length. If nothing fits, the way that takes least.
 *
 * @param ways the strategies to choose from, the preferred first: it wins where no speed is known
 * @param nodeMemoryBytes memory that a pod can get
 */
export function choose(run: Run, ways: readonly Way[], nodeMemoryBytes?: number): Choice {
  const candidates = ways.flatMap((way) => candidatesOf({ ...run, deepspeed: way.deepspeed }, way, nodeMemoryBytes));
  const best = quickest(candidates.filter(({ fits }) => fits === 'fits'));
  const roomy = quickest(
    candidates.filter(({ fits, neededBytes, marginBytes }) => fits === 'fits' && marginBytes >= COMFORT * neededBytes),
  );
  if (best !== undefined) {
    return roomy !== undefined && NEAR * roomy.tokensPerSecond >= best.tokensPerSecond ? roomy : best;
  }
  const tight = quickest(candidates.filter(({ fits }) => fits === 'tight'));
  if (tight !== undefined) return tight;
  const { trainBatch, accumulation, evalBatch } = settingsOf(run);
  const given = { strategy: ways.at(-1)?.strategy ?? 'ddp', trainBatch, accumulation, evalBatch };
  return first(candidates, (each, least) => each.neededBytes < least.neededBytes) ?? given;
}

function quickest(candidates: readonly Candidate[]): Candidate | undefined {
  return first(candidates, (each, best) => each.tokensPerSecond > best.tokensPerSecond);
}

/** The first candidate that no other is better than. */
function first(
  candidates: readonly Candidate[],
  isBetter: (each: Candidate, best: Candidate) => boolean,
): Candidate | undefined {
  return candidates.reduce<Candidate | undefined>(
    (best, each) => (best === undefined || isBetter(each, best) ? each : best),
    undefined,
  );
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
      return { evalBatch, fits: need.fits, neededBytes: need.stepReservedBytes, marginBytes: need.marginBytes ?? 0 };
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
      marginBytes: best?.marginBytes ?? 0,
      tokensPerSecond: bounds === undefined ? 0 : Math.sqrt(bounds.least * bounds.most),
    };
  });
}
