import type { Mapping, Run } from '../run/run';

/** How the GPUs share weights, gradients and optimizer. */
export type PlanStrategy = 'ddp' | 'zero2' | 'zero3' | 'zero3-offload';

/** The numbers of a run that decide time and memory, with LLaMA-Factory's defaults filled in. */
export interface Settings {
  readonly worldSize: number;
  readonly gpusPerNode: number;
  readonly strategy: PlanStrategy;
  readonly trainBatch: number;
  readonly evalBatch: number;
  readonly accumulation: number;
  /** Most tokens in one sequence. */
  readonly cutoffLen: number;
  readonly epochs: number;
  /** -1: the epochs decide. */
  readonly maxSteps: number;
  readonly finetuning: 'lora' | 'oft' | 'freeze' | 'full';
  readonly loraRank: number;
  readonly loraDropout: number;
  /** Names of the linear layers that get LoRA; `all`: the seven of a block. */
  readonly loraTargets: readonly string[];
  readonly dora: boolean;
  readonly freezeLayers: number;
  /** Bits of a frozen weight. */
  readonly bits: 16 | 8 | 4;
  readonly doubleQuantisation: boolean;
  /** fp16 or bf16 mixed precision through autocast; DeepSpeed casts the model instead. */
  readonly autocast: boolean;
  /** Everything in bfloat16, trainable parameters too. */
  readonly pureBf16: boolean;
  readonly checkpointing: boolean;
  readonly liger: boolean;
  readonly packing: boolean;
  /** Packed samples see themselves alone: every batch carries a mask of its own. */
  readonly neatPacking: boolean;
  readonly streaming: boolean;
  readonly flashAttention: string;
  /** True if the card runs torch's flash kernel: compute capability 8.0 and later, assumed if no card is known. */
  readonly flashKernel: boolean;
  /** True if the run evaluates on data. */
  readonly evaluates: boolean;
  readonly dataloaderWorkers: number;
  readonly preprocessingWorkers: number;
}

/** A mapping inside a mapping; empty if it isn't there. */
export function section(config: Mapping | undefined, key: string): Mapping {
  const value = config?.[key];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
}

/** A number argument: YAML reads `1e-4` as text, and the trainer's parser takes numbers as text too. */
export function numberOf(value: unknown, fallback: number): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : fallback;
}

/** A flag argument: YAML's boolean, or the texts that the trainer's parser takes for one. */
export function isOn(value: unknown): boolean {
  return value === true || (typeof value === 'string' && ['true', 'yes', '1'].includes(value.toLowerCase()));
}

function names(value: unknown): string[] {
  const list = Array.isArray(value) ? value.map(String) : typeof value === 'string' ? value.split(',') : [];
  return list.map((name) => name.trim()).filter((name) => name !== '');
}

/** The strategy a DeepSpeed config stands for; no config: plain data parallelism. */
export function strategyOf(run: Run): PlanStrategy {
  const zero = section(run.deepspeed?.config, 'zero_optimization');
  const stage = numberOf(zero['stage'], 0);
  if (run.deepspeed === undefined || stage === 0) return 'ddp';
  if (stage < 3) return 'zero2';
  return section(zero, 'offload_param')['device'] === 'cpu' ? 'zero3-offload' : 'zero3';
}

/**
 * The bits the base model is really loaded in. Only `bnb`, the default, is planned as quantised: from 0.9.3 on
 * `bitsandbytes` is accepted and ignored, and so is null, which is not the default but no method at all.
 * Source: llamafactory model/model_utils/quantization.py, configure_quantization.
 */
function quantisedBits(args: Mapping): 16 | 8 | 4 {
  const bits = numberOf(args['quantization_bit'], 16);
  const method = args['quantization_method'];
  if (method !== undefined && method !== 'bnb') return 16;
  return bits === 4 || bits === 8 ? bits : 16;
}

const known = new WeakMap<Run, Settings>();

/** The run's settings as the trainer will see them. */
export function settingsOf(run: Run): Settings {
  const settings = known.get(run) ?? readSettings(run);
  known.set(run, settings);
  return settings;
}

function readSettings(run: Run): Settings {
  const { args } = run;
  const stage = String(args['stage'] ?? 'sft');
  const type = String(args['finetuning_type'] ?? 'lora');
  const deepspeed = run.deepspeed !== undefined;
  const evalStrategy = String(args['eval_strategy'] ?? 'no');
  const targets = names(args['lora_target'] ?? 'all');
  const half = isOn(args['fp16']) || isOn(args['bf16']);
  return {
    worldSize: Math.max(1, run.gpus * run.nodes),
    gpusPerNode: Math.max(1, run.gpus),
    strategy: strategyOf(run),
    trainBatch: numberOf(args['per_device_train_batch_size'], 8),
    evalBatch: numberOf(args['per_device_eval_batch_size'], 8),
    accumulation: numberOf(args['gradient_accumulation_steps'], 1),
    cutoffLen: numberOf(args['cutoff_len'], 2048),
    epochs: numberOf(args['num_train_epochs'], 3),
    maxSteps: numberOf(args['max_steps'], -1),
    finetuning: type === 'full' || type === 'freeze' || type === 'oft' ? type : 'lora',
    loraRank: numberOf(args['lora_rank'], 8),
    loraDropout: numberOf(args['lora_dropout'], 0),
    loraTargets: targets.length === 0 ? ['all'] : targets,
    dora: isOn(args['use_dora']),
    freezeLayers: Math.abs(numberOf(args['freeze_trainable_layers'], 2)),
    bits: quantisedBits(args),
    doubleQuantisation: args['double_quantization'] === undefined || isOn(args['double_quantization']),
    autocast: half && !deepspeed,
    pureBf16: isOn(args['pure_bf16']),
    // the Trainer turns it on by the one, LLaMA-Factory unless the other
    checkpointing: isOn(args['gradient_checkpointing']) || !isOn(args['disable_gradient_checkpointing']),
    liger: isOn(args['enable_liger_kernel']),
    packing: isOn(args['packing']) || isOn(args['neat_packing']) || stage === 'pt',
    neatPacking: isOn(args['neat_packing']),
    streaming: isOn(args['streaming']),
    flashAttention: String(args['flash_attn'] ?? 'auto'),
    flashKernel: (run.card?.computeCapability ?? 8) >= 8,
    evaluates: evalStrategy !== 'no' || isOn(args['do_eval']) || isOn(args['eval_on_start']),
    dataloaderWorkers: numberOf(args['dataloader_num_workers'], 0),
    preprocessingWorkers: numberOf(args['preprocessing_num_workers'], 1),
  };
}
