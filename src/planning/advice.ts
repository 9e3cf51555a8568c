import type { ModelShape } from '../run/model-shape';
import type { Run } from '../run/run';
import type { Subject } from './advice/attempt';
import { dataAdvice } from './advice/data';
import { inputAdvice } from './advice/input';
import { learningAdvice } from './advice/learning';
import { makeItFit } from './advice/memory';
import { quickerAttention, quickerStrategy } from './advice/speed';
import type { Advice } from './advice/type';
import { watchAdvice } from './advice/watch';
import { type Shape, shapeOf, type Verdict } from './memory';
import { type Schedule, scheduleOf } from './schedule';
import { type Settings, settingsOf } from './settings';
import type { Throughput } from './throughput';

export type { Advice } from './advice/type';

/** What was planned already, for advice to go by. */
export interface Planned {
  readonly settings: Settings;
  readonly schedule: Schedule;
  /** Undefined: the model's shape isn't known, and nothing is said of memory. */
  readonly subject?: Subject;
  /** Undefined: no card, or no model is known. */
  readonly fits?: Verdict;
  readonly throughput?: Throughput;
  readonly checkpointBytes?: number;
}

/** What to change about a run, the most pressing first. */
export function adviceOf(run: Run, planned: Planned): Advice[] {
  const { settings, schedule, subject, fits, throughput, checkpointBytes } = planned;
  const fit = subject === undefined || fits === undefined || fits === 'fits' ? [] : makeItFit(subject);
  return [
    ...fit,
    ...(subject !== undefined && fits === 'fits' ? quickerStrategy(subject) : []),
    ...(subject !== undefined && fits !== 'does not fit' ? quickerAttention(subject) : []),
    ...dataAdvice(run, settings, schedule),
    ...learningAdvice(run, settings, schedule),
    ...inputAdvice(run, settings, schedule, checkpointBytes ?? 0, throughput),
    ...watchAdvice(run, settings, schedule),
  ];
}

/** The changes that make a run fit its card; empty if none does. */
export function fittingAdvice(run: Run, model: ModelShape): Advice[] {
  const settings = settingsOf(run);
  const shape: Shape = shapeOf(run, model, settings);
  return makeItFit({ run, model, settings, schedule: scheduleOf(run), shape });
}
