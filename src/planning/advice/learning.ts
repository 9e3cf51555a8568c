import { isOn, numberOf, textOf } from '../../llamafactory/effective-arguments';
import type { Run } from '../../run/run';
import type { Schedule } from '../schedule';
import type { Settings } from '../settings';
import { say, setting } from './say';
import type { Advice } from './type';

/** Learning rate, batch and LoRA: what makes a loss converge or not. The bounds are rules of thumb. */
export function learningAdvice(run: Run, settings: Settings, schedule: Schedule): Advice[] {
  return [
    ...learningRate(run, settings),
    ...constantRate(run),
    ...warmUp(run, schedule),
    ...effectiveBatch(run, settings, schedule),
    ...loraScaling(run, settings),
    ...loraDropout(run, settings, schedule),
  ];
}

/** Between which a learning rate of AdamW mostly works in supervised fine-tuning. */
const RATES = { lora: { least: 1e-5, most: 1e-3, usual: 1e-4 }, all: { least: 1e-6, most: 1e-4, usual: 1e-5 } };

function learningRate(run: Run, settings: Settings): Advice[] {
  if (!['sft', 'pt'].includes(textOf(run, 'stage'))) return [];
  const rate = numberOf(run, 'learning_rate');
  const adapter = settings.finetuning === 'lora' || settings.finetuning === 'oft';
  const { least, most, usual } = adapter ? RATES.lora : RATES.all;
  if (rate <= 0 || (rate >= least && rate <= most)) return [];
  const what = rate < least ? 'the loss hardly falls' : 'the loss may jump or become NaN';
  return [
    say(
      'learning-rate',
      `learning_rate ${rate} with finetuning_type ${settings.finetuning}: ${what}; ${least} to ${most} mostly works, ${usual} to begin with`,
      setting(run, { learning_rate: usual }),
    ),
  ];
}

function constantRate(run: Run): Advice[] {
  if (run.args['lr_scheduler_type'] !== 'constant') return [];
  return [
    say(
      'constant-learning-rate',
      'lr_scheduler_type constant never lowers the learning rate: cosine lets the loss settle at the end',
      setting(run, { lr_scheduler_type: 'cosine' }),
    ),
  ];
}

function warmUp(run: Run, { optimizerSteps, warmupSteps }: Schedule): Advice[] {
  if (optimizerSteps === undefined || optimizerSteps < 50 || warmupSteps !== 0) return [];
  return [
    say(
      'no-warm-up',
      'the first steps take the full learning rate: warmup_ratio 0.1 raises it slowly',
      setting(run, { warmup_ratio: 0.1 }),
    ),
  ];
}

/** Optimizer steps an epoch and samples a step that leave the gradient something to go by. */
const STEPS_AN_EPOCH = 4;
const SMALL_BATCH = 4;
const USUAL_BATCH = 16;

function effectiveBatch(run: Run, settings: Settings, schedule: Schedule): Advice[] {
  const { effectiveBatch: batch, trainSamples, optimizerStepsPerEpoch: steps } = schedule;
  const once = settings.trainBatch * settings.worldSize;
  if (batch < SMALL_BATCH) {
    const accumulation = Math.ceil(USUAL_BATCH / once);
    return [
      say(
        'effective-batch',
        `each step sees ${batch} samples, and its gradient is mostly noise: gradient_accumulation_steps ${settings.accumulation} -> ${accumulation} makes ${once * accumulation} and takes no memory; raise learning_rate with it`,
        setting(run, { gradient_accumulation_steps: accumulation }),
      ),
    ];
  }
  if (trainSamples === undefined || steps === undefined || steps >= STEPS_AN_EPOCH) return [];
  if (settings.accumulation === 1 || trainSamples < 2 * once) return [];
  const accumulation = Math.max(1, Math.floor(trainSamples / STEPS_AN_EPOCH / once));
  if (accumulation >= settings.accumulation) return [];
  return [
    say(
      'effective-batch',
      `${batch} samples a step leave ${steps} steps an epoch of ${trainSamples} samples: gradient_accumulation_steps ${settings.accumulation} -> ${accumulation} makes more of them; lower learning_rate with it`,
      setting(run, { gradient_accumulation_steps: accumulation }),
    ),
  ];
}

/** What an adapter's output is multiplied by. */
const SCALING = { least: 0.5, most: 8 };

function loraScaling(run: Run, settings: Settings): Advice[] {
  if (settings.finetuning !== 'lora') return [];
  const alpha = numberOf(run, 'lora_alpha', 0) || 2 * settings.loraRank;
  const stable = isOn(run, 'use_rslora');
  const scaling = alpha / (stable ? Math.sqrt(settings.loraRank) : settings.loraRank);
  if (scaling >= SCALING.least && scaling <= SCALING.most) return [];
  const usual = stable ? Math.round(2 * Math.sqrt(settings.loraRank)) : 2 * settings.loraRank;
  return [
    say(
      'lora-scaling',
      `lora_alpha ${alpha} at lora_rank ${settings.loraRank} multiplies what the adapter adds by ${Number(scaling.toPrecision(2))}: ${scaling < 1 ? 'it learns slowly' : 'the loss may jump'}; lora_alpha ${usual} multiplies it by 2`,
      setting(run, { lora_alpha: usual }),
    ),
  ];
}

/** Many passes over few samples: what dropout is for. */
const REPEATED = { epochs: 10, samples: 2000 };
const MUCH_DROPOUT = 0.3;

function loraDropout(run: Run, settings: Settings, { trainSamples }: Schedule): Advice[] {
  if (settings.finetuning !== 'lora') return [];
  const to = (message: string) => [say('lora-dropout', message, setting(run, { lora_dropout: 0.1 }))];
  if (settings.loraDropout > MUCH_DROPOUT) {
    return to(`lora_dropout ${settings.loraDropout} drops much of what the adapter sees, and it learns slowly: 0.1`);
  }
  const repeats = settings.maxSteps <= 0 && settings.epochs >= REPEATED.epochs;
  if (settings.loraDropout > 0 || !repeats || trainSamples === undefined || trainSamples > REPEATED.samples) return [];
  return to(`${settings.epochs} passes over ${trainSamples} samples without lora_dropout are learned by heart: 0.1`);
}
