/** Writes docs/evidence.md, predicted against measured, from measurements/*.jsonl: `npm run evidence`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostNeeds } from '../src/planning/host';
import { scheduleOf } from '../src/planning/schedule';
import type { Run } from '../src/run/run';
import { type Measurement, measurements, predict, predictSeconds, runOf, warmSeconds } from './measured-runs';

/** Where the page is. */
export const PAGE = join(__dirname, '..', 'docs', 'evidence.md');

/** What test/training writes. */
export const CPU_TRAININGS = join(__dirname, '..', 'measurements', 'training-cpu.jsonl');

/** A line of measurements/training-cpu.jsonl: one run of test/training. */
export interface CpuTraining {
  readonly date: string;
  /** Of LLaMA-Factory. */
  readonly release: string;
  /** Of what it ran with, by package. */
  readonly versions: Readonly<Record<string, string>>;
  readonly processes: number;
  readonly planned: Steps;
  readonly measured: Steps;
  /** Mean of the first and of the last ten losses logged. */
  readonly first_losses?: number;
  readonly last_losses?: number;
}

/** What a run does step by step: the steps after which it saves and evaluates, and how many there are. */
export interface Steps {
  readonly optimizer_steps: number;
  readonly saves: readonly number[];
  readonly evaluations: readonly number[];
}

/** What the lines say that were written before a line named its date, card and versions. */
const UNNAMED = {
  date: '2026-11-24',
  card: 'H100',
  versions: 'LLaMA-Factory 0.9.5, transformers 5.6.0, peft 0.18.1, bitsandbytes 0.50.2, DeepSpeed 0.18.4, torch 2.11',
};

const INTRODUCTION = `# Evidence: predicted against measured

Written by \`npm run evidence\` from \`measurements/\`, whose README says what a line holds; a test fails when this page is
stale. [planning.md](planning.md) says how the predictions are made, and which constants were set by looking at these
same measurements.

Bytes are decimal: 1 GB is 1e9 bytes.`;

const CPU_TRAINING = `## Synthesised runs that trained on a CPU

\`npm run test:training\` with \`RECORD=1\`: the main example with a random Qwen3 of two layers, DDP, in 4 bits (0.9.3: 32), its pod
run as the manifests say, with the real LLaMA-Factory. "As planned": after each of the planned steps and no other.`;

const MEMORY = `## GPU and host memory

Random weights of the model's shape. "As on Turing": flash and cuDNN kernels off. A cap on torch's allocator stands for a
smaller card. Where a run died, its peak says how far it came. A run that has room reserves more than it needs, so what is
reserved without a cap lies above the prediction, which is of the need.`;

const CAPS = `## The smallest card that trains

Each optimizer step got a smaller cap on torch's allocator than the one before, until one died. What the plan says is needed
lies above the smallest cap that trained, at most 10 % (a test says so). CUDA's context comes on top of both.`;

const SPEED = `## Load and speed of whole runs

The load peak is what the allocator reserved before the first step. Seconds a step are the mean of all steps but the first,
which warms up; the plan gives bounds, and a test says that each run lies within. Tokens are those of the samples, padding not
counted.`;

const gigabytes = (bytes: number | undefined) => (bytes === undefined ? '' : (bytes / 1e9).toFixed(2));
const FILES = ['peaks.jsonl', 'unseen-points.jsonl', 'whole-runs.jsonl', 'several-ranks.jsonl'];

function others(m: Measurement): string {
  return [
    m.rank === undefined ? '' : `measured on rank ${m.rank}`,
    m.use_dora === true ? 'DoRA' : '',
    m.layers === undefined ? '' : `${m.layers} blocks of it`,
    m.lora_target === undefined ? '' : `LoRA on ${m.lora_target.replace(',', ' and ')}`,
    m.sample_tokens === undefined ? '' : `samples of ${m.sample_tokens[0]} to ${m.sample_tokens.at(-1)} tokens`,
    m.padded === true ? 'half padded' : '',
    m.neat_packing === true ? 'neat_packing' : m.packing === true ? 'packing' : '',
    m.gradient_checkpointing ? '' : 'no checkpointing',
    m.liger_kernel ? 'liger' : '',
    m.per_device_eval_batch_size === undefined ? '' : `evaluates ${m.per_device_eval_batch_size}`,
    m.cap_gib ? `cap ${m.cap_gib} GiB` : '',
    died(m) ? String(m.outcome) : '',
  ]
    .filter((text) => text !== '')
    .join(', ');
}

const died = (m: Measurement): boolean => m.outcome !== undefined && m.outcome !== 'trains';

/** What a run is told by, in both tables. */
function setting(m: Measurement): (string | number)[] {
  return [
    m.date ?? UNNAMED.date,
    m.card ?? UNNAMED.card,
    m.model,
    m.strategy,
    m.world_size,
    m.quantization_bit ?? 4,
    `${m.per_device_train_batch_size} x ${m.sequence_tokens}`,
    m.lora_rank,
    others(m),
    m.attention.includes('with the flash') ? 'flash' : 'as on Turing',
  ];
}

const SETTING = ['date', 'card', 'model', 'strategy', 'GPUs', 'bits', 'batch x tokens', 'rank', 'other', 'attention'];

function table(header: readonly string[], rows: ReadonlyArray<readonly (string | number)[]>): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

function memoryRow(m: Measurement): (string | number)[] {
  const planned = predict(m);
  const run = runOf(m);
  const host = run.model === undefined ? undefined : run.gpus * hostNeeds(run, run.model, scheduleOf(run)).perRankBytes;
  const peak = Math.max(planned.stepAllocatedBytes, planned.evaluationAllocatedBytes);
  const error = `${(100 * (peak / m.peak_allocated_bytes - 1)).toFixed(1).replace('-0.0', '0.0')} %`;
  const fixed = m.expandable_segments !== true;
  return [
    ...setting(m),
    died(m) ? `${gigabytes(m.peak_allocated_bytes)} so far` : gigabytes(m.peak_allocated_bytes),
    gigabytes(peak),
    died(m) ? '' : error,
    gigabytes(m.peak_reserved_bytes),
    gigabytes(fixed ? planned.stepReservedFixedSegmentsBytes : planned.stepReservedBytes),
    gigabytes(m.host_used_bytes),
    m.host_used_bytes === undefined ? '' : gigabytes(host),
  ];
}

function capRow(m: Measurement): (string | number)[] {
  const need = predict(m).stepReservedBytes;
  const smallest = m.smallest_cap_bytes ?? 0;
  return [
    ...setting(m),
    gigabytes(m.died_under_bytes),
    gigabytes(smallest),
    gigabytes(need),
    `${(100 * (need / smallest - 1)).toFixed(1)} %`,
  ];
}

function speedRow(m: Measurement): (string | number)[] {
  const run = runOf(m);
  const bounds = predictSeconds(m);
  const seconds = warmSeconds(m);
  const tokens = stepTokens(m, run);
  return [
    ...setting(m),
    gigabytes(m.load_reserved_bytes),
    m.load_reserved_bytes === undefined ? '' : gigabytes(predict(m).loadBytes),
    seconds?.toFixed(2) ?? '',
    seconds === undefined || bounds === undefined ? '' : `${bounds.least.toFixed(2)} to ${bounds.most.toFixed(2)}`,
    seconds === undefined ? '' : Math.round(tokens / seconds),
  ];
}

/** Tokens of one optimizer step over all GPUs. */
function stepTokens(m: Measurement, run: Run): number {
  const batches = Number(run.args['gradient_accumulation_steps']) * m.world_size;
  const lengths = m.sample_tokens ?? [m.sequence_tokens];
  const mean = lengths.reduce((sum, tokens) => sum + tokens, 0) / lengths.length;
  return m.per_device_train_batch_size * mean * batches;
}

function cpuRow(line: CpuTraining): (string | number)[] {
  const { planned, measured, first_losses, last_losses } = line;
  const steps = (got: readonly number[], wanted: readonly number[]) =>
    String(got) === String(wanted) ? `${got.length}, as planned` : `${got.join(' ')} instead of ${wanted.join(' ')}`;
  return [
    line.date,
    line.release,
    Object.entries(line.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    line.processes,
    planned.optimizer_steps,
    measured.optimizer_steps,
    steps(measured.saves, planned.saves),
    steps(measured.evaluations, planned.evaluations),
    first_losses === undefined || last_losses === undefined
      ? ''
      : `${first_losses.toFixed(2)} to ${last_losses.toFixed(2)}`,
  ];
}

/** The lines that test/training wrote. */
export function cpuTrainings(): CpuTraining[] {
  return readFileSync(CPU_TRAININGS, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CpuTraining);
}

/** The page. */
export function evidence(): string {
  const measured = FILES.flatMap(measurements);
  const timed = [...measurements('whole-runs.jsonl'), ...measurements('several-ranks.jsonl')].filter(
    ({ load_reserved_bytes, step_seconds, rank }) =>
      (rank ?? 0) === 0 && (load_reserved_bytes !== undefined || step_seconds !== undefined),
  );
  const versions = new Set(measured.map((m) => m.versions ?? UNNAMED.versions));
  const parts = [
    INTRODUCTION,
    CPU_TRAINING,
    table(
      ['date', 'release', 'with', 'processes', 'steps planned', 'steps', 'saves', 'evaluations', 'mean of ten losses'],
      cpuTrainings().map(cpuRow),
    ),
    MEMORY,
    `Versions: ${[...versions].join('; ')}.`,
    table(
      [
        ...SETTING,
        'measured GB',
        'predicted GB',
        'off by',
        'reserved, measured',
        'reserved, predicted',
        'host, measured',
        'host, predicted',
      ],
      measured.map(memoryRow),
    ),
    CAPS,
    table(
      [...SETTING, 'died under GB', 'trained under GB', 'needed GB, predicted', 'above by'],
      measured.filter(({ smallest_cap_bytes }) => smallest_cap_bytes !== undefined).map(capRow),
    ),
    SPEED,
    table(
      [
        ...SETTING,
        'load GB, measured',
        'load GB, predicted',
        'seconds a step',
        'seconds a step, predicted',
        'tokens a second',
      ],
      timed.map(speedRow),
    ),
  ];
  return `${parts.join('\n\n')}\n`;
}

if (require.main === module) writeFileSync(PAGE, evidence());
