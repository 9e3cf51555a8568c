import { loadYaml } from '../load';
import { put, remove } from './edits';
import { isDict, less, loadJson, needString, PyError, truthy } from './python';
import type { State, Step } from './state';

const SOURCE = 'src/llamafactory/hparams/model_args.py';

/** The checks of the model arguments, in the parser's order. */
export const MODEL_STEPS: readonly Step[] = [
  {
    id: 'split-special-tokens',
    keys: ['split_special_tokens', 'use_fast_tokenizer'],
    releases: { before: '0.9.5' },
    message: '`split_special_tokens` works with the slow tokenizer only, and `use_fast_tokenizer` is true',
    upstream: '`split_special_tokens` is only supported for slow tokenizers.',
    source: SOURCE,
    refuses: ({ values }) => truthy(values['split_special_tokens']) && truthy(values['use_fast_tokenizer']),
    fix: (state) => put(state, 'use_fast_tokenizer', false),
  },
  {
    id: 'model-missing',
    keys: ['model_name_or_path'],
    message: 'no model is given',
    upstream: 'Please provide `model_name_or_path`.',
    source: SOURCE,
    refuses: ({ values }) => isNone(values['model_name_or_path']),
    fix: () => [],
    change: 'set `model_name_or_path` to a hub id or a folder',
  },
  commaList('adapter_name_or_path'),
  commaList('add_tokens'),
  {
    keys: ['new_special_tokens_config'],
    releases: { since: '0.9.4' },
    source: SOURCE,
    set: (state) => readTokenConfig(state),
  },
  {
    keys: ['add_special_tokens'],
    source: SOURCE,
    set({ values }) {
      const ruled = !isNone(values['new_special_tokens_config']);
      if (!ruled && !isNone(values['add_special_tokens'])) needString(values['add_special_tokens'], 'split');
    },
  },
  pixels('image'),
  pixels('video'),
  {
    id: 'export-quantization-dataset',
    keys: ['export_quantization_bit', 'export_quantization_dataset'],
    message: 'quantising on export needs calibration data, and `export_quantization_dataset` is not set',
    upstream: 'Quantization dataset is necessary for exporting.',
    source: SOURCE,
    refuses: ({ values }) =>
      !isNone(values['export_quantization_bit']) && isNone(values['export_quantization_dataset']),
  },
  jsonText('vllm_config', SOURCE),
  jsonText('sglang_config', SOURCE),
];

/** None, or not set. */
export function isNone(value: unknown): boolean {
  return value === null || value === undefined;
}

/** A string that starts with a brace is read as JSON. */
export function jsonText(key: string, source: string, releases?: Step['releases']): Step {
  return {
    keys: [key],
    releases,
    source,
    set({ values }) {
      const value = values[key];
      if (typeof value !== 'string' || !value.startsWith('{')) return;
      const loaded = loadJson(value);
      if (isDict(loaded)) values[key] = convertStrings(loaded);
    },
  };
}

/** transformers turns strings in such JSON into the bools and numbers they spell. */
function convertStrings(dict: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(dict).map(([key, value]) => {
      if (isDict(value)) return [key, convertStrings(value)];
      if (typeof value !== 'string') return [key, value];
      if (/^(true|false)$/i.test(value)) return [key, value.toLowerCase() === 'true'];
      return [key, /^(\d+(\.\d*)?|\.\d+)$/.test(value) ? Number(value) : value];
    }),
  );
}

function commaList(key: string): Step {
  return {
    keys: [key],
    source: SOURCE,
    set({ values }) {
      const value = values[key];
      if (isNone(value)) return;
      needString(value, 'split');
      values[key] = value.split(',').map((item) => item.trim());
    },
  };
}

function pixels(kind: 'image' | 'video'): Step {
  const [most, least] = [`${kind}_max_pixels`, `${kind}_min_pixels`];
  return {
    id: `${kind}-pixels`,
    keys: [most, least],
    message: `\`${most}\` is smaller than \`${least}\``,
    upstream: `\`${most}\` cannot be smaller than \`${least}\`.`,
    source: SOURCE,
    refuses: ({ values }) => less(values[most], values[least]),
    fix: (state) => remove(state, ...[most, least].filter((key) => key in state.input.args)),
  };
}

function readTokenConfig({ values, files, release }: State): void {
  const path = values['new_special_tokens_config'];
  if (isNone(path)) return;
  if (typeof path !== 'string') throw new PyError('TypeError', 'expected a path', path);
  if (!files) return;
  const text = files.read(path);
  if (text === undefined) throw new PyError('FileNotFoundError', `no such file: '${path}'`, path);
  const loaded = loadYaml(text, release, path);
  // OmegaConf makes a mapping of a single text, and an empty one of nothing.
  if (!loaded.loads && loaded.root !== 'text' && loaded.root !== 'empty') {
    throw new PyError('ValueError', `'${path}' is not a YAML mapping of tokens to descriptions`, path);
  }
}
