import type { Run } from '../run/run';
import { type Advice, adviceOf } from './advice';
import { type HostNeeds, hostNeeds } from './host';
import { type GpuMemory, gpuMemory, gpuMemoryForData, shapeOf } from './memory';
import { type Schedule, scheduleOf } from './schedule';
import { settingsOf } from './settings';
import { type Bounds, type Speed, type Throughput, throughputOf } from './throughput';

/** What a run does, what it takes and what would be better: the object behind `cdk8s-llamafactory plan`. */
export interface Plan {
  readonly schedule: Schedule;
  /** Undefined: the model's shape isn't known. */
  readonly memory?: PlannedMemory;
  /** Undefined: the card's or the model's numbers aren't known. */
  readonly throughput?: Throughput;
  readonly advice: readonly Advice[];
}

/** GPU, host and disk, in bytes. */
export interface PlannedMemory {
  /** The worst batch: every sequence has cutoff_len tokens. */
  readonly gpu: GpuMemory;
  /** The longest batch the data can make; undefined: the data isn't at hand, or it reaches cutoff_len. */
  readonly gpuForData?: GpuMemory;
  readonly host: Pick<HostNeeds, 'perRankBytes' | 'podBytes' | 'parts'>;
  readonly shmBytes: number;
  /** What the output directory takes. */
  readonly diskBytes: number;
  readonly checkpointBytes: number;
  readonly ephemeralBytes: number;
  readonly modelBytes: number;
}

/** What only the caller knows. */
export interface PlanOptions {
  /**
   * Rows of each data set whose file isn't at hand.
   * @default - unknown: no schedule without max_steps
   */
  readonly samples?: number;
}

/** Plans a run. Pure: the same run gives the same plan. */
export function plan(run: Run, options: PlanOptions = {}): Plan {
  const { advice, host: _, ...numbers } = planNumbers(run, options);
  return { ...numbers, advice: advice() };
}

/** A plan whose advice is sought when it is asked for: it costs more than all the numbers. */
export interface PlanNumbers extends Omit<Plan, 'advice'> {
  readonly advice: () => readonly Advice[];
  /** What the pod needs beside its GPUs, also where the model isn't known. */
  readonly host: HostNeeds;
}

/** The numbers of a plan. */
export function planNumbers(run: Run, options: PlanOptions = {}): PlanNumbers {
  const settings = settingsOf(run);
  const schedule = scheduleOf(run, options.samples);
  const model = run.model;
  if (model === undefined) {
    const host = hostNeeds(run, model, schedule, settings);
    return { schedule, host, advice: () => adviceOf(run, { settings, schedule }) };
  }
  const shape = shapeOf(run, model, settings);
  const gpu = gpuMemory(run, model, settings, shape);
  const forData = gpuMemoryForData(run, model, settings, shape);
  const host = hostNeeds(run, model, schedule, settings, shape);
  const throughput = throughputOf(run, model, schedule, settings, shape);
  return {
    schedule,
    memory: {
      gpu,
      ...(forData === undefined ? {} : { gpuForData: forData }),
      host: { perRankBytes: host.perRankBytes, podBytes: host.podBytes, parts: host.parts },
      shmBytes: host.shmBytes,
      diskBytes: host.outputBytes,
      checkpointBytes: host.checkpointBytes,
      ephemeralBytes: host.ephemeralBytes,
      modelBytes: host.modelBytes,
    },
    throughput,
    host,
    advice: () =>
      adviceOf(run, {
        settings,
        schedule,
        subject: { run, model, settings, schedule, shape },
        fits: forData?.fits === 'fits' ? 'fits' : gpu.fits,
        throughput,
        checkpointBytes: host.checkpointBytes,
      }),
  };
}

const LABELS: Readonly<Record<string, string>> = {
  weights: 'weights',
  quantisationScales: 'quantisation scales',
  trainable: 'trained weights',
  gradients: 'gradients',
  optimizer: 'optimizer',
  buckets: 'gradient buckets',
  gatheredWeights: 'gathered weights',
  workspace: 'cuBLAS workspace',
  masks: 'attention masks',
  checkpoints: 'checkpoints',
  activations: 'activations',
  loss: 'logits and loss',
  layer: 'one block again',
};

const WIDTH = 40;

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e9 ? 2 : 1)} GB`;
}

/** Seconds in the unit a person would use. */
function time(seconds: number): string {
  if (seconds < 120) return `${seconds < 10 ? Number(seconds.toPrecision(2)) : Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function list(steps: readonly number[]): string {
  if (steps.length === 0) return 'never';
  return steps.length <= 8 ? `after ${steps.join(', ')}` : `after ${steps.slice(0, 3).join(', ')} ... ${steps.at(-1)}`;
}

function scheduleLines(schedule: Schedule): string[] {
  const lines = [`schedule${schedule.exact ? '' : ' (not exact)'}`];
  if (schedule.trainSamples !== undefined) {
    lines.push(
      `  samples      ${schedule.trainSamples} to train on, ${schedule.evalSamples ?? 'unknown'} to evaluate on`,
    );
  }
  if (schedule.trainSequences !== undefined) {
    const most = schedule.exact ? '' : 'at most ';
    lines.push(
      `  packed       into ${most}${schedule.trainSequences} sequences, ${schedule.evalSequences ?? 0} to evaluate on`,
    );
  }
  lines.push(`  batch        ${schedule.effectiveBatch} samples a step over all GPUs`);
  if (schedule.optimizerSteps === undefined) return [...lines, '  steps        unknown: give the number of samples'];
  const perEpoch = schedule.optimizerStepsPerEpoch;
  return [
    ...lines,
    `  steps        ${schedule.optimizerSteps}${perEpoch === undefined ? '' : `, ${perEpoch} an epoch`}, ${schedule.warmupSteps} of warm-up`,
    `  saves        ${list(schedule.saves)}`,
    `  evaluates    ${list(schedule.evaluations)}${schedule.finalEvaluation ? ', and at the end' : ''}`,
  ];
}

function bar(bytes: number, of: number): string {
  return '#'.repeat(Math.max(bytes > 0 ? 1 : 0, Math.round((WIDTH * bytes) / of)));
}

function gpuLines(memory: PlannedMemory, card: string | undefined): string[] {
  const { gpu, gpuForData } = memory;
  const moment = gpu.peakAt === 'loss' ? 'at the loss' : 'while a block is computed again';
  const lines = [`GPU memory of a rank, step peak ${moment}`];
  for (const [name, bytes] of Object.entries(gpu.parts)) {
    if (bytes < 1e6) continue;
    const label = (LABELS[name] ?? name).padEnd(20);
    lines.push(
      `  ${label}${gigabytes(bytes).padStart(8)}  ${bar(bytes, Math.max(gpu.usableBytes ?? 0, gpu.stepAllocatedBytes))}`,
    );
  }
  const peak = (label: string, bytes: number) => `  ${label.padEnd(20)}${gigabytes(bytes).padStart(8)}`;
  lines.push(peak('step peak', gpu.stepAllocatedBytes), peak('load peak', gpu.loadBytes));
  if (gpu.evaluationAllocatedBytes > 0) lines.push(peak('evaluation peak', gpu.evaluationAllocatedBytes));
  lines.push(`${peak('needed', gpu.stepReservedBytes)}  decided by the ${gpu.decidedBy}, fragmentation counted`);
  if (gpu.usableBytes !== undefined && gpu.marginBytes !== undefined) {
    const share = ((100 * gpu.marginBytes) / gpu.usableBytes).toFixed(0);
    lines.push(
      `${peak('usable', gpu.usableBytes)}  ${card} less ${gigabytes(gpu.contextBytes)} of context`,
      `  verdict: ${gpu.fits}, margin ${gigabytes(gpu.marginBytes)} (${share} %)`,
    );
  }
  if (gpuForData?.fits !== undefined) {
    const margin = gpuForData.marginBytes === undefined ? '' : `, margin ${gigabytes(gpuForData.marginBytes)}`;
    lines.push(
      `  for the longest sample of the data: ${gigabytes(gpuForData.stepReservedBytes)} needed, ${gpuForData.fits}${margin}`,
    );
  }
  return lines;
}

function hostLines(memory: PlannedMemory): string[] {
  return [
    'host',
    `  memory       ${gigabytes(memory.host.perRankBytes)} a rank, ${gigabytes(memory.host.podBytes)} a pod`,
    `  /dev/shm     ${gigabytes(memory.shmBytes)}`,
    `  disk         ${gigabytes(memory.ephemeralBytes)} on the node`,
    `  output       ${gigabytes(memory.diskBytes)}, a checkpoint ${gigabytes(memory.checkpointBytes)}`,
    `  model        ${gigabytes(memory.modelBytes)}`,
  ];
}

function throughputLines(throughput: Throughput): string[] {
  const { tokensPerSecond: tokens, secondsPerStep: step, seconds, fullSequences, sampleTokens } = throughput;
  const lines = [
    'speed',
    `  tokens       ${Math.round(tokens.least)} to ${Math.round(tokens.most)} a second over all GPUs`,
    `  a step       ${between(step)}`,
  ];
  if (seconds !== undefined) lines.push(`  duration     ${between(seconds)}, loading not counted`);
  if (sampleTokens !== undefined) lines.push(`  worst case   ${worstCase(fullSequences)}`);
  return [...lines, ...throughput.assumptions.map((assumption) => `  assumes      ${assumption}`)];
}

function between({ least, most }: Bounds): string {
  return `${time(least)} to ${time(most)}`;
}

function worstCase({ secondsPerStep, seconds }: Speed): string {
  const whole = seconds === undefined ? '' : `, ${between(seconds)} in all`;
  return `${between(secondsPerStep)} a step${whole}, if every sequence had cutoff_len tokens`;
}

/**
 * The plan in one line: what a Job carries for whoever looks at it.
 *
 * @param chosen why the batch was chosen, if it was
 */
export function planSummary(run: Run, { schedule, memory, throughput }: Omit<Plan, 'advice'>, chosen?: string): string {
  const settings = settingsOf(run);
  const steps = schedule.optimizerSteps;
  const seconds = throughput?.seconds;
  return [
    steps === undefined ? 'steps unknown' : `${schedule.exact ? '' : 'at most '}${steps} steps`,
    ...(seconds === undefined ? [] : [`${time(seconds.least)} to ${time(seconds.most)}`]),
    ...(memory === undefined
      ? ["memory unknown, as is the model's shape"]
      : [gpuSummary(memory), `host ${gigabytes(memory.host.podBytes)}`]),
    `${settings.strategy} ${settings.trainBatch} x ${settings.cutoffLen} tokens, accumulation ${settings.accumulation}, effective batch ${schedule.effectiveBatch}`,
    ...(chosen === undefined ? [] : [chosen]),
  ].join('; ');
}

function gpuSummary({ gpu, gpuForData }: PlannedMemory): string {
  const needed = `step peak ${gigabytes(gpu.stepReservedBytes)}`;
  if (gpu.usableBytes === undefined) return needed;
  const forData =
    gpuForData === undefined ? '' : `; ${gigabytes(gpuForData.stepReservedBytes)} for its data: ${gpuForData.fits}`;
  return `${needed} of ${gigabytes(gpu.usableBytes)} (${gpu.fits}${forData})`;
}

/** The plan in words: schedule, a bar for each part of the GPU's memory, margin, host, speed, advice. */
export function formatPlan(planned: Plan, card?: string): string {
  const { schedule, memory, throughput, advice } = planned;
  const sections = [scheduleLines(schedule)];
  if (memory !== undefined) sections.push(gpuLines(memory, card ?? 'the card'), hostLines(memory));
  if (throughput !== undefined) sections.push(throughputLines(throughput));
  if (advice.length > 0) sections.push(['advice', ...advice.map(({ id, message }) => `  ${id}: ${message}`)]);
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}
