import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CARDS } from '../src/planning/catalog/cards';
import { MODELS } from '../src/planning/catalog/models';
import { padded } from '../src/planning/lengths';
import { type GpuMemory, gpuMemory } from '../src/planning/memory';
import { scheduleOf } from '../src/planning/schedule';
import { type Settings, settingsOf } from '../src/planning/settings';
import { type Bounds, throughputOf } from '../src/planning/throughput';
import type { ModelShape } from '../src/run/model-shape';
import type { Mapping, Run } from '../src/run/run';

/** A line of measurements/*.jsonl. */
export interface Measurement {
  readonly model: string;
  /** How many of the model's blocks; undefined: all of them. */
  readonly layers?: number;
  readonly per_device_train_batch_size: number;
  readonly per_device_eval_batch_size?: number;
  readonly sequence_tokens: number;
  /** Tokens of each sample, where samples are shorter than their sequences may be; undefined: all are full. */
  readonly sample_tokens?: readonly number[];
  readonly gradient_accumulation_steps?: number;
  readonly quantization_bit?: number;
  readonly lora_rank: number;
  /** undefined: `all`. */
  readonly lora_target?: string;
  readonly gradient_checkpointing: boolean;
  readonly liger_kernel: boolean;
  readonly use_dora?: boolean;
  /** Half of the rows end in padding, so that attention takes a mask. */
  readonly padded?: boolean;
  readonly packing?: boolean;
  readonly neat_packing?: boolean;
  readonly strategy: 'ddp' | 'zero2' | 'zero3' | 'zero3-offload';
  readonly world_size: number;
  /** Which of the ranks was measured; undefined: the only one. */
  readonly rank?: number;
  /** `no`: it saved nothing but the adapter at its end. */
  readonly save_strategy?: string;
  readonly cap_gib?: number;
  readonly expandable_segments?: boolean;
  readonly outcome?: string;
  readonly load_allocated_bytes?: number;
  readonly load_reserved_bytes?: number;
  readonly peak_allocated_bytes: number;
  readonly peak_reserved_bytes: number;
  /** The smallest allocator cap under which a step ran, and the next one, under which it died. */
  readonly smallest_cap_bytes?: number;
  readonly died_under_bytes?: number;
  readonly host_used_bytes?: number;
  /** Of each optimizer step, the first ones included. */
  readonly step_seconds?: readonly number[];
  readonly attention: string;
  readonly source: string;
  /** When, on which card, and with which versions; not in the oldest lines. */
  readonly date?: string;
  readonly card?: string;
  readonly versions?: string;
}

/** The measurements in a file of the folder `measurements`. */
export function measurements(file: string): Measurement[] {
  return readFileSync(join(__dirname, '..', 'measurements', file), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Measurement);
}

const OFFLOAD = { device: 'cpu', pin_memory: true };

function zeroOf(strategy: Measurement['strategy']): Mapping {
  const common = { overlap_comm: true, contiguous_gradients: true, reduce_bucket_size: 'auto' };
  if (strategy === 'zero2') return { stage: 2, ...common };
  const zero3 = {
    stage: 3,
    ...common,
    stage3_prefetch_bucket_size: 'auto',
    stage3_max_live_parameters: 1e9,
  };
  return strategy === 'zero3' ? zero3 : { ...zero3, offload_optimizer: OFFLOAD, offload_param: OFFLOAD };
}

function modelOf({ model, layers }: Measurement): ModelShape | undefined {
  const shape = MODELS[model];
  return shape === undefined || layers === undefined ? shape : { ...shape, layers };
}

/** Samples as long as those that were measured: a letter a token, less what the planner adds for the template. */
function dataOf({ sample_tokens }: Measurement): Pick<Run, 'datasets' | 'tokensIn'> {
  if (sample_tokens === undefined) return { datasets: [] };
  const rows = sample_tokens.map((tokens) => ({ text: 'a'.repeat(tokens) }));
  return { datasets: [{ name: 'measured', rows }], tokensIn: ({ length }) => Math.max(1, length - 13) };
}

/** The run that was measured, as the planner takes it. */
export function runOf(measured: Measurement): Run {
  return {
    path: 'measurement',
    file: 'train_config.yaml',
    release: '0.9.5',
    args: {
      per_device_train_batch_size: measured.per_device_train_batch_size,
      gradient_accumulation_steps: measured.gradient_accumulation_steps ?? 2,
      per_device_eval_batch_size: measured.per_device_eval_batch_size ?? measured.per_device_train_batch_size,
      eval_strategy: measured.per_device_eval_batch_size === undefined ? 'no' : 'steps',
      cutoff_len: measured.sequence_tokens,
      lora_rank: measured.lora_rank,
      lora_dropout: 0.1,
      lora_target: measured.lora_target ?? 'all',
      fp16: true,
      quantization_method: 'bnb',
      ...(measured.quantization_bit === 16 ? {} : { quantization_bit: measured.quantization_bit ?? 4 }),
      disable_gradient_checkpointing: !measured.gradient_checkpointing,
      enable_liger_kernel: measured.liger_kernel,
      ...(measured.use_dora === true ? { use_dora: true } : {}),
      ...(measured.packing === true ? { packing: true } : {}),
      ...(measured.neat_packing === true ? { neat_packing: true } : {}),
      max_steps: 2,
      ...(measured.save_strategy === undefined ? {} : { save_strategy: measured.save_strategy }),
    },
    ...(measured.strategy === 'ddp'
      ? {}
      : { deepspeed: { file: 'ds.json', config: { zero_optimization: zeroOf(measured.strategy) } } }),
    ...dataOf(measured),
    card: CARDS[measured.card ?? 'H100'],
    gpus: measured.world_size,
    nodes: 1,
    model: modelOf(measured),
  };
}

/** A measured run's settings, on the kernels that it ran on. */
function ranWith(measured: Measurement): { run: Run; model: ModelShape; settings: Settings } {
  const run = runOf(measured);
  if (run.model === undefined) throw new Error(`no model ${measured.model} in the catalogue`);
  const settings = { ...settingsOf(run), flashKernel: measured.attention.includes('with the flash') };
  return { run, model: run.model, settings };
}

/** The memory the planner predicts for a measured run. */
export function predict(measured: Measurement): GpuMemory {
  const { run, model, settings } = ranWith(measured);
  const longest = measured.sample_tokens?.at(-1);
  return gpuMemory(
    run,
    model,
    longest === undefined ? settings : { ...settings, cutoffLen: padded(longest, settings.cutoffLen) },
  );
}

/** The seconds a step that the planner predicts for a measured run; undefined: the card's speed isn't known. */
export function predictSeconds(measured: Measurement): Bounds | undefined {
  const { run, model, settings } = ranWith(measured);
  return throughputOf(run, model, scheduleOf(run), settings)?.secondsPerStep;
}

/** Seconds of a measured step: the mean of all but the first, which warms up; undefined: none was timed. */
export function warmSeconds({ step_seconds = [] }: Measurement): number | undefined {
  const warm = step_seconds.length > 1 ? step_seconds.slice(1) : step_seconds;
  return warm.length === 0 ? undefined : warm.reduce((sum, each) => sum + each, 0) / warm.length;
}
