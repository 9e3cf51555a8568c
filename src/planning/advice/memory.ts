import type { Settings } from '../settings';
import { adviceFrom, attempts, type Subject, type Tried, withSpeed } from './attempt';
import { type Change, combinations, cost, covers, type Options, optionsOf } from './change';
import type { Advice } from './type';

const WANTED = 4;

/** The smallest changes after which the run fits, best first; one at least without unverified kernels if there is any. */
export function makeItFit(subject: Subject): Advice[] {
  const { settings } = subject;
  const attempt = attempts(subject, 'full');
  const found: Tried[] = [];
  const tight: Tried[] = [];
  for (const { way, detail } of hopeful(optionsOf(settings), attempt, settings)) {
    const change = { ...way, ...detail };
    if (found.some((tried) => covers(change, tried.change))) continue;
    const tried = attempt(change);
    if (tried.memory.fits === 'fits') found.push(tried);
    else if (tried.memory.fits === 'tight') tight.push(tried);
    if (found.length >= WANTED && found.some((each) => each.verified)) break;
  }
  const chosen = found.some((tried) => tried.verified) ? found : [...found, ...tight.slice(0, WANTED)];
  return chosen
    .map(withSpeed(subject))
    .sort((a, b) => rank(a) - rank(b) || (b.speedup ?? 0) - (a.speedup ?? 0))
    .map((tried) => adviceFrom('make-it-fit', subject, tried));
}

/** A change in two parts: strategy, bits and loss, and the rest. */
interface Parted {
  readonly way: Change;
  readonly detail: Change;
  readonly cost: number;
}

/**
 * The combinations worth a try, the cheapest first: strategy, bits and loss, and the rest only where something fits
 * with the most frugal of it, the last of each option.
 */
function hopeful(
  { strategy, bits, liger, ...rest }: Options,
  attempt: (change: Change) => Tried,
  settings: Settings,
): Parted[] {
  const last = Object.entries(rest).flatMap(([key, values]) => values.slice(-1).map((value) => [key, value]));
  const frugal: Change = Object.fromEntries(last.filter(([, value]) => value !== undefined));
  const ways = combinations({ strategy, bits, liger }).filter(
    (way) => attempt({ ...frugal, ...way }).memory.fits !== 'does not fit',
  );
  if (ways.length === 0) return [];
  const details = combinations(rest).map((detail) => ({ detail, cost: cost(detail, settings) }));
  return ways
    .flatMap((way) => {
      const ofWay = cost(way, settings);
      return details.map((each) => ({ way, detail: each.detail, cost: ofWay + each.cost }));
    })
    .filter((each) => each.cost > 0)
    .sort((a, b) => a.cost - b.cost);
}

/** Unverified kernels last, then what changes the result, then what changes the strategy. */
function rank({ change, verified }: Tried): number {
  const result = change.cutoffLen !== undefined || change.bits !== undefined || change.loraRank !== undefined;
  return (verified ? 0 : 100) + (result ? 10 : 0) + (change.strategy === undefined ? 0 : 1);
}
