import { numberOf, textOf } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import { found } from '../../found';
import type { Rule } from '../../rule';
import { atMost, knownSchedule, stepsFix } from '../../steps';

export const rule: Rule = {
  id: 'evaluations-never-fire',
  severity: Severity.WARNING,
  reason:
    'With more steps between two evaluations than the run has, the only one follows the last step: there is no curve, and nothing to tell when the model began to overfit.',
  source: 'transformers: src/transformers/trainer_callback.py, DefaultFlowCallback',
  check(run) {
    const { args } = run;
    if (args['eval_strategy'] !== 'steps' || numberOf(run, 'eval_delay') > 0) return [];
    const schedule = knownSchedule(run);
    const last = schedule?.optimizerSteps;
    if (schedule === undefined || last === undefined || last < 2) return [];
    if (schedule.evaluations.some((step) => step < last)) return [];
    return [
      found(rule, run, {
        key: 'eval_steps',
        message: `the run has ${atMost(schedule)}${last} optimizer steps, so nothing is evaluated before the last`,
        got: args['eval_steps'] ?? `nothing: \`logging_steps\`, ${textOf(run, 'logging_steps')}`,
        allowed: `a share of all steps below 1, or a number below ${last}`,
        fix: stepsFix(run, 'eval_steps'),
      }),
    ];
  },
};
