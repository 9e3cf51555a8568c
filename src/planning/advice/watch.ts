import type { Run } from '../../run/run';
import type { Schedule } from '../schedule';
import type { Settings } from '../settings';
import { say, setting } from './say';
import type { Advice } from './type';

/** What of a run can be seen, and what is left of it when it ends early. */
export function watchAdvice(run: Run, settings: Settings, schedule: Schedule): Advice[] {
  return [...saveOnTheWay(run, schedule), ...noEvaluation(run, settings, schedule), ...loggingInterval(run, schedule)];
}

/** A run that only saves at its end loses everything to a pod that ends before. */
function saveOnTheWay(run: Run, schedule: Schedule): Advice[] {
  const steps = schedule.optimizerSteps;
  if (steps === undefined || steps < 20 || schedule.saves.some((step) => step < steps)) return [];
  return [
    say(
      'save-on-the-way',
      `the first checkpoint comes after the last of ${steps} steps: save_steps 0.1 saves ten times on the way`,
      setting(run, { save_steps: 0.1 }),
    ),
  ];
}

/** Samples of which a tenth can be spared. */
const ENOUGH_TO_SPLIT = 100;

function noEvaluation(run: Run, settings: Settings, { trainSamples, optimizerSteps }: Schedule): Advice[] {
  if (settings.evaluates || settings.streaming || (trainSamples ?? 0) < ENOUGH_TO_SPLIT) return [];
  if (optimizerSteps === undefined || optimizerSteps < 20) return [];
  const held = run.datasets.some(({ evaluation }) => evaluation === true) ? {} : { val_size: 0.1 };
  return [
    say(
      'no-evaluation',
      'the run never evaluates, so nothing tells when the model begins to learn by heart: evaluate at each tenth of the steps, on a tenth of the data or on data of their own',
      setting(run, { ...held, eval_strategy: 'steps', eval_steps: 0.1 }),
    ),
  ];
}

/** Points that make a curve. */
const CURVE = 10;

function loggingInterval(run: Run, { logs, optimizerSteps }: Schedule): Advice[] {
  if (optimizerSteps === undefined || optimizerSteps < 5 * CURVE || logs.length >= CURVE) return [];
  const interval = Math.max(1, Math.floor(optimizerSteps / (5 * CURVE)));
  return [
    say(
      'logging-interval',
      `the loss is logged ${logs.length} times in ${optimizerSteps} steps, too seldom for a curve: logging_steps ${interval}`,
      setting(run, { logging_strategy: 'steps', logging_steps: interval }),
    ),
  ];
}
