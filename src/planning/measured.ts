import { isMapping } from '../run/run';
import type { Schedule } from './schedule';
import type { Bounds, Throughput } from './throughput';

/** What a run's trainer_log.jsonl says of its time. */
export interface Measured {
  /** Steps done, of how many. */
  readonly steps: number;
  readonly totalSteps: number;
  /** Seconds a step, from the first line of the log on: what warms up is before it. Undefined: the log has one line. */
  readonly secondsPerStep?: number;
  /** Seconds since training began, evaluations included. */
  readonly seconds: number;
}

/** One line of the log that tells the time. */
interface Line {
  readonly step: number;
  readonly total: number;
  readonly seconds: number;
}

/** Reads a trainer_log.jsonl; undefined: no line of it tells steps and time. Source: llamafactory/train/callbacks.py, LogCallback. */
export function measuredIn(log: string): Measured | undefined {
  const lines = log.split('\n').flatMap((line) => lineIn(line) ?? []);
  // a run that is resumed goes on writing, and counts its time anew
  const starts = lines.flatMap((line, i) => (i > 0 && line.seconds < (lines[i - 1]?.seconds ?? 0) ? [i] : []));
  const [first, ...others] = lines.slice(starts.at(-1) ?? 0);
  const last = others.at(-1) ?? first;
  if (first === undefined || last === undefined) return undefined;
  const steps = last.step - first.step;
  return {
    steps: last.step,
    totalSteps: last.total,
    ...(steps > 0 ? { secondsPerStep: (last.seconds - first.seconds) / steps } : {}),
    seconds: last.seconds,
  };
}

function lineIn(text: string): Line | undefined {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isMapping(line)) return undefined;
  const { current_steps: step, total_steps: total, elapsed_time: elapsed } = line;
  const seconds = typeof elapsed === 'string' ? secondsIn(elapsed) : undefined;
  return typeof step === 'number' && typeof total === 'number' && seconds !== undefined
    ? { step, total, seconds }
    : undefined;
}

/** Python's text of a timedelta: `0:03:20`, `1 day, 2:00:01`. */
function secondsIn(elapsed: string): number | undefined {
  const parts = /^(?:(\d+) days?, )?(\d+):(\d\d):(\d\d)$/.exec(elapsed);
  if (parts === null) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

/** What was measured beside what was planned, in words. */
export function measuredLines(measured: Measured, schedule: Schedule, throughput: Throughput | undefined): string[] {
  const { steps, totalSteps, secondsPerStep, seconds } = measured;
  const planned = schedule.optimizerSteps;
  const same = planned === undefined ? 'not planned' : planned === totalSteps ? 'as planned' : `planned ${planned}`;
  const ended = steps >= totalSteps;
  return [
    'measured',
    `  steps        ${steps} of ${totalSteps}, ${same}`,
    ...(secondsPerStep === undefined
      ? []
      : [`  a step       ${rounded(secondsPerStep)} s, ${judged(secondsPerStep, throughput?.secondsPerStep)}`]),
    `  so far       ${rounded(seconds)} s${ended ? `, ${judged(seconds, throughput?.seconds)}` : ''}`,
  ];
}

function judged(seconds: number, bounds: Bounds | undefined): string {
  if (bounds === undefined) return 'not planned';
  const planned = `planned ${rounded(bounds.least)} to ${rounded(bounds.most)} s`;
  if (seconds > bounds.most) return `${planned}: ${(seconds / bounds.most).toFixed(1)} times the most`;
  return seconds < bounds.least
    ? `${planned}: ${(bounds.least / seconds).toFixed(1)} times quicker than the least`
    : `${planned}: within`;
}

function rounded(seconds: number): string {
  return seconds < 100 ? String(Number(seconds.toPrecision(3))) : String(Math.round(seconds));
}
