import { numberOf } from '../../llamafactory/effective-arguments';
import type { Run } from '../../run/run';
import { longestSampleAtMost } from '../lengths';
import type { Schedule } from '../schedule';
import type { Settings } from '../settings';
import { say, setting } from './say';
import type { Advice } from './type';

/** What the data say about lengths, passes and the part held back; the bounds are rules of thumb. */
export function dataAdvice(run: Run, settings: Settings, schedule: Schedule): Advice[] {
  return [
    ...cutoffAboveData(run, settings),
    ...fewSteps(run, settings, schedule),
    ...manyEpochs(settings, schedule),
    ...validationSize(run, settings, schedule),
  ];
}

/** A cutoff that no sample reaches costs memory in the plan and nothing in the run: say so. */
export function cutoffAboveData(run: Run, settings: Settings): Advice[] {
  const longest = longestSampleAtMost(run);
  if (longest === undefined || settings.packing) return [];
  const enough = Math.ceil(longest / 64) * 64;
  if (enough > 0.75 * settings.cutoffLen) return [];
  return [
    say(
      'cutoff-above-data',
      `no sample has more than ${longest} tokens, so cutoff_len ${settings.cutoffLen} -> ${enough} cuts nothing and lets the plan count on less memory`,
      setting(run, { cutoff_len: enough }),
    ),
  ];
}

/** Below, the learning rate has hardly warmed up when the run ends. */
const FEW_STEPS = 30;
const ENOUGH_STEPS = 60;

function fewSteps(run: Run, settings: Settings, { optimizerSteps, optimizerStepsPerEpoch }: Schedule): Advice[] {
  if (settings.maxSteps > 0 || optimizerSteps === undefined || optimizerStepsPerEpoch === undefined) return [];
  if (optimizerSteps >= FEW_STEPS) return [];
  const epochs = Math.ceil(ENOUGH_STEPS / optimizerStepsPerEpoch);
  return [
    say(
      'few-steps',
      `the run has ${optimizerSteps} optimizer steps in all, which teaches little: num_train_epochs ${settings.epochs} -> ${epochs} makes ${epochs * optimizerStepsPerEpoch}, or more data`,
      setting(run, { num_train_epochs: epochs }),
    ),
  ];
}

/** With so many samples a few passes are enough; beyond so many passes even small data are learned by heart. */
const MANY_SAMPLES = 5000;
const MANY_EPOCHS = { ofMany: 5, ofFew: 30 };

function manyEpochs(settings: Settings, { trainSamples }: Schedule): Advice[] {
  if (settings.maxSteps > 0 || trainSamples === undefined) return [];
  const most = trainSamples >= MANY_SAMPLES ? MANY_EPOCHS.ofMany : MANY_EPOCHS.ofFew;
  if (settings.epochs <= most) return [];
  return [
    say(
      'many-epochs',
      `${settings.epochs} passes over ${trainSamples} samples: such data are mostly learned in ${most} or fewer, and by heart after that; lower num_train_epochs, or watch the evaluation's loss`,
    ),
  ];
}

/** Fewer samples say nothing, more only take time; beyond a third too little is left to learn from. */
const VALIDATION = { fewest: 10, most: 2000, share: 0.33 };

function validationSize(run: Run, settings: Settings, { trainSamples, evalSamples }: Schedule): Advice[] {
  if (!settings.evaluates || evalSamples === undefined || evalSamples === 0 || trainSamples === undefined) return [];
  const all = trainSamples + evalSamples;
  const held = numberOf(run, 'val_size') > 0;
  if (evalSamples < VALIDATION.fewest) {
    const enough = Math.min(0.2, Math.ceil((100 * 2 * VALIDATION.fewest) / all) / 100);
    const edits = held && enough * all > evalSamples ? setting(run, { val_size: enough }) : [];
    return [
      say('validation-size', `samples to evaluate on: ${evalSamples}, too few for a loss that means something`, edits),
    ];
  }
  if (held && evalSamples > VALIDATION.share * all) {
    return [
      say(
        'validation-size',
        `${evalSamples} of ${all} samples are held back and never learned from: val_size 0.1 is enough`,
        setting(run, { val_size: 0.1 }),
      ),
    ];
  }
  if (evalSamples <= VALIDATION.most) return [];
  const edits = held ? setting(run, { val_size: VALIDATION.most / 2 }) : [];
  return [
    say(
      'validation-size',
      `each evaluation takes ${evalSamples} samples, where ${VALIDATION.most / 2} tell as much`,
      edits,
    ),
  ];
}
