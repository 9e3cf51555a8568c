import { argumentOf, asNumber, isGiven, isOn, namesOf, numberOf, textOf } from '../llamafactory/effective-arguments';
import { isUndoneOnLoad, type QuantisedFiles } from '../run/quantised-files';
import { before } from '../run/releases';
import { isMapping, type Mapping, type Run } from '../run/run';

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
  readonly bits: number;
  /** Weights that share a scale and an offset in files that are quantised already; undefined: bitsandbytes quantises. */
  readonly groupSize?: number;
  readonly doubleQuantisation: boolean;
  /** fp16 or bf16 mixed precision through autocast; DeepSpeed casts the model instead. */
  readonly autocast: boolean;
  /** Everything in bfloat16, trainable parameters too. */
  readonly pureBf16: boolean;
  readonly checkpointing: boolean;
  readonly liger: boolean;
  /** Samples are put one after another until a sequence is full. */
  readonly packing: boolean;
  /** Batches are made of samples about as long as each other. */
  readonly grouped: boolean;
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
  return isMapping(value) ? value : {};
}

/** The strategy a DeepSpeed config stands for; no config: plain data parallelism. */
export function strategyOf(run: Run): PlanStrategy {
  const zero = section(run.deepspeed?.config, 'zero_optimization');
  const stage = asNumber(zero['stage'], 0);
  if (run.deepspeed === undefined || stage === 0) return 'ddp';
  if (stage < 3) return 'zero2';
  return section(zero, 'offload_param')['device'] === 'cpu' ? 'zero3-offload' : 'zero3';
}

/**
 * The bits the base model is really loaded in. Only `bnb`, the default, is planned as quantised: from 0.9.3 on
 * `bitsandbytes` is accepted and ignored, and so is null, which is not the default but no method at all.
 * Source: llamafactory model/model_utils/quantization.py, configure_quantization.
 */
function quantisedBits(run: Run): Pick<Settings, 'bits' | 'groupSize'> {
  if (run.quantised !== undefined) return bitsOfFiles(run, run.quantised);
  const bits = numberOf(run, 'quantization_bit', 16);
  return { bits: argumentOf(run, 'quantization_method') === 'bnb' && (bits === 4 || bits === 8) ? bits : 16 };
}

/** Where the files don't say how wide a weight is, or LLaMA-Factory undoes the quantisation, it is planned in 16 bits. */
function bitsOfFiles({ release }: Run, files: QuantisedFiles): Pick<Settings, 'bits' | 'groupSize'> {
  const { method, bits, groupSize } = files;
  if (bits === undefined || isUndoneOnLoad(release, files)) return { bits: 16 };
  return method === 'bitsandbytes' ? { bits } : { bits, groupSize };
}

/** Pre-training packs unless it is told not to. Source: llamafactory/hparams/parser.py, get_train_args. */
function packs(run: Run): boolean {
  if (isOn(run, 'neat_packing')) return true;
  return isGiven(run, 'packing') ? isOn(run, 'packing') : textOf(run, 'stage') === 'pt';
}

const known = new WeakMap<Run, Settings>();

/** The run's settings as the trainer will see them. */
export function settingsOf(run: Run): Settings {
  const settings = known.get(run) ?? readSettings(run);
  known.set(run, settings);
  return settings;
}

function readSettings(run: Run): Settings {
  const type = textOf(run, 'finetuning_type');
  const deepspeed = run.deepspeed !== undefined;
  const targets = namesOf(run, 'lora_target');
  const half = isOn(run, 'fp16') || isOn(run, 'bf16');
  return {
    worldSize: Math.max(1, run.gpus * run.nodes),
    gpusPerNode: Math.max(1, run.gpus),
    strategy: strategyOf(run),
    trainBatch: numberOf(run, 'per_device_train_batch_size'),
    evalBatch: numberOf(run, 'per_device_eval_batch_size'),
    accumulation: numberOf(run, 'gradient_accumulation_steps'),
    cutoffLen: numberOf(run, 'cutoff_len'),
    epochs: numberOf(run, 'num_train_epochs'),
    maxSteps: numberOf(run, 'max_steps'),
    finetuning: type === 'full' || type === 'freeze' || type === 'oft' ? type : 'lora',
    loraRank: numberOf(run, 'lora_rank'),
    loraDropout: numberOf(run, 'lora_dropout'),
    loraTargets: targets.length === 0 ? ['all'] : targets,
    dora: isOn(run, 'use_dora'),
    freezeLayers: Math.abs(numberOf(run, 'freeze_trainable_layers')),
    ...quantisedBits(run),
    doubleQuantisation: isOn(run, 'double_quantization'),
    autocast: half && !deepspeed,
    pureBf16: isOn(run, 'pure_bf16'),
    // the Trainer turns it on by the one, LLaMA-Factory unless the other
    checkpointing: isOn(run, 'gradient_checkpointing') || !isOn(run, 'disable_gradient_checkpointing'),
    liger: isOn(run, 'enable_liger_kernel'),
    packing: packs(run),
    grouped: before(run.release, '0.9.5')
      ? isOn(run, 'group_by_length')
      : textOf(run, 'train_sampling_strategy') === 'group_by_length',
    neatPacking: isOn(run, 'neat_packing'),
    streaming: isOn(run, 'streaming'),
    flashAttention: textOf(run, 'flash_attn'),
    flashKernel: (run.card?.computeCapability ?? 8) >= 8,
    evaluates: textOf(run, 'eval_strategy') !== 'no' || isOn(run, 'do_eval') || isOn(run, 'eval_on_start'),
    dataloaderWorkers: numberOf(run, 'dataloader_num_workers'),
    preprocessingWorkers: numberOf(run, 'preprocessing_num_workers', 1),
  };
}
