import type { ModelShape } from '../../run/model-shape';
import type { Run } from '../../run/run';
import { type GpuNeed, gpuNeed, longestSequence, type Shape, shapeOf } from '../memory';
import type { Schedule } from '../schedule';
import { type Settings, settingsOf } from '../settings';
import { expected, throughputOf } from '../throughput';
import { type Change, changed, editsOf, isVerified, needsOf, words } from './change';
import type { Advice } from './type';

/** A run that advice is sought for. */
export interface Subject {
  readonly run: Run;
  readonly model: ModelShape;
  readonly settings: Settings;
  readonly schedule: Schedule;
  readonly shape: Shape;
}

/** A change and what comes of it. */
export interface Tried {
  readonly change: Change;
  /** Tokens of the longest sequence that was planned with. */
  readonly longest: number;
  readonly memory: GpuNeed;
  readonly verified: boolean;
  readonly after: Subject;
  /** Tokens a second after it, over before; undefined: not known. */
  readonly speedup?: number;
}

/**
 * Tries changes of one run: what depends on the model alone is reckoned once for all of them.
 *
 * @param sequences how long the sequences are that must fit: the longest of the data, or full ones
 */
export function attempts(subject: Subject, sequences: 'of the data' | 'full'): (change: Change) => Tried {
  const { run, model, settings } = subject;
  const shapes = new Map<string, Shape>();
  return (change) => {
    const then = changed(run, change, settings);
    const after = settingsOf(then);
    const key = `${after.bits} ${after.loraRank}`;
    const shape = shapes.get(key) ?? shapeOf(then, model, after);
    shapes.set(key, shape);
    const longest = sequences === 'full' ? after.cutoffLen : longestSequence(then, after);
    return {
      change,
      longest,
      memory: gpuNeed(then, model, longest === after.cutoffLen ? after : { ...after, cutoffLen: longest }, shape),
      verified: isVerified(run, change),
      after: { ...subject, run: then, settings: after, shape },
    };
  };
}

/** Tokens a second as one number: between the bounds, each counted alike. */
export function speed({ run, model, settings, schedule, shape }: Subject): number | undefined {
  const bounds = throughputOf(run, model, schedule, settings, shape)?.tokensPerSecond;
  const tokens = bounds === undefined ? 0 : expected(bounds);
  return tokens > 0 && Number.isFinite(tokens) ? tokens : undefined;
}

/** Adds its speed to what was tried. */
export function withSpeed(subject: Subject): (tried: Tried) => Tried {
  const before = speed(subject);
  return (tried) => {
    const then = speed(tried.after);
    return before === undefined || then === undefined ? tried : { ...tried, speedup: then / before };
  };
}

/** What was tried, as advice. */
export function adviceFrom(id: string, { run, settings }: Subject, tried: Tried): Advice {
  const { change, memory, verified, speedup } = tried;
  const needs = needsOf(run, change);
  const margin = memory.marginBytes ?? 0;
  const share = Math.round((100 * margin) / Math.max(memory.usableBytes ?? 1, 1));
  const notes = [
    `${memory.fits}, margin ${share} %${tried.longest < tried.after.settings.cutoffLen ? ` with the data's longest sequences, of ${tried.longest} tokens at most` : ''}`,
    ...(speedup === undefined ? [] : [`about ${speedup.toFixed(1)} times the tokens a second`]),
    ...(needs.length > 0 ? [`the image needs ${needs.join(' and ')}`] : []),
    ...(verified ? [] : [`nobody has verified these kernels on a ${run.card?.name}`]),
  ];
  return {
    id,
    message: `${words(change, settings)}: ${notes.join('; ')}`,
    edits: editsOf(run, change, settings),
    verified,
    ...(needs.length > 0 ? { needs } : {}),
    stepReservedBytes: memory.stepReservedBytes,
    marginBytes: margin,
    ...(speedup === undefined ? {} : { speedup }),
  };
}
