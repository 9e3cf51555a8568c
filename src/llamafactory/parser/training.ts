import { asJson } from '../../run/as-json';
import type { ParserId } from '../../run/finding-ids';
import { nearest } from '../../run/nearest';
import { before, since } from '../../run/releases';
import { fieldsOf } from '../fields';
import { put, remove } from './edits';
import { isNone, jsonText } from './model';
import {
  among,
  contains,
  equal,
  greater,
  isDict,
  isInt,
  less,
  loadJson,
  needPath,
  needString,
  numeric,
  PyError,
  toInt,
  truthy,
} from './python';
import type { State, Step } from './state';

const LF = 'src/llamafactory/hparams/training_args.py';
const HF = 'transformers: src/transformers/training_args.py';

/** The checks of the training arguments, most of them transformers' own, in the parser's order. */
export const TRAINING_STEPS: readonly Step[] = [
  jsonText('resources_per_worker', LF, { before: '0.9.5' }),
  jsonText('ray_init_kwargs', LF, { since: '0.9.4' }),
  {
    id: 'ray-storage-filesystem',
    keys: ['ray_storage_filesystem'],
    releases: { before: '0.9.5' },
    message: '`ray_storage_filesystem` is none of s3, gs, gcs',
    upstream: "ray_storage_filesystem must be one of ['s3', 'gs', 'gcs']",
    source: LF,
    refuses: ({ values }) =>
      !isNone(values['ray_storage_filesystem']) && !among(values['ray_storage_filesystem'], ['s3', 'gs', 'gcs']),
  },
  ...['accelerator_config', 'fsdp_config', 'deepspeed', 'gradient_checkpointing_kwargs', 'lr_scheduler_kwargs'].map(
    (key) => jsonText(key, HF),
  ),
  {
    keys: ['output_dir'],
    source: HF,
    set({ values }) {
      if (isNone(values['output_dir'])) values['output_dir'] = 'trainer_output';
      needPath(values['output_dir']);
    },
  },
  {
    keys: ['logging_dir'],
    releases: { before: '0.9.5' },
    source: HF,
    set({ values }) {
      if (!isNone(values['logging_dir'])) needPath(values['logging_dir']);
    },
  },
  {
    keys: ['no_cuda'],
    releases: { before: '0.9.5' },
    source: HF,
    set({ values }) {
      if (truthy(values['no_cuda'])) values['use_cpu'] = values['no_cuda'];
    },
  },
  {
    keys: ['warmup_ratio', 'warmup_steps'],
    releases: { since: '0.9.5' },
    source: HF,
    set({ values }) {
      if (!isNone(values['warmup_ratio'])) values['warmup_steps'] = values['warmup_ratio'];
    },
  },
  choice('eval-strategy', 'eval_strategy', 'IntervalStrategy'),
  choice('logging-strategy', 'logging_strategy', 'IntervalStrategy'),
  choice('save-strategy', 'save_strategy', 'SaveStrategy'),
  choice('hub-strategy', 'hub_strategy', 'HubStrategy'),
  choice('lr-scheduler', 'lr_scheduler_type', 'SchedulerType'),
  choice('optim', 'optim', 'OptimizerNames'),
  {
    keys: ['tpu_metrics_debug', 'debug'],
    releases: { before: '0.9.5' },
    source: HF,
    set({ values }) {
      if (!truthy(values['tpu_metrics_debug'])) return;
      const debug = values['debug'];
      if (isNone(debug) || typeof debug === 'string') values['debug'] = `${debug ?? ''} tpu_metrics_debug`;
      else if (!Array.isArray(debug)) throw new PyError('TypeError', 'unsupported operand type(s) for +=', debug);
    },
  },
  {
    id: 'debug-option',
    keys: ['debug', 'tpu_metrics_debug'],
    message: '`debug` takes underflow_overflow and tpu_metrics_debug, separated by blanks',
    upstream: 'is not a valid DebugOption',
    source: 'transformers: src/transformers/debug_utils.py',
    refuses: ({ values }) =>
      typeof values['debug'] === 'string' &&
      words(values['debug']).some((word) => !['underflow_overflow', 'tpu_metrics_debug'].includes(word)),
  },
  {
    keys: ['do_eval', 'eval_strategy'],
    source: HF,
    set({ values }) {
      if (values['do_eval'] === false && values['eval_strategy'] !== 'no') values['do_eval'] = true;
    },
  },
  {
    id: 'torch-empty-cache-steps',
    keys: ['torch_empty_cache_steps'],
    message: '`torch_empty_cache_steps` must be a whole number above 0',
    upstream: '`torch_empty_cache_steps` must be an integer bigger than 0',
    source: HF,
    refuses({ values }) {
      const steps = values['torch_empty_cache_steps'];
      return !isNone(steps) && !(isInt(steps) && greater(steps, 0));
    },
  },
  {
    id: 'eval-steps-missing',
    keys: ['eval_steps', 'logging_steps', 'eval_strategy'],
    message: 'evaluation every so many steps needs `eval_steps` or `logging_steps` above 0',
    upstream: 'evaluation strategy requires either non-zero --eval_steps or --logging_steps',
    source: HF,
    refuses({ values }) {
      if (values['eval_strategy'] !== 'steps') return false;
      if (!isNone(values['eval_steps']) && !equal(values['eval_steps'], 0)) return false;
      if (!greater(values['logging_steps'], 0)) return true;
      values['eval_steps'] = values['logging_steps'];
      return false;
    },
    fix: (state) => put(state, 'eval_steps', 500),
  },
  {
    id: 'logging-steps-zero',
    keys: ['logging_steps', 'logging_strategy'],
    message: 'logging every so many steps needs `logging_steps` other than 0',
    upstream: 'logging strategy requires non-zero --logging_steps',
    source: HF,
    refuses: ({ values }) => values['logging_strategy'] === 'steps' && equal(values['logging_steps'], 0),
  },
  wholeSteps('logging'),
  wholeSteps('eval'),
  wholeSteps('save'),
  {
    id: 'best-model-strategies',
    keys: ['load_best_model_at_end', 'save_strategy', 'eval_strategy'],
    message: '`load_best_model_at_end` needs `save_strategy` and `eval_strategy` to be the same',
    upstream: '--load_best_model_at_end requires the save and eval strategy to match',
    source: HF,
    refuses: ({ values }) => keepsBest(values) && values['eval_strategy'] !== values['save_strategy'],
  },
  {
    id: 'best-model-steps',
    keys: ['save_steps', 'eval_steps', 'load_best_model_at_end'],
    message: '`load_best_model_at_end` needs `save_steps` to be a multiple of `eval_steps`',
    upstream: '--load_best_model_at_end requires the saving steps to be a round multiple of the evaluation steps',
    source: HF,
    refuses: ({ values, release }) => saveStepsMissEvaluations(values, release),
    fix: (state) => put(state, 'save_steps', numeric(state.values['eval_steps']) ?? 500),
  },
  {
    keys: ['metric_for_best_model', 'greater_is_better'],
    source: HF,
    set({ values }) {
      const scheduler = values['lr_scheduler_type'];
      const watches = truthy(values['load_best_model_at_end']) || among(scheduler, ['reduce_lr_on_plateau', 'greedy']);
      if (watches && isNone(values['metric_for_best_model'])) values['metric_for_best_model'] = 'loss';
      if (isNone(values['greater_is_better']) && !isNone(values['metric_for_best_model'])) {
        needString(values['metric_for_best_model'], 'endswith');
      }
    },
  },
  {
    keys: ['fp16_backend', 'half_precision_backend'],
    releases: { before: '0.9.5' },
    source: HF,
    set({ values }) {
      if (truthy(values['fp16_backend']) && !equal(values['fp16_backend'], 'auto')) {
        values['half_precision_backend'] = values['fp16_backend'];
      }
    },
  },
  {
    id: 'fp16-and-bf16',
    keys: ['bf16', 'fp16'],
    message: '`fp16` and `bf16` are both true',
    upstream: 'At most one of fp16 and bf16 can be True, but not both',
    source: HF,
    refuses: ({ values }) => truthy(values['fp16']) && truthy(values['bf16']),
    fix: (state) => remove(state, state.ampere ? 'fp16' : 'bf16'),
  },
  {
    id: 'fp16-and-bf16-full-eval',
    keys: ['bf16_full_eval', 'fp16_full_eval'],
    message: '`fp16_full_eval` and `bf16_full_eval` are both true',
    upstream: 'At most one of fp16 and bf16 can be True for full eval, but not both',
    source: HF,
    refuses: ({ values }) => truthy(values['fp16_full_eval']) && truthy(values['bf16_full_eval']),
  },
  {
    id: 'bf16-apex',
    keys: ['half_precision_backend', 'fp16_backend', 'bf16'],
    releases: { before: '0.9.4' },
    message: 'apex does not do bf16',
    upstream: '`--half_precision_backend apex`: GPU bf16 is not supported by apex.',
    source: HF,
    refuses: ({ values }) => truthy(values['bf16']) && equal(values['half_precision_backend'], 'apex'),
  },
  {
    id: 'apex-missing',
    keys: ['half_precision_backend', 'fp16_backend'],
    releases: { since: '0.9.4', before: '0.9.5' },
    message: 'apex is not installed',
    upstream: 'Using FP16 with APEX but APEX is not installed',
    source: HF,
    refuses: ({ values }) => equal(values['half_precision_backend'], 'apex'),
  },
  needsEvaluation('reduce-lr-on-plateau-without-evaluation', 'reduce_lr_on_plateau'),
  needsEvaluation('greedy-without-evaluation', 'greedy', { since: '0.9.5' }),
  { keys: ['accelerator_config'], source: HF, set: readAcceleratorConfig },
  { keys: ['ddp_timeout'], source: HF, set: checkTimeout },
  {
    id: 'ddp-backend',
    keys: ['ddp_backend', 'use_cpu', 'no_cuda'],
    message: '`ddp_backend` is not available: training on the CPU takes gloo',
    upstream: 'Your assigned backend is not available',
    source: 'accelerate: src/accelerate/state.py',
    refuses: ({ values }) => backendMissing(values),
  },
  { keys: ['torch_compile_backend', 'torch_compile_mode', 'torchdynamo'], source: HF, set: configureCompile },
  {
    id: 'tf32',
    keys: ['tf32'],
    message: '`tf32` needs a card of compute capability 8.0 or more',
    upstream: '--tf32 requires Ampere or a newer GPU arch, cuda>=11 and torch>=1.7',
    source: HF,
    refuses: ({ values, ampere }) => truthy(values['tf32']) && !ampere,
  },
  {
    keys: ['report_to'],
    source: HF,
    set({ values, release }) {
      const to = values['report_to'];
      const installed = equal(to, 'all') || equal(to, ['all']) || (before(release, '0.9.5') && isNone(to));
      if (installed || equal(to, 'none') || equal(to, ['none'])) values['report_to'] = [];
      else if (!Array.isArray(to)) values['report_to'] = [to];
    },
  },
  {
    id: 'warmup-ratio',
    keys: ['warmup_ratio'],
    releases: { before: '0.9.5' },
    message: '`warmup_ratio` must lie between 0 and 1',
    upstream: 'warmup_ratio must lie in range [0,1]',
    source: HF,
    refuses({ values }) {
      if (less(values['warmup_ratio'], 0) || greater(values['warmup_ratio'], 1)) return true;
      if (greater(values['warmup_ratio'], 0)) greater(values['warmup_steps'], 0);
      return false;
    },
  },
  {
    id: 'warmup-steps',
    keys: ['warmup_steps'],
    releases: { before: '0.9.5' },
    message: '`warmup_steps` must be a whole number of at least 0',
    upstream: 'warmup_steps must be of type int and must be 0 or a positive integer.',
    source: HF,
    refuses: ({ values }) => !isInt(values['warmup_steps']) || less(values['warmup_steps'], 0),
    fix: warmupAsRatio,
  },
  {
    id: 'warmup-steps-negative',
    keys: ['warmup_steps', 'warmup_ratio'],
    releases: { since: '0.9.5' },
    message: 'the warm-up must not be negative',
    upstream: 'warmup_steps must be an integer or a float',
    source: HF,
    refuses: ({ values }) => less(values['warmup_steps'], 0),
    fix: (state) => remove(state, ...['warmup_steps', 'warmup_ratio'].filter((key) => key in state.input.args)),
  },
  {
    id: 'prefetch-without-workers',
    keys: ['dataloader_prefetch_factor', 'dataloader_num_workers'],
    message: '`dataloader_prefetch_factor` needs `dataloader_num_workers` above 0',
    upstream: '--dataloader_prefetch_factor can only be set when data is loaded in a different process',
    source: HF,
    refuses: ({ values }) =>
      equal(values['dataloader_num_workers'], 0) && !isNone(values['dataloader_prefetch_factor']),
  },
  {
    id: 'hub-model-id-offline',
    keys: ['push_to_hub_model_id'],
    releases: { before: '0.9.5' },
    message: '`push_to_hub_model_id` without an organisation makes the parser ask the hub who you are',
    upstream: 'Token is required (`token=True`), but no token found.',
    source: HF,
    refuses({ values }) {
      const id = values['push_to_hub_model_id'];
      return !isNone(id) && isNone(values['push_to_hub_organization']) && !contains(id, '/');
    },
    fix: (state) => remove(state, 'push_to_hub_model_id'),
  },
  {
    keys: ['include_for_metrics', 'include_inputs_for_metrics'],
    releases: { before: '0.9.5' },
    source: HF,
    set({ values }) {
      const list = values['include_for_metrics'];
      if (truthy(values['include_inputs_for_metrics']) && !Array.isArray(list)) {
        throw new PyError('AttributeError', 'the value has no attribute append', list);
      }
    },
  },
];

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** An argument transformers turns into an enum. */
function choice(id: ParserId, key: string, enumeration: string): Step {
  return {
    id,
    keys: [key],
    title: `\`${key}\` is none of its choices`,
    message: ({ values, release }) =>
      `\`${key}\` is ${asJson(values[key])}; allowed: ${choicesOf(release, key).join(', ')}`,
    upstream: `is not a valid ${enumeration}`,
    source: HF,
    refuses: ({ values, release }) => !choicesOf(release, key).includes(values[key] as string),
    fix(state) {
      const value = state.values[key];
      const meant = typeof value === 'string' ? nearest(value, choicesOf(state.release, key)) : undefined;
      return meant === undefined ? remove(state, key) : put(state, key, meant);
    },
  };
}

function choicesOf(release: State['release'], key: string): readonly string[] {
  return (fieldsOf(release).get(key)?.choices ?? []) as readonly string[];
}

/** More than one step must be a whole number; up to one it is a fraction of all steps. */
function wholeSteps(kind: 'logging' | 'eval' | 'save'): Step {
  const key = `${kind}_steps`;
  return {
    id: `${kind}-steps-whole`,
    keys: [key, 'logging_steps'],
    message: `\`${key}\` above 1 must be a whole number (below 1 it is a fraction of all steps)`,
    upstream: `--${key} must be an integer if bigger than 1`,
    source: HF,
    refuses({ values }) {
      if (values[`${kind}_strategy`] !== 'steps' || !greater(values[key], 1)) return false;
      const whole = toInt(values[key]);
      if (!equal(whole, values[key])) return true;
      values[key] = whole;
      return false;
    },
    fix(state) {
      const own = key in state.input.args ? key : 'logging_steps';
      return put(state, own, Math.round(numeric(state.values[key]) ?? 500));
    },
  };
}

function keepsBest(values: State['values']): boolean {
  return truthy(values['load_best_model_at_end']) && values['save_strategy'] !== 'best';
}

function saveStepsMissEvaluations(values: State['values'], release: State['release']): boolean {
  if (!keepsBest(values) || values['eval_strategy'] !== 'steps' || values['save_strategy'] !== 'steps') return false;
  const save = numeric(values['save_steps']);
  const evaluate = numeric(values['eval_steps']);
  if (save === undefined || evaluate === undefined) throw new PyError('TypeError', 'unsupported operand type(s) for %');
  if (save % evaluate === 0) return false;
  if (before(release, '0.9.4') || (evaluate >= 1 && save >= 1)) return true;
  if (!(evaluate < 1 && save < 1)) return true;
  return (save * 1_000_000) % (evaluate * 1_000_000) !== 0;
}

function needsEvaluation(id: ParserId, scheduler: string, releases?: Step['releases']): Step {
  return {
    id,
    keys: ['lr_scheduler_type', 'eval_strategy'],
    releases,
    message: `\`lr_scheduler_type: ${scheduler}\` watches evaluations, and \`eval_strategy\` is no`,
    upstream: `lr_scheduler_type ${scheduler} requires an eval strategy`,
    source: HF,
    refuses: ({ values }) => values['lr_scheduler_type'] === scheduler && values['eval_strategy'] === 'no',
  };
}

const ACCELERATOR_KEYS = [
  'split_batches',
  'dispatch_batches',
  'even_batches',
  'use_seedable_sampler',
  'non_blocking',
  'gradient_accumulation_kwargs',
  'use_configured_state',
];

function readAcceleratorConfig({ values, files }: State): void {
  let config = values['accelerator_config'];
  if (isNone(config)) return;
  if (typeof config === 'string') {
    if (!files) return;
    const text = files.read(config);
    if (text === undefined) throw new PyError('FileNotFoundError', `no such file: '${config}'`, config);
    config = loadJson(text);
  }
  if (!isDict(config)) throw new PyError('TypeError', 'accelerator_config must be a mapping or a file', config);
  const unknown = Object.keys(config).find((key) => !ACCELERATOR_KEYS.includes(key));
  if (unknown !== undefined) {
    throw new PyError('TypeError', `AcceleratorConfig has no '${unknown}'`, values['accelerator_config']);
  }
  if (truthy(config['use_configured_state'])) {
    throw new PyError(
      'ValueError',
      'use_configured_state needs a state configured before',
      values['accelerator_config'],
    );
  }
}

/** In seconds; Python's timedelta counts in days, and has room for 999,999,999 before and after. */
const DAY = 86_400;

function checkTimeout({ values }: State): void {
  if (truthy(values['use_cpu'])) return;
  const seconds = numeric(values['ddp_timeout']);
  if (seconds === undefined) {
    throw new PyError('TypeError', 'unsupported type for timedelta seconds component', values['ddp_timeout']);
  }
  if (!(seconds >= -DAY * 999_999_999 && seconds < DAY * 1_000_000_000)) {
    throw new PyError('OverflowError', 'the timeout is too large', values['ddp_timeout']);
  }
}

function backendMissing(values: State['values']): boolean {
  const backend = values['ddp_backend'];
  if (truthy(values['use_cpu'])) return !isNone(backend) && !equal(backend, 'gloo');
  return !truthy(values['deepspeed']) && !isNone(backend) && !equal(backend, backend);
}

function configureCompile({ values, release }: State): void {
  if (since(release, '0.9.5')) return;
  if (!isNone(values['torchdynamo'])) values['torch_compile_backend'] = values['torchdynamo'];
  const backend = values['torch_compile_backend'];
  const mode = values['torch_compile_mode'];
  for (const value of [backend, mode]) {
    if (isNone(value) || typeof value === 'string') continue;
    throw new PyError('TypeError', `str expected`, value);
  }
}

function warmupAsRatio(state: State): ReturnType<typeof put> {
  const steps = numeric(state.values['warmup_steps']) ?? -1;
  const given = 'warmup_ratio' in state.input.args;
  if (steps > 0 && steps < 1 && !given) {
    return [...remove(state, 'warmup_steps'), ...put(state, 'warmup_ratio', steps)];
  }
  return steps >= 1 ? put(state, 'warmup_steps', Math.round(steps)) : remove(state, 'warmup_steps');
}
