import type { Run } from '../run/run';
import { divisors } from './advice/change';
import { neatPackingChangesNothing } from './advice/speed';
import { hostNeeds } from './host';
import { gpuNeed, longestSequence, shapeOf, type Verdict } from './memory';
import { scheduleOf } from './schedule';
import { type PlanStrategy, type Settings, settingsOf } from './settings';
import { expected, throughputOf } from './throughput';

/** How the work of a step may be shared out. */
export interface Choice {
  readonly strategy: PlanStrategy;
  readonly trainBatch: number;
  readonly accumulation: number;
  readonly evalBatch: number;
  /** True if the samples are packed with masks, each alone in its sequence: a quicker attention kernel takes those. */
  readonly neatPacking?: true;
  /** Whether the longest batch of the data fits; undefined: the card's or the model's numbers aren't known, so nothing was compared. */
  readonly fits?: Verdict;
  /** What the longest batch of the data needs, and what is left of the card then. */
  readonly neededBytes?: number;
  readonly marginBytes?: number;
  /** Tokens of the longest sequence that was planned with; cutoff_len where the data isn't at hand. */
  readonly longest?: number;
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
 * A gain for which a way is taken that fits by less than the planner's error: what the planner says is needed lay above
 * the smallest cap that trained in each run measured, so such a way is expected to train.
 */
const WORTH_LITTLE_MARGIN = 1.25;
/**
 * A gain for which weights are shared out or offloaded though they fit whole: what that costs hangs on the bus and on the
 * host, which were measured in few machines.
 */
const WORTH_SHARING_WEIGHTS = 1.5;

/**
 * How to share the work so that the longest batch of the data fits the card, and the node's memory where that is known:
 * the quickest way, or one that is at most 15 % slower and leaves a margin of 10 %, if the quickest doesn't. The weights
 * stay whole on each GPU where they fit, and without ZeRO-2, which takes host memory, where that fits. What one optimizer
 * step learns from stays: batch times accumulation, and the length. If nothing fits, the way that takes least.
 *
 * @param ways the strategies to choose from, the preferred first: it wins where no speed is known
 * @param nodeMemoryBytes memory that a pod can get
 */
export function choose(run: Run, ways: readonly Way[], nodeMemoryBytes?: number): Choice {
  const candidates = ways.flatMap((way) =>
    [false, ...(neatPackingChangesNothing(run) ? [true] : [])].flatMap((neat) =>
      candidatesOf(runWith(run, way, neat), way, neat, nodeMemoryBytes),
    ),
  );
  const best = bestOf(candidates);
  if (best !== undefined) return asChoice(best);
  const { trainBatch, accumulation, evalBatch } = settingsOf(run);
  const least = first(candidates, (each, before) => each.neededBytes < before.neededBytes);
  if (least !== undefined) return asChoice(least);
  return { strategy: ways.at(-1)?.strategy ?? 'ddp', trainBatch, accumulation, evalBatch };
}

/** The best of what fits, or fits by little; undefined: nothing does. */
function bestOf(candidates: readonly Candidate[]): Candidate | undefined {
  const of = (...strategies: PlanStrategy[]) => candidates.filter(({ strategy }) => strategies.includes(strategy));
  const shared = quickestOrRoomy(of('zero3', 'zero3-offload'));
  const whole = quickestOrRoomy(of('ddp')) ?? quickestOrRoomy(of('zero2'));
  const isTight = ({ fits }: Candidate) => fits === 'tight';
  const tight = quickest(of('ddp').filter(isTight)) ?? quickest(of('zero2').filter(isTight));
  const [fitting, gain] =
    whole === undefined || (shared !== undefined && isQuicker(shared, whole, WORTH_SHARING_WEIGHTS))
      ? [shared, 1]
      : [whole, WORTH_LITTLE_MARGIN];
  if (tight !== undefined && (fitting === undefined || isQuicker(tight, fitting, gain))) return tight;
  return fitting ?? quickest(candidates.filter(isTight));
}

function isQuicker(one: Candidate, other: Candidate, gain: number): boolean {
  return one.tokensPerSecond > gain * other.tokensPerSecond;
}

function quickestOrRoomy(candidates: readonly Candidate[]): Candidate | undefined {
  const fitting = candidates.filter(({ fits }) => fits === 'fits');
  const best = quickest(fitting);
  const roomy = quickest(fitting.filter(({ neededBytes, marginBytes }) => marginBytes >= COMFORT * neededBytes));
  if (best === undefined || roomy === undefined || isQuicker(best, roomy, NEAR)) return best;
  return roomy;
}

function asChoice({ tokensPerSecond: _, ...choice }: Candidate): Choice {
  return choice;
}

function runWith(run: Run, { deepspeed }: Way, neat: boolean): Run {
  return { ...run, deepspeed, ...(neat ? { args: { ...run.args, neat_packing: true } } : {}) };
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
function candidatesOf(run: Run, { strategy }: Way, neat: boolean, nodeMemoryBytes: number | undefined): Candidate[] {
  const { model } = run;
  if (model === undefined || run.card === undefined) return [];
  const given = settingsOf(run);
  const shape = shapeOf(run, model, given);
  const schedule = scheduleOf(run);
  const perGpu = given.trainBatch * given.accumulation;
  const evalBatches = given.evaluates && given.evalBatch > 1 ? [given.evalBatch, 1] : [given.evalBatch];
  const longest = longestSequence(run, given);
  return divisors(perGpu, perGpu).map((trainBatch) => {
    const settings: Settings = { ...given, trainBatch, accumulation: perGpu / trainBatch };
    const tried = evalBatches.map((evalBatch) => {
      const need = gpuNeed(run, model, { ...settings, evalBatch, cutoffLen: longest }, shape);
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
      ...(neat ? { neatPacking: true as const } : {}),
      fits: hostFits ? best?.fits : 'does not fit',
      neededBytes: best?.neededBytes ?? 0,
      marginBytes: best?.marginBytes ?? 0,
      longest,
      tokensPerSecond: bounds === undefined ? 0 : expected(bounds),
    };
  });
}
