import { adviceFrom, attempts, type Subject, withSpeed } from './attempt';
import { type Change, divisors } from './change';
import type { Advice } from './type';

/** A gain worth a change. */
const WORTHWHILE = 1.15;

/** The quickest way to share the work that fits, at the same effective batch; with shorter sequences if it takes them. */
export function quickerStrategy(subject: Subject): Advice[] {
  const { settings } = subject;
  const attempt = attempts(subject);
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
      .map(attempt)
      .filter((each) => each.memory.fits === 'fits')
      .map(withSpeed(subject))
      .sort((a, b) => (b.speedup ?? 0) - (a.speedup ?? 0));
    const best = tried[0];
    if (best?.speedup !== undefined && best.speedup >= WORTHWHILE) {
      return [adviceFrom('quicker-strategy', subject, best)];
    }
  }
  return [];
}
