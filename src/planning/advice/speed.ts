import type { Run } from '../../run';
import { attentionKernel } from '../activations';
import { longestSampleAtMost } from '../lengths';
import type { Settings } from '../settings';
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
  const { settings } = subject;
  if (settings.strategy === 'ddp') return [];
  const advised: Tried[] = [];
  for (const share of [1, 0.75, 0.5]) {
    const cutoffLen = Math.floor((settings.cutoffLen * share) / 64) * 64;
    const tried = withoutDeepSpeed(subject, share === 1 ? {} : { cutoffLen });
    const fitting = tried.find(({ memory }) => memory.fits === 'fits');
    const best = fitting ?? (share === 1 ? tried.find(({ memory }) => memory.fits === 'tight') : undefined);
    if (best !== undefined) advised.push(best);
    if (fitting !== undefined) break;
  }
  return advised.map((tried) => adviceFrom('quicker-strategy', subject, tried));
}

/** Worthwhile changes to DDP, the quickest first. */
function withoutDeepSpeed(subject: Subject, shorter: Change): Tried[] {
  const { settings, run } = subject;
  const packs = neatPackingHelps(run, settings) ? [{}, { neatPacking: true } as const] : [{}];
  return divisors(settings.trainBatch * settings.accumulation, 2 * settings.trainBatch)
    .flatMap((batch): Change[] =>
      packs.map((packing) => ({
        strategy: 'ddp',
        ...(batch === settings.trainBatch ? {} : { trainBatch: batch }),
        ...(settings.evaluates && settings.evalBatch > batch ? { evalBatch: 1 } : {}),
        ...packing,
        ...shorter,
      })),
    )
    .map(attempts(subject))
    .map(withSpeed(subject))
    .filter(({ speedup }) => speedup !== undefined && speedup >= WORTHWHILE)
    .sort((a, b) => (b.speedup ?? 0) - (a.speedup ?? 0));
}

/** Packed samples, where full batches would take the math kernel of attention. */
export function quickerAttention(subject: Subject): Advice[] {
  const { settings, run } = subject;
  if (settings.strategy !== 'ddp' || !neatPackingHelps(run, settings)) return [];
  const tried = withSpeed(subject)(attempts(subject)({ neatPacking: true }));
  const worth = tried.memory.fits !== 'does not fit' && (tried.speedup ?? 0) >= WORTHWHILE;
  return worth ? [adviceFrom('neat-packing', subject, tried)] : [];
}

/**
 * True if packing with masks gets a run off the math kernel: supervised fine-tuning alone can pack so, and not in 0.9.4,
 * which refuses it with its own transformers. Where no sample fills a sequence, packing would change what a step learns
 * from more than what it costs.
 */
function neatPackingHelps(run: Run, settings: Settings): boolean {
  const longest = longestSampleAtMost(run);
  if (longest !== undefined && longest < settings.cutoffLen) return false;
  const supervised = (run.args['stage'] ?? 'sft') === 'sft' && run.release !== '0.9.4';
  const math = settings.flashAttention !== 'disabled' && attentionKernel(run, settings, false) === 'math';
  return supervised && !settings.neatPacking && math;
}
