import { isOn } from '../../llamafactory/effective-arguments';
import type { Run } from '../../run/run';
import type { Schedule } from '../schedule';
import { type Settings, section } from '../settings';
import type { Throughput } from '../throughput';
import { say, setting } from './say';
import type { Advice } from './type';

/** CPU cores a pod asks for by default, for each GPU. */
export const CPUS_A_GPU = 4;

/** What may hold the GPUs up: kernels and exchange that are off, reading and tokenising, and writing checkpoints. */
export function inputAdvice(
  run: Run,
  settings: Settings,
  schedule: Schedule,
  checkpointBytes: number,
  throughput: Throughput | undefined,
): Advice[] {
  return [
    ...attentionDisabled(run, settings),
    ...overlapCommunication(run, settings),
    ...slowTokenizer(run),
    ...preprocessingWorkers(run, settings, schedule),
    ...workersAboveCpus(run, settings),
    ...streamingWithoutWorkers(run, settings),
    ...checkpointWrites(run, schedule, checkpointBytes, throughput),
  ];
}

function attentionDisabled(run: Run, settings: Settings): Advice[] {
  if (settings.flashAttention !== 'disabled') return [];
  return [
    say(
      'attention-disabled',
      "flash_attn disabled keeps every score in memory and is the slowest: auto takes torch's own kernels, flash where the card has them",
      setting(run, { flash_attn: 'auto' }),
    ),
  ];
}

function overlapCommunication(run: Run, settings: Settings): Advice[] {
  const { deepspeed } = run;
  if (deepspeed === undefined || settings.worldSize === 1 || settings.strategy === 'ddp') return [];
  if (section(deepspeed.config, 'zero_optimization')['overlap_comm'] !== false) return [];
  const [edit] = setting(run, { 'zero_optimization.overlap_comm': true });
  return [
    say(
      'overlap-communication',
      'overlap_comm false lets the GPUs wait for each exchange: true hides it behind the computing, for one more bucket of memory',
      edit === undefined ? [] : [{ ...edit, file: deepspeed.file }],
    ),
  ];
}

function slowTokenizer(run: Run): Advice[] {
  if (run.args['use_fast_tokenizer'] !== false) return [];
  return [
    say(
      'slow-tokenizer',
      'use_fast_tokenizer false tokenises in Python, several times slower',
      setting(run, { use_fast_tokenizer: true }),
    ),
  ];
}

/** Whole cores of the pod, one at least. */
function cpusOf(run: Run, settings: Settings): number {
  return Math.max(1, Math.floor(run.cpus ?? CPUS_A_GPU * settings.gpusPerNode));
}

/** Samples that one process tokenises in a minute or so. */
const MANY_SAMPLES = 20_000;

function preprocessingWorkers(run: Run, settings: Settings, { trainSamples }: Schedule): Advice[] {
  if (trainSamples === undefined || trainSamples < MANY_SAMPLES || settings.streaming) return [];
  if (settings.preprocessingWorkers > 1) return [];
  const workers = Math.min(cpusOf(run, settings), 16);
  if (workers <= 1) return [];
  return [
    say(
      'preprocessing-workers',
      `one process tokenises ${trainSamples} samples while the GPUs wait: preprocessing_num_workers ${workers}`,
      setting(run, { preprocessing_num_workers: workers }),
    ),
  ];
}

function workersAboveCpus(run: Run, settings: Settings): Advice[] {
  const cpus = cpusOf(run, settings);
  const loaders = settings.dataloaderWorkers * settings.gpusPerNode;
  const result: Advice[] = [];
  if (settings.preprocessingWorkers > cpus) {
    result.push(
      say(
        'workers-above-cpus',
        `preprocessing_num_workers ${settings.preprocessingWorkers} -> ${cpus}: the pod has ${cpus} CPU cores, and more workers only take memory`,
        setting(run, { preprocessing_num_workers: cpus }),
      ),
    );
  }
  if (loaders > cpus) {
    const each = Math.floor(cpus / settings.gpusPerNode);
    result.push(
      say(
        'workers-above-cpus',
        `dataloader_num_workers ${settings.dataloaderWorkers} -> ${each}: ${loaders} of them on ${settings.gpusPerNode} GPUs share ${cpus} CPU cores`,
        setting(run, { dataloader_num_workers: each }),
      ),
    );
  }
  return result;
}

function streamingWithoutWorkers(run: Run, settings: Settings): Advice[] {
  if (!settings.streaming || settings.dataloaderWorkers > 0) return [];
  return [
    say(
      'streaming-without-workers',
      'streaming reads and tokenises between the steps: dataloader_num_workers 2 does it beside them',
      setting(run, { dataloader_num_workers: 2 }),
    ),
  ];
}

/** What slow storage writes in a second, and the share of a run that writing may take. */
const SLOW_STORAGE = 100e6;
const WRITING = 0.1;

function checkpointWrites(
  run: Run,
  schedule: Schedule,
  checkpointBytes: number,
  throughput: Throughput | undefined,
): Advice[] {
  const seconds = throughput?.seconds?.most;
  const writing = (schedule.saves.length * checkpointBytes) / SLOW_STORAGE;
  if (seconds === undefined || writing <= WRITING * seconds) return [];
  const share = Math.round((100 * writing) / seconds);
  const less = isOn(run, 'save_only_model') ? '' : ', or save_only_model if nobody will resume';
  return [
    say(
      'checkpoint-writes',
      `${schedule.saves.length} checkpoints of ${(checkpointBytes / 1e9).toFixed(1)} GB take ${share} % of the run where storage writes 100 MB a second: save_steps 0.1 writes ten${less}, or a faster StorageClass`,
      schedule.saves.length > 10 ? setting(run, { save_strategy: 'steps', save_steps: 0.1 }) : [],
    ),
  ];
}
