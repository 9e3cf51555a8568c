import type { ParserId } from '../../run/finding-ids';
import type { ReleaseRange } from '../../run/releases';
import { isZero3 } from './deepspeed';
import { put, remove } from './edits';
import { isNone } from './model';
import { needsPackages } from './packages';
import { among, equal, greater, length, less, numeric, PyError, truthy } from './python';
import type { State, Step } from './state';

const SOURCE = 'src/llamafactory/hparams/parser.py';
/** The releases that refuse `neat_packing`, whatever the image holds. */
export const REFUSES_NEAT_PACKING: ReleaseRange = { since: '0.9.4', before: '0.9.5' };

/** The checks across all arguments (`get_train_args`), in the parser's order. */
export const TRAIN_STEPS: readonly Step[] = [
  sftOnly(
    'predict-with-generate-without-sft',
    'predict_with_generate',
    '`predict_with_generate` cannot be set as True except SFT.',
  ),
  sftOnly('neat-packing-without-sft', 'neat_packing', '`neat_packing` cannot be set as True except SFT.'),
  sftOnly(
    'train-on-prompt-without-sft',
    'train_on_prompt',
    '`train_on_prompt` or `mask_history` cannot be set as True except SFT.',
  ),
  sftOnly(
    'mask-history-without-sft',
    'mask_history',
    '`train_on_prompt` or `mask_history` cannot be set as True except SFT.',
  ),
  {
    id: 'predict-without-generate',
    keys: ['do_predict', 'predict_with_generate'],
    message: 'predictions of SFT are generated, and `predict_with_generate` is off',
    upstream: 'Please enable `predict_with_generate` to save model predictions.',
    source: SOURCE,
    refuses: ({ values }) =>
      equal(values['stage'], 'sft') && truthy(values['do_predict']) && !truthy(values['predict_with_generate']),
  },
  {
    id: 'best-model-stage',
    keys: ['load_best_model_at_end', 'stage'],
    message: 'the stages rm and ppo do not support `load_best_model_at_end`',
    upstream: 'RM and PPO stages do not support `load_best_model_at_end`.',
    source: SOURCE,
    refuses: ({ values }) => among(values['stage'], ['rm', 'ppo']) && truthy(values['load_best_model_at_end']),
  },
  {
    id: 'ppo-without-training',
    keys: ['do_train', 'stage'],
    message: 'PPO only trains, and `do_train` is off',
    upstream: 'PPO training does not support evaluation, use the SFT stage to evaluate models.',
    source: SOURCE,
    refuses: ({ values }) => isPpo(values) && !truthy(values['do_train']),
    fix: (state) => put(state, 'do_train', true),
  },
  {
    id: 'ppo-shift-attn',
    keys: ['shift_attn', 'stage'],
    message: 'PPO does not go with `shift_attn`',
    upstream: 'PPO training is incompatible with S^2-Attn.',
    source: SOURCE,
    refuses: ({ values }) => isPpo(values) && truthy(values['shift_attn']),
  },
  loraRewardModel('ppo-kt', 'use_kt', 'KTransformers does not support lora reward model.', { since: '0.9.4' }),
  loraRewardModel('ppo-unsloth', 'use_unsloth', 'Unsloth does not support lora reward model.'),
  {
    id: 'ppo-report-to',
    keys: ['report_to', 'stage'],
    releases: { before: '0.9.5' },
    message: 'PPO reports to wandb or tensorboard only',
    upstream: 'PPO only accepts wandb or tensorboard logger.',
    source: SOURCE,
    refuses({ values }) {
      const loggers = values['report_to'];
      if (!isPpo(values) || !Array.isArray(loggers) || loggers.length === 0) return false;
      return !among(loggers[0], ['wandb', 'tensorboard']);
    },
    fix: (state) => put(state, 'report_to', 'none'),
  },
  {
    id: 'ppo-report-to',
    keys: ['report_to', 'stage'],
    releases: { since: '0.9.5' },
    message: 'PPO reports to wandb, tensorboard or trackio only',
    upstream: 'PPO only accepts wandb, tensorboard, or trackio logger.',
    source: SOURCE,
    refuses({ values }) {
      const loggers = values['report_to'];
      if (!isPpo(values) || !Array.isArray(loggers)) return false;
      return loggers.some((logger) => !among(logger, ['wandb', 'tensorboard', 'trackio', 'none']));
    },
    fix: (state) => put(state, 'report_to', 'none'),
  },
  {
    id: 'streaming-max-steps',
    keys: ['streaming', 'max_steps'],
    message: 'a stream has no known length, so `max_steps` must be set',
    upstream: 'Please specify `max_steps` in streaming mode.',
    source: SOURCE,
    refuses: ({ values }) => equal(values['max_steps'], -1) && truthy(values['streaming']),
  },
  {
    id: 'train-without-dataset',
    keys: ['dataset', 'do_train'],
    missing: true,
    message: '`do_train` is on and no `dataset` is given',
    upstream: 'Please specify dataset for training.',
    source: SOURCE,
    refuses: ({ values }) => truthy(values['do_train']) && isNone(values['dataset']),
    fix: () => [],
    change: 'set `dataset` to names from dataset_info.json',
  },
  evaluationData('do_eval'),
  evaluationData('do_predict'),
  evaluationData('predict_with_generate'),
  {
    id: 'predict-with-zero3',
    keys: ['predict_with_generate', 'deepspeed'],
    message: '`predict_with_generate` does not go with ZeRO-3',
    upstream: '`predict_with_generate` is incompatible with DeepSpeed ZeRO-3.',
    source: SOURCE,
    refuses: (state) => truthy(state.values['predict_with_generate']) && isZero3(state),
  },
  {
    id: 'predict-without-eval-dataset',
    keys: ['predict_with_generate', 'eval_dataset'],
    releases: { before: '0.9.4' },
    message: '`predict_with_generate` needs an `eval_dataset`',
    upstream: 'Cannot use `predict_with_generate` if `eval_dataset` is None.',
    source: SOURCE,
    refuses: ({ values }) => truthy(values['predict_with_generate']) && isNone(values['eval_dataset']),
  },
  {
    id: 'predict-with-accuracy',
    keys: ['compute_accuracy', 'predict_with_generate'],
    message: '`compute_accuracy` does not go with `predict_with_generate`',
    upstream: 'Cannot use `predict_with_generate` and `compute_accuracy` together.',
    source: SOURCE,
    refuses: ({ values }) => truthy(values['predict_with_generate']) && truthy(values['compute_accuracy']),
  },
  {
    id: 'device-map-in-training',
    keys: ['quantization_device_map', 'do_train'],
    message: '`quantization_device_map: auto` is for inference',
    upstream: 'Cannot use device map for quantized models in training.',
    source: SOURCE,
    refuses: ({ values }) => truthy(values['do_train']) && equal(values['quantization_device_map'], 'auto'),
  },
  {
    id: 'pissa-zero3',
    keys: ['pissa_init', 'deepspeed'],
    message: '`pissa_init` does not go with ZeRO-3: the base model is converted beforehand by scripts/pissa_init.py',
    upstream: 'Please use scripts/pissa_init.py to initialize PiSSA in DeepSpeed ZeRO-3.',
    source: SOURCE,
    refuses: (state) => truthy(state.values['pissa_init']) && isZero3(state),
  },
  {
    id: 'pure-bf16-zero3',
    keys: ['pure_bf16', 'deepspeed'],
    message: '`pure_bf16` does not go with ZeRO-3',
    upstream: '`pure_bf16` is incompatible with DeepSpeed ZeRO-3.',
    source: SOURCE,
    refuses: (state) => truthy(state.values['pure_bf16']) && isZero3(state),
  },
  layerwise('galore', 'Distributed training does not support layer-wise GaLore.'),
  layerwise('apollo', 'Distributed training does not support layer-wise APOLLO.'),
  {
    id: 'badam-ratio',
    keys: ['badam_mode', 'use_badam'],
    message: '`badam_mode: ratio` does not train with several processes (torchrun makes a group of one, too)',
    upstream: 'Radio-based BAdam does not yet support distributed training, use layer-wise BAdam.',
    source: SOURCE,
    refuses: ({ values }) => truthy(values['use_badam']) && equal(values['badam_mode'], 'ratio'),
    fix: (state) => remove(state, isZero3(state) ? 'badam_mode' : 'use_badam'),
  },
  {
    id: 'badam-zero3',
    keys: ['use_badam', 'deepspeed'],
    message: 'layer-wise BAdam with several processes needs ZeRO-3 (torchrun makes a group of one, too)',
    upstream: 'Layer-wise BAdam only supports DeepSpeed ZeRO-3 training.',
    source: SOURCE,
    refuses: (state) =>
      truthy(state.values['use_badam']) && !equal(state.values['badam_mode'], 'ratio') && !isZero3(state),
  },
  {
    id: 'deepspeed-memory-optimizer',
    keys: ['use_galore', 'use_apollo', 'deepspeed'],
    message: 'GaLore and APOLLO do not go with DeepSpeed',
    upstream: 'GaLore and APOLLO are incompatible with DeepSpeed yet.',
    source: SOURCE,
    refuses: ({ values }) =>
      !isNone(values['deepspeed']) && (truthy(values['use_galore']) || truthy(values['use_apollo'])),
    fix: (state) => remove(state, ...['use_galore', 'use_apollo'].filter((key) => key in state.input.args)),
  },
  {
    id: 'fp8-quantization',
    keys: ['fp8', 'quantization_bit'],
    releases: { since: '0.9.4' },
    message: '`fp8` trains all weights in 8 bit, `quantization_bit` freezes them in fewer: they exclude each other',
    upstream: 'FP8 training is not compatible with quantization. Please disable one of them.',
    source: SOURCE,
    refuses: ({ values }) => truthy(values['fp8']) && !isNone(values['quantization_bit']),
  },
  {
    id: 'infer-backend',
    keys: ['infer_backend'],
    message: 'training runs on the backend huggingface only',
    upstream: 'vLLM/SGLang backend is only available for API, CLI and Web.',
    source: SOURCE,
    refuses: ({ values }) => !equal(values['infer_backend'], 'huggingface'),
  },
  withZero3('unsloth-zero3', 'use_unsloth', 'Unsloth is incompatible with DeepSpeed ZeRO-3.'),
  withZero3('kt-zero3', 'use_kt', 'KTransformers is incompatible with DeepSpeed ZeRO-3.', { since: '0.9.4' }),
  {
    id: 'neat-packing-transformers',
    keys: ['neat_packing'],
    releases: REFUSES_NEAT_PACKING,
    message: '`neat_packing` does not work with the transformers that this release comes with',
    upstream: 'Neat packing is incompatible with transformers>=4.53.0.',
    source: SOURCE,
    refuses: ({ values }) => truthy(values['neat_packing']),
    fix: (state) => [...remove(state, 'neat_packing'), ...put(state, 'packing', true)],
  },
  {
    id: 'adapter-without-lora',
    keys: ['adapter_name_or_path', 'finetuning_type'],
    message: 'an adapter is loaded, and `finetuning_type` is not lora',
    upstream: 'Adapter is only valid for the LoRA method.',
    source: SOURCE,
    refuses: ({ values }) => !isNone(values['adapter_name_or_path']) && !equal(values['finetuning_type'], 'lora'),
  },
  {
    id: 'quantization-method-of-tuning',
    keys: ['quantization_bit', 'finetuning_type'],
    releases: { before: '0.9.4' },
    message: 'a quantised model can be trained with LoRA only',
    upstream: 'Quantization is only compatible with the LoRA method.',
    source: SOURCE,
    refuses: ({ values }) => !isNone(values['quantization_bit']) && !equal(values['finetuning_type'], 'lora'),
  },
  {
    id: 'quantization-method-of-tuning',
    keys: ['quantization_bit', 'finetuning_type'],
    releases: { since: '0.9.4' },
    message: 'a quantised model can be trained with LoRA or OFT only',
    upstream: 'Quantization is only compatible with the LoRA or OFT method.',
    source: SOURCE,
    refuses: ({ values }) => !isNone(values['quantization_bit']) && !among(values['finetuning_type'], ['lora', 'oft']),
  },
  {
    id: 'quantization-pissa',
    keys: ['pissa_init', 'quantization_bit'],
    message: '`pissa_init` needs the weights as they are, and `quantization_bit` changes them',
    upstream: 'Please use scripts/pissa_init.py to initialize PiSSA for a quantized model.',
    source: SOURCE,
    refuses: ({ values }) => !isNone(values['quantization_bit']) && truthy(values['pissa_init']),
  },
  {
    id: 'quantization-resize-vocab',
    keys: ['resize_vocab', 'quantization_bit'],
    message: 'the embedding layers of a quantised model cannot grow',
    upstream: 'Cannot resize embedding layers of a quantized model.',
    source: SOURCE,
    refuses: ({ values }) => !isNone(values['quantization_bit']) && truthy(values['resize_vocab']),
  },
  {
    id: 'quantization-new-adapter',
    keys: ['create_new_adapter', 'quantization_bit', 'adapter_name_or_path'],
    message: 'a new adapter would merge the old one into a quantised model',
    upstream: 'Cannot create new adapter upon a quantized model.',
    source: SOURCE,
    refuses: ({ values }) =>
      !isNone(values['quantization_bit']) &&
      !isNone(values['adapter_name_or_path']) &&
      truthy(values['create_new_adapter']),
  },
  {
    id: 'quantization-adapters',
    keys: ['adapter_name_or_path', 'quantization_bit'],
    message: 'a quantised model takes one adapter',
    upstream: 'Quantized model only accepts a single adapter. Merge them first.',
    source: SOURCE,
    refuses: ({ values }) =>
      !isNone(values['quantization_bit']) &&
      !isNone(values['adapter_name_or_path']) &&
      length(values['adapter_name_or_path']) !== 1,
    fix: () => [],
    change: 'name one adapter: merge the others into the model first',
  },
  needsPackages({
    key: 'use_kt',
    names: ['ktransformers'],
    releases: { since: '0.9.4', before: '0.9.5' },
    removable: false,
  }),
  needsPackages({
    key: 'use_kt',
    names: ['kt-kernel', 'transformers-kt', 'accelerate-kt'],
    releases: { since: '0.9.5' },
    removable: false,
  }),
  needsPackages({ key: 'use_unsloth', names: ['unsloth'] }),
  needsPackages({ key: 'enable_liger_kernel', names: ['liger-kernel'] }),
  needsPackages({
    key: 'mixture_of_depths',
    names: ['mixture-of-depth'],
    needed: ({ values }) => !isNone(values['mixture_of_depths']),
  }),
  needsPackages({ key: 'use_galore', names: ['galore_torch'] }),
  needsPackages({ key: 'use_apollo', names: ['apollo_torch'] }),
  needsPackages({ key: 'use_badam', names: ['badam'] }),
  needsPackages({ key: 'use_adam_mini', names: ['adam-mini'] }),
  needsPackages({ key: 'use_swanlab', names: ['swanlab'], releases: { since: '0.9.4' } }),
  needsPackages({ key: 'predict_with_generate', names: ['jieba', 'nltk', 'rouge_chinese'] }),
  {
    id: 'trackio-project',
    keys: ['project', 'report_to'],
    missing: true,
    releases: { since: '0.9.5' },
    message: 'Trackio needs a `project`',
    upstream: '`--project` must be specified when using Trackio.',
    source: SOURCE,
    refuses: ({ values }) =>
      Array.isArray(values['report_to']) && among('trackio', values['report_to']) && !truthy(values['project']),
  },
  {
    id: 'output-dir-not-empty',
    keys: ['output_dir', 'overwrite_output_dir'],
    message: '`output_dir` holds results but no checkpoint to resume from',
    upstream: 'Output directory already exists and is not empty. Please set `overwrite_output_dir`.',
    source: SOURCE,
    refuses: outputDirectoryTaken,
    fix: (state) => put(state, 'overwrite_output_dir', true),
  },
  { keys: ['seed'], source: 'transformers: src/transformers/trainer_utils.py', set: checkSeed },
];

function isPpo(values: State['values']): boolean {
  return equal(values['stage'], 'ppo');
}

function sftOnly(id: ParserId, key: string, upstream: string): Step {
  return {
    id,
    keys: [key, 'stage'],
    message: `\`${key}\` is for stage sft only`,
    upstream,
    source: SOURCE,
    refuses: ({ values }) => !equal(values['stage'], 'sft') && truthy(values[key]),
  };
}

function loraRewardModel(id: ParserId, key: string, upstream: string, releases?: Step['releases']): Step {
  return {
    id,
    keys: [key, 'reward_model_type'],
    releases,
    message: `\`${key}\` does not take a LoRA reward model`,
    upstream,
    source: SOURCE,
    refuses: ({ values }) => isPpo(values) && equal(values['reward_model_type'], 'lora') && truthy(values[key]),
  };
}

function evaluationData(key: string): Step {
  return {
    id: 'evaluation-without-data',
    keys: [key, 'eval_strategy', 'val_size'],
    releases: key === 'predict_with_generate' ? { since: '0.9.4' } : undefined,
    message: 'there is nothing to evaluate on: neither `eval_dataset` nor `val_size` is set',
    upstream: 'Please make sure eval_dataset be provided or val_size >1e-6',
    source: SOURCE,
    refuses({ values }) {
      return truthy(values[key]) && isNone(values['eval_dataset']) && less(values['val_size'], 1e-6);
    },
    fix: (state) => dataOrNoEvaluation(state, key),
  };
}

/** Data held back, of a stream as a number of samples; without data to hold back, no evaluation. */
function dataOrNoEvaluation(state: State, key: string): ReturnType<typeof put> {
  if (!isNone(state.values['dataset'])) return put(state, 'val_size', truthy(state.values['streaming']) ? 100 : 0.1);
  const causes = key === 'do_eval' ? [key, 'eval_strategy'] : [key];
  return remove(state, ...causes.filter((cause) => cause in state.input.args));
}

function layerwise(name: 'galore' | 'apollo', upstream: string): Step {
  return {
    id: `${name}-layerwise`,
    keys: [`${name}_layerwise`, `use_${name}`],
    message: `\`${name}_layerwise\` does not train with several processes (torchrun makes a group of one, too)`,
    upstream,
    source: SOURCE,
    refuses: ({ values }) => truthy(values[`use_${name}`]) && truthy(values[`${name}_layerwise`]),
  };
}

function withZero3(id: ParserId, key: string, upstream: string, releases?: Step['releases']): Step {
  return {
    id,
    keys: [key, 'deepspeed'],
    releases,
    message: `\`${key}\` does not go with ZeRO-3`,
    upstream,
    source: SOURCE,
    refuses: (state) => truthy(state.values[key]) && isZero3(state),
  };
}

const RESULTS = [
  'adapter_model.safetensors',
  'adapter_model.bin',
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
];

function outputDirectoryTaken({ values, files }: State): boolean {
  const folder = values['output_dir'];
  const resumes = !isNone(values['resume_from_checkpoint']) || truthy(values['overwrite_output_dir']);
  const never = among(values['stage'], ['rm', 'ppo']) && among(values['finetuning_type'], ['full', 'freeze']);
  if (!files || resumes || never || !truthy(values['do_train']) || typeof folder !== 'string') return false;
  if (files.kind(folder) !== 'folder') return false;
  const inside = (name: string) => files.kind(folder === '' ? name : `${folder}/${name}`);
  if (files.list(folder).some((name) => /^checkpoint-\d+$/.test(name) && inside(name) === 'folder')) return false;
  return RESULTS.some((name) => inside(name) === 'file');
}

function checkSeed({ values }: State): void {
  const seed = values['seed'];
  const number = numeric(seed);
  const whole =
    typeof seed === 'boolean' || typeof seed === 'bigint' || (typeof seed === 'number' && Number.isInteger(seed));
  if (number === undefined || !whole) throw new PyError('TypeError', 'the seed must be an int', seed);
  if (less(number, 0) || greater(number, 2 ** 32 - 1)) {
    throw new PyError('ValueError', 'Seed must be between 0 and 2**32 - 1', seed);
  }
}
