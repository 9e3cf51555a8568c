import { textOf } from '../../llamafactory/effective-arguments';
import { REFUSES_NEAT_PACKING } from '../../llamafactory/parser/train';
import { isIn } from '../../run/releases';
import type { Run } from '../../run/run';
import { takesMathKernel } from '../activations';
import { lengthsOf, longestSampleAtMost, shortest } from '../lengths';
import { longestSequence } from '../memory';
import { type Settings, settingsOf } from '../settings';
import { adviceFrom, attempts, type Subject, type Tried, withSpeed } from './attempt';
import { type Change, divisors } from './change';
import type { Advice } from './type';

/** A gain worth a change. */
const WORTHWHILE = 1.15;

/**
 * The quickest way to share the work, at the same effective batch. Where whole sequences leave little room, the quickest
 * that fits with shorter ones, too.
 */
export function quickerStrategy(subject: Subject): Advice[] {
  const { settings, run } = subject;
  if (settings.strategy === 'ddp') return [];
  const [attempt, timed] = [attempts(subject, 'of the data'), withSpeed(subject)];
  const changes = withoutDeepSpeed(run, settings);
  const advised: Tried[] = [];
  const longest = longestSequence(run, settings);
  for (const share of [1, 0.75, 0.5]) {
    if (share < 1 && longest < settings.cutoffLen) break;
    const shorter = share === 1 ? {} : { cutoffLen: Math.floor((settings.cutoffLen * share) / 64) * 64 };
    const quicker = changes
      .map((change) => attempt({ ...change, ...shorter }))
      .filter(({ memory }) => memory.fits !== 'does not fit')
      .map(timed)
      .filter(isWorthwhile)
      .sort((a, b) => (b.speedup ?? 0) - (a.speedup ?? 0));
    const fitting = quicker.find(({ memory }) => memory.fits === 'fits');
    const best = fitting ?? (share === 1 ? quicker[0] : undefined);
    if (best !== undefined) advised.push(best);
    if (fitting !== undefined) break;
  }
  return advised.map((tried) => adviceFrom('quicker-strategy', subject, tried));
}

/** The ways to do without DeepSpeed: each batch that keeps the effective batch, packed too where that helps. */
function withoutDeepSpeed(run: Run, settings: Settings): Change[] {
  const packs = neatPackingHelps(run, settings) ? [{}, { neatPacking: true } as const] : [{}];
  return divisors(settings.trainBatch * settings.accumulation, 2 * settings.trainBatch).flatMap((batch) =>
    packs.map((packing) => ({
      strategy: 'ddp',
      ...(batch === settings.trainBatch ? {} : { trainBatch: batch }),
      ...(settings.evaluates && settings.evalBatch > batch ? { evalBatch: 1 } : {}),
      ...packing,
    })),
  );
}

function isWorthwhile({ speedup }: Tried): boolean {
  return speedup !== undefined && speedup >= WORTHWHILE;
}

/** Packed samples, where full batches would take the math kernel of attention. */
export function quickerAttention(subject: Subject): Advice[] {
  const { settings, run } = subject;
  if (settings.strategy !== 'ddp' || !neatPackingHelps(run, settings)) return [];
  const tried = withSpeed(subject)(attempts(subject, 'of the data')({ neatPacking: true }));
  return tried.memory.fits !== 'does not fit' && isWorthwhile(tried)
    ? [adviceFrom('neat-packing', subject, tried)]
    : [];
}

/**
 * True if packing with masks gets a run off the math kernel, and samples fill sequences: where they are short, packing
 * would change what a step learns from more than what it costs.
 */
function neatPackingHelps(run: Run, settings: Settings): boolean {
  const longest = longestSampleAtMost(run);
  return (longest === undefined || longest >= settings.cutoffLen) && canPackNeatly(run, settings);
}

/** Supervised fine-tuning alone can pack with masks, and not in releases that refuse it. */
function canPackNeatly(run: Run, settings: Settings): boolean {
  const canPack = textOf(run, 'stage') === 'sft' && !isIn(run.release, REFUSES_NEAT_PACKING);
  return canPack && takesMathKernel(run, settings);
}

/**
 * True if packing with masks gets a run off the math kernel and leaves each sample alone in its sequence, since no two
 * of them fit into one: a step learns from the same samples then.
 */
export function neatPackingChangesNothing(run: Run): boolean {
  const settings = settingsOf(run);
  const lengths = lengthsOf(run);
  if (settings.packing || lengths === undefined || !canPackNeatly(run, settings)) return false;
  const least = shortest(lengths.training.likely) ?? 0;
  // an estimate from bytes may be twice too high
  return (lengths.counted ? 2 * least : least) >= settings.cutoffLen;
}
