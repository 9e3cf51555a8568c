import { since } from '../../run/releases';
import { meantFile } from '../files';
import { jsonFault } from '../json-fault';
import { put } from './edits';
import { isNone } from './model';
import { equal, hashable, isDict, loadJson, PyError, product, truthy } from './python';
import { once, type State, type Step } from './state';

const ACCELERATE = 'accelerate: src/accelerate/utils/deepspeed.py';
const HF = 'transformers: src/transformers/integrations/deepspeed.py';

/** What transformers and accelerate do with the DeepSpeed configuration while arguments are parsed. */
export const DEEPSPEED_STEPS: readonly Step[] = [
  {
    id: 'deepspeed-config',
    keys: ['deepspeed'],
    message: '`deepspeed` is neither a file that exists nor a mapping nor base64 of JSON',
    upstream: 'Expected a string path to an existing deepspeed config, or a dictionary, or a base64 encoded string.',
    source: ACCELERATE,
    refuses: (state) => truthy(state.values['deepspeed']) && configOf(state) === 'missing',
    absent({ values, files }) {
      const path = values['deepspeed'];
      return typeof path === 'string' && files && meantFile(files, path) === undefined ? path : undefined;
    },
    fix(state) {
      const path = state.values['deepspeed'];
      const meant = typeof path === 'string' && state.files ? meantFile(state.files, path) : undefined;
      return meant === undefined ? [] : put(state, 'deepspeed', meant);
    },
    change: 'give the path of a DeepSpeed JSON that is there in the pod',
  },
  {
    id: 'deepspeed-zero-optimization',
    keys: ['deepspeed'],
    message: 'the DeepSpeed configuration has no `zero_optimization`',
    upstream: 'Please specify the ZeRO optimization config in the DeepSpeed config.',
    source: 'accelerate: src/accelerate/utils/dataclasses.py',
    refuses(state) {
      if (!truthy(state.values['deepspeed'])) return false;
      const config = configOf(state);
      return isDict(config) && !('zero_optimization' in config);
    },
    change: 'add a `zero_optimization` section with a `stage`',
  },
  { keys: ['deepspeed', 'per_device_train_batch_size', 'gradient_accumulation_steps'], source: HF, set: process },
];

/** The configuration: 'missing' if there is none where `deepspeed` says, undefined if it isn't known. */
function configOf(state: State): unknown {
  return once(state, 'deepspeed', () => readConfig(state));
}

function readConfig({ values, files, input }: State): unknown {
  const value = values['deepspeed'];
  if (isDict(value)) return value;
  if (typeof value !== 'string') throw new PyError('TypeError', 'deepspeed must be a path or a mapping', value);
  // What the run holds of the file was parsed when it was read, once for all runs that name it.
  if (!files || input.deepspeed?.file === value) return input.deepspeed?.config;
  if (files.kind(value) !== undefined) {
    const text = files.read(value);
    if (text === undefined) throw new PyError('OSError', `'${value}' can't be read as UTF-8`, value);
    return loadFile(value, text);
  }
  for (const text of [value, fromBase64(value)]) {
    try {
      if (text !== undefined) return loadJson(text);
    } catch {
      // the next form
    }
  }
  return 'missing';
}

function loadFile(file: string, text: string): unknown {
  const fault = jsonFault(text);
  if (fault === undefined) return loadJson(text);
  const { line, column } = fault;
  throw new PyError('JSONDecodeError', `it is not valid JSON: ${fault.text}`, file, { file, line, column });
}

/** Python's `base64.urlsafe_b64decode`: other characters are skipped, padding is asked for. */
function fromBase64(value: string): string | undefined {
  const [digits = '', padding = ''] = value.replace(/[^A-Za-z0-9_=-]/g, '').split(/(?==)/, 2);
  const missing = (4 - (digits.length % 4)) % 4;
  const given = value.length - value.replaceAll('=', '').length;
  if (missing === 3 || (missing > 0 && given < missing) || (padding === '' && missing > 0)) return undefined;
  return Buffer.from(digits, 'base64url').toString('utf8');
}

/** The keys read or filled, as paths. A section on the way that is no mapping raises. */
const PATHS = [
  'zero_optimization.stage',
  'optimizer.params.lr',
  'scheduler.params.warmup_max_lr',
  'fp16.enabled',
  'bf16.enabled',
  'zero_optimization.offload_optimizer.device',
  'zero_optimization.offload_param.device',
];

function process(state: State): void {
  const { values } = state;
  if (!truthy(values['deepspeed'])) return;
  const config = configOf(state);
  if (config === undefined || config === 'missing') return;
  if (!isDict(config))
    throw new PyError('AttributeError', 'the DeepSpeed configuration is no mapping', values['deepspeed']);
  for (const path of since(state.release, '0.9.5') ? PATHS : [...PATHS, 'amp.enabled'])
    at(config, path, values['deepspeed']);
  product(product(state.ranks, values['per_device_train_batch_size']), values['gradient_accumulation_steps']);
  const checkpoint = config['checkpoint'];
  if (truthy(values['save_on_each_node']) && 'checkpoint' in config && !isDict(checkpoint)) {
    throw new PyError('TypeError', 'checkpoint in the DeepSpeed configuration is no mapping', values['deepspeed']);
  }
  const stage = at(config, 'zero_optimization.stage', values['deepspeed']);
  state.zeroStage = equal(stage, 'auto') ? 2 : (stage ?? -1);
  if (equal(state.zeroStage, 2) || equal(state.zeroStage, 3)) {
    hashable(at(config, 'zero_optimization.offload_optimizer.device', values['deepspeed']));
    hashable(at(config, 'zero_optimization.offload_param.device', values['deepspeed']));
  }
}

function at(config: unknown, path: string, culprit: unknown): unknown {
  let node = config;
  for (const key of path.split('.')) {
    if (isNone(node)) return undefined;
    if (!isDict(node)) {
      throw new PyError(
        'AttributeError',
        `what should hold '${key}' in the DeepSpeed configuration is no mapping`,
        culprit,
      );
    }
    node = node[key];
  }
  return node;
}

/** ZeRO stage 3, once the configuration has been read. */
export function isZero3(state: State): boolean {
  return equal(state.zeroStage, 3);
}
