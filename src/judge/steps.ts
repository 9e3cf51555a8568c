import { isOn, numberOf } from '../llamafactory/effective-arguments';
import { type Schedule, scheduleOf } from '../planning/schedule';
import type { Edit } from '../run/finding';
import type { Run } from '../run/run';
import { setArgument } from './found';

const schedules = new WeakMap<Run, Schedule>();

/**
 * The schedule of a run, with `max_samples` for the rows of data that isn't at hand: steps are an upper bound then.
 * Undefined if nothing bounds them.
 */
export function knownSchedule(run: Run): Schedule | undefined {
  let schedule = schedules.get(run);
  if (schedule === undefined) {
    const most = numberOf(run, 'max_samples', 0);
    schedule = scheduleOf(run, most > 0 ? most : undefined);
    schedules.set(run, schedule);
  }
  return schedule.optimizerSteps === undefined ? undefined : bounded(run, schedule);
}

/** The words before a number of steps that is a bound. */
export function atMost(schedule: Schedule): string {
  return schedule.exact ? '' : 'at most ';
}

/** Ten times in a run; with `load_best_model_at_end` saves and evaluations must keep step. */
export function stepsFix(run: Run, key: 'save_steps' | 'eval_steps'): readonly Edit[] {
  const keys = isOn(run, 'load_best_model_at_end') ? ['eval_steps', 'save_steps'] : [key];
  return keys.map((each) => setArgument(run, each, 0.1));
}

function bounded(run: Run, schedule: Schedule): Schedule {
  const atHand = run.datasets.length > 0 && run.datasets.every(({ rows }) => rows !== undefined);
  const counted = atHand || numberOf(run, 'max_steps') > 0;
  return counted ? schedule : { ...schedule, exact: false };
}
