import { numberOf, textOf } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import { found } from '../../found';
import type { Rule } from '../../rule';
import { atMost, knownSchedule, stepsFix } from '../../steps';

export const rule: Rule = {
  id: 'saves-never-fire',
  severity: Severity.WARNING,
  reason:
    'With more steps between two checkpoints than the run has, the only one is written at the end: a pod that is moved before that has trained for nothing.',
  source: 'transformers: src/transformers/trainer_callback.py, DefaultFlowCallback',
  check(run) {
    if (textOf(run, 'save_strategy') !== 'steps') return [];
    const schedule = knownSchedule(run);
    const last = schedule?.optimizerSteps;
    if (schedule === undefined || last === undefined || last < 2 || schedule.saves.some((step) => step < last))
      return [];
    return [
      found(rule, run, {
        key: 'save_steps',
        message: `the run has ${atMost(schedule)}${last} optimizer steps, so no checkpoint is written before the last`,
        got: run.args['save_steps'] ?? `nothing: every ${numberOf(run, 'save_steps')} steps`,
        allowed: `a share of all steps below 1, or a number below ${last}`,
        fix: stepsFix(run, 'save_steps'),
      }),
    ];
  },
};
