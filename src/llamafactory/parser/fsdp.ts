import { before, since } from '../../run/releases';
import { put, remove } from './edits';
import { isNone } from './model';
import {
  contains,
  equal,
  greater,
  isDict,
  items,
  length,
  loadJson,
  lowerText,
  needStringKeys,
  PyError,
  toInt,
  truthy,
} from './python';
import type { State, Step } from './state';

const HF = 'transformers: src/transformers/training_args.py';
const OPTIONS = [
  'full_shard',
  'shard_grad_op',
  'no_shard',
  'hybrid_shard',
  'hybrid_shard_zero2',
  'offload',
  'auto_wrap',
];
const TRUE_TEXTS = ['y', 'yes', 't', 'true', 'on', '1'];
const FALSE_TEXTS = ['n', 'no', 'f', 'false', 'off', '0'];

/** transformers' checks of fully sharded data parallel, in the parser's order. */
export const FSDP_STEPS: readonly Step[] = [
  {
    id: 'fsdp-option',
    keys: ['fsdp'],
    message: `\`fsdp\` takes ${OPTIONS.join(', ')}, separated by blanks`,
    upstream: 'is not a valid FSDPOption',
    source: HF,
    refuses({ values, release }) {
      const value = normal(values['fsdp'], release);
      if (value === '') {
        values['fsdp'] = [];
        return false;
      }
      const names = typeof value === 'string' ? value.split(/\s+/).filter((word) => word !== '') : value;
      values['fsdp'] = names;
      return typeof value === 'string' && items(names).some((name) => !OPTIONS.includes(String(name)));
    },
  },
  {
    id: 'fsdp-offload-alone',
    keys: ['fsdp'],
    message: '`fsdp: offload` needs full_shard or shard_grad_op beside it',
    upstream: "`--fsdp offload` can't work on its own.",
    source: HF,
    refuses: ({ values }) => equal(values['fsdp'], ['offload']),
    fix: (state) => put(state, 'fsdp', 'full_shard offload'),
  },
  {
    id: 'fsdp-two-strategies',
    keys: ['fsdp'],
    message: '`fsdp` names both full_shard and shard_grad_op',
    upstream: '`--fsdp full_shard` is not compatible with `--fsdp shard_grad_op`.',
    source: HF,
    refuses({ values }) {
      const options = values['fsdp'];
      if (equal(options, ['offload'])) return false;
      return contains(options, 'full_shard') && contains(options, 'shard_grad_op');
    },
    fix: (state) =>
      put(
        state,
        'fsdp',
        items(state.values['fsdp'])
          .filter((name) => name !== 'shard_grad_op')
          .join(' '),
      ),
  },
  { keys: ['fsdp_config', 'fsdp', 'fsdp_min_num_params'], source: HF, set: readConfig },
  {
    id: 'fsdp-wrap-policies',
    keys: ['fsdp_config', 'fsdp'],
    message: '`min_num_params` and `transformer_layer_cls_to_wrap` in `fsdp_config` exclude each other',
    upstream: '`min_num_params` and `transformer_layer_cls_to_wrap` are mutually exclusive.',
    source: HF,
    refuses({ values }) {
      const config = configOf(values);
      if (!config) return false;
      const wraps = greater(config['min_num_params'] ?? 0, 0);
      return length(values['fsdp']) > 0 && wraps && !isNone(config['transformer_layer_cls_to_wrap']);
    },
    fix: (state) => remove(state, 'fsdp_config'),
  },
  {
    id: 'fsdp-loading',
    keys: ['fsdp_config', 'fsdp'],
    message: '`cpu_ram_efficient_loading` in `fsdp_config` needs `sync_module_states`',
    upstream: '`sync_module_states` must be `"True"` if `cpu_ram_efficient_loading` is `"True"`',
    source: HF,
    refuses({ values }) {
      const config = configOf(values);
      if (!config || length(values['fsdp']) === 0 || truthy(config['xla'])) return false;
      const synchronised = lowerText(config['sync_module_states'] ?? 'true');
      return synchronised === 'false' && lowerText(config['cpu_ram_efficient_loading'] ?? 'false') === 'true';
    },
  },
  { keys: ['fsdp_config', 'fsdp'], source: HF, set: configurePlugin },
];

function normal(fsdp: unknown, release: State['release']): unknown {
  if (fsdp === true) return ['full_shard'];
  if (since(release, '0.9.5')) return truthy(fsdp) ? fsdp : [];
  if (since(release, '0.9.4')) return isNone(fsdp) ? [] : fsdp;
  return fsdp === false ? '' : fsdp;
}

function readConfig(state: State): void {
  const { values, files } = state;
  let config = values['fsdp_config'];
  const unused = length(values['fsdp']) === 0; // raises for what has no length
  if (unused && isNone(config) && since(state.release, '0.9.5')) return;
  if (isNone(config)) config = {};
  if (typeof config === 'string') {
    if (!files) {
      values['fsdp_config'] = undefined;
      return;
    }
    const text = files.read(config);
    if (text === undefined) throw new PyError('FileNotFoundError', `no such file: '${config}'`, config);
    config = loadJson(text);
  }
  if (!isDict(config)) throw new PyError('AttributeError', 'fsdp_config must be a mapping or a file', config);
  needStringKeys(config, 'startswith');
  const plain = withoutPrefixes(config);
  const atLeast = plain['min_num_params'] ?? ('min_num_params' in plain ? null : 0);
  const given = since(state.release, '0.9.5') ? atLeast : larger(atLeast, values['fsdp_min_num_params']);
  plain['min_num_params'] = given;
  greater(given, 0); // raises for what is no number
  if (!isNone(values['fsdp_transformer_layer_cls_to_wrap']) && before(state.release, '0.9.5')) addLayer(state, plain);
  values['fsdp_config'] = plain;
}

/** The keys without `fsdp_`; where one is given both ways, the one with it has its way. */
function withoutPrefixes(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isPrefixed = ([key]: readonly [string, unknown]) => key.startsWith('fsdp_');
  const entries = Object.entries(config);
  return Object.fromEntries([
    ...entries.filter((entry) => !isPrefixed(entry)),
    ...entries.filter(isPrefixed).map(([key, value]) => [key.replace(/^fsdp_/, ''), value]),
  ]);
}

function larger(a: unknown, b: unknown): unknown {
  greater(b, 0);
  return greater(b, a) ? b : a;
}

function addLayer({ values }: State, config: Record<string, unknown>): void {
  const layers = config['transformer_layer_cls_to_wrap'] ?? ('transformer_layer_cls_to_wrap' in config ? null : []);
  const list = typeof layers === 'string' ? [layers] : layers;
  if (!Array.isArray(list)) throw new PyError('TypeError', 'unsupported operand type(s) for +', layers);
  config['transformer_layer_cls_to_wrap'] = [...list, values['fsdp_transformer_layer_cls_to_wrap']];
}

function configOf(values: State['values']): Readonly<Record<string, unknown>> | undefined {
  return isDict(values['fsdp_config']) ? values['fsdp_config'] : undefined;
}

/** What becomes settings of accelerate's plugin (since 0.9.5) or of the environment (before). */
function configurePlugin(state: State): void {
  const config = configOf(state.values);
  const options = items(state.values['fsdp'] ?? []);
  if (!config || options.length === 0) return;
  if (truthy(config['xla'])) {
    checkXla(config);
    return;
  }
  for (const option of options) {
    if (typeof option !== 'string') throw new PyError('AttributeError', 'an option of fsdp must be a string', option);
    const sized = greater(config['min_num_params'], 0);
    const layers = config['transformer_layer_cls_to_wrap'];
    if (option !== 'auto_wrap' || sized || isNone(layers) || typeof layers === 'string') continue;
    if (items(layers).every((layer) => typeof layer === 'string')) continue;
    throw new PyError('TypeError', 'transformer_layer_cls_to_wrap must be strings', layers);
  }
  const late = since(state.release, '0.9.5');
  const version = late ? toInt(value(config, 'version', 1)) : 1;
  if (version !== 2) {
    const prefetch = value(config, 'backward_prefetch', 'NO_PREFETCH');
    if (typeof prefetch !== 'string')
      throw new PyError('AttributeError', 'backward_prefetch must be a string', prefetch);
  }
  const loading = lowerText(value(config, 'cpu_ram_efficient_loading', 'false'));
  if (!late) {
    state.fsdpEnabled = TRUE_TEXTS.includes(loading);
    return;
  }
  const texts = version === 2 ? ['reshard_after_forward'] : ['forward_prefetch', 'use_orig_params'];
  for (const key of [...texts, 'cpu_ram_efficient_loading', 'sync_module_states']) {
    const text = lowerText(value(config, key, 'true'));
    if (![...TRUE_TEXTS, ...FALSE_TEXTS].includes(text)) {
      throw new PyError('ValueError', `invalid truth value ${text}`, config[key]);
    }
  }
}

function value(config: Readonly<Record<string, unknown>>, key: string, otherwise: unknown): unknown {
  return key in config ? config[key] : otherwise;
}

const DTYPES = [
  'float32',
  'float',
  'float64',
  'double',
  'float16',
  'half',
  'bfloat16',
  'int8',
  'uint8',
  'int32',
  'int64',
];

function checkXla(config: Readonly<Record<string, unknown>>): void {
  const settings = value(config, 'xla_fsdp_settings', {});
  if (Array.isArray(settings)) return;
  if (!isDict(settings)) throw new PyError('AttributeError', 'xla_fsdp_settings must be a mapping', settings);
  for (const key of ['compute_dtype', 'buffer_dtype']) {
    if (key in settings && !DTYPES.includes(String(settings[key]))) {
      throw new PyError('AttributeError', `torch has no '${String(settings[key])}'`, settings[key]);
    }
  }
}
