import type * as Yaml from 'yaml';
import type { Release } from '../run/releases';
import type { Mapping } from '../run/run';
import { fieldsOf } from './fields';
import { PyBytes, PyFloat } from './parser/python';

/** A section of the file: a title, and its keys in the order they are written. */
interface Section {
  readonly title: string;
  readonly keys: readonly string[];
}

/** Sections and order of the document this project grew out of; keys it doesn't have follow by their owner. */
const SECTIONS: readonly Section[] = [
  {
    title: 'model',
    keys: [
      'model_name_or_path',
      'adapter_name_or_path',
      'trust_remote_code',
      'use_fast_tokenizer',
      'resize_vocab',
      'split_special_tokens',
      'low_cpu_mem_usage',
      'flash_attn',
      'shift_attn',
      'gradient_checkpointing',
      'disable_gradient_checkpointing',
      'rope_scaling',
      'use_unsloth',
      'enable_liger_kernel',
      'upcast_layernorm',
      'upcast_lmhead_output',
    ],
  },
  {
    title: 'method',
    keys: [
      'stage',
      'do_train',
      'finetuning_type',
      'lora_target',
      'lora_rank',
      'lora_alpha',
      'lora_dropout',
      'use_rslora',
      'use_dora',
      'quantization_bit',
      'quantization_method',
      'create_new_adapter',
    ],
  },
  {
    title: 'data',
    keys: [
      'dataset',
      'eval_dataset',
      'dataset_dir',
      'template',
      'enable_thinking',
      'cutoff_len',
      'train_on_prompt',
      'mask_history',
      'overwrite_cache',
      'preprocessing_num_workers',
      'tokenized_path',
      'max_samples',
      'val_size',
    ],
  },
  {
    title: 'output',
    keys: ['output_dir', 'logging_steps', 'plot_loss', 'overwrite_output_dir', 'report_to'],
  },
  {
    title: 'training',
    keys: [
      'per_device_train_batch_size',
      'gradient_accumulation_steps',
      'per_device_eval_batch_size',
      'learning_rate',
      'lr_scheduler_type',
      'warmup_ratio',
      'warmup_steps',
      'num_train_epochs',
      'max_steps',
      'bf16',
      'fp16',
      'pure_bf16',
      'ddp_timeout',
      'include_num_input_tokens_seen',
    ],
  },
  { title: 'evaluation', keys: ['eval_strategy', 'eval_steps', 'eval_on_start'] },
  { title: 'saving', keys: ['save_strategy', 'save_steps', 'save_total_limit', 'save_only_model'] },
  { title: 'DeepSpeed', keys: ['deepspeed'] },
];

/** Where a key goes that no section names. */
const SECTION_OF_OWNER: Readonly<Record<string, string>> = {
  model: 'model',
  finetuning: 'method',
  data: 'data',
  training: 'training',
  generating: 'evaluation',
};

/** Why a value is what it is, for who knows the document and wonders. Shown where the value is the one named. */
const REASONS: ReadonlyArray<{ readonly key: string; readonly value?: unknown; readonly why: string }> = [
  {
    key: 'quantization_method',
    value: 'bnb',
    why: "'bitsandbytes' is ignored since 0.9.3: nothing would be quantised",
  },
  { key: 'model_name_or_path', why: 'a directory of the model cache' },
  // A smoke run's own places, before those of runs.
  { key: 'dataset_dir', value: '/tmp/smoke/data', why: 'made by launch.sh from the longest samples' },
  { key: 'output_dir', value: '/tmp/smoke/output', why: 'thrown away with the pod' },
  { key: 'dataset_dir', why: 'where dataset_info.json is mounted' },
  { key: 'output_dir', why: 'on the saves volume; the last part follows from what the result depends on' },
  { key: 'tokenized_path', why: 'written by preflight; everything else about data is read there alone' },
  { key: 'report_to', value: 'none', why: 'unset, older releases report to every tracker installed' },
  { key: 'eval_steps', value: 0.1, why: 'a ratio of all steps: fires however short the run is' },
  { key: 'save_steps', value: 0.1, why: 'a ratio of all steps: fires however short the run is' },
  { key: 'deepspeed', why: 'batch size, accumulation and clipping are "auto" there and follow this file' },
];

/** Arguments that come from a YAML: whether a whole number is a float hangs on how it was written, not on the argument. */
export interface WrittenNumbers {
  readonly keys: ReadonlySet<string>;
  /** The keys whose value is a whole number written as a float: `2.0`. */
  readonly floats: ReadonlySet<string>;
}

/** What else decides how train_config.yaml is written. */
export interface Rendering {
  readonly written?: WrittenNumbers;
  /** More reasons, by key. */
  readonly reasons?: Readonly<Record<string, string>>;
}

/**
 * Writes train_config.yaml for a reader: grouped, in a fixed order, with short reasons. What PyYAML and OmegaConf read
 * back is what was given, types included.
 */
export function renderTrainConfig(args: Mapping, release: Release, { written, reasons = {} }: Rendering = {}): string {
  const fields = fieldsOf(release);
  const typeOf = (key: string) => {
    if (written?.keys.has(key)) return written.floats.has(key) ? 'float' : '';
    return fields.get(key)?.type ?? '';
  };
  const placed = placeKeys(args, (key) => SECTION_OF_OWNER[fields.get(key)?.owner ?? 'training'] ?? 'training');
  const sections = placed.map(([title, keys]) => {
    const lines = keys.map((key) => renderKey(key, args[key], typeOf(key), reasons[key]));
    return `# ${title}\n${lines.join('')}`;
  });
  return sections.join('\n');
}

/** One key and its value as lines of YAML, which follow one another to make the file. */
function renderKey(key: string, value: unknown, type: string, reason: string | undefined): string {
  const text = plainText(value, type);
  if (text === undefined) return renderPair(key, value, type);
  const why = reason ?? reasonFor(key, value);
  return `${key}: ${text}${why === undefined ? '' : ` # ${why}`}\n`;
}

/** Words that a reader of YAML 1.1 takes for something else than text; `e6` for a number without digits before it. */
const WORDS = /^(y|n|yes|no|on|off|true|false|null|nan|inf|e[-+]?\d+)$/i;

/** What every YAML reader takes for this value as it stands; undefined: the `yaml` library must find how to write it. */
function plainText(value: unknown, type: string): string | undefined {
  if (typeof value === 'boolean') return String(value);
  if (Object.is(value, -0)) return undefined;
  if (typeof value === 'number') return isFloat(value, type) ? pythonFloatText(value) : String(value);
  if (typeof value === 'string' && /^[A-Za-z/][\w./,-]*$/.test(value) && !WORDS.test(value)) return value;
  return undefined;
}

function renderPair(key: string, value: unknown, type: string): string {
  const { document, map, isScalar } = emptyDocument();
  const pair = document.createPair(key, forYaml(value, type));
  const why = reasonFor(key, value);
  if (why !== undefined && isScalar(pair.value)) pair.value.comment = ` ${why}`;
  map.items = [pair];
  return document.toString({ lineWidth: 0, defaultStringType: 'PLAIN', defaultKeyType: 'PLAIN' });
}

interface OneKeyDocument {
  readonly document: Yaml.Document;
  readonly map: Yaml.YAMLMap;
  readonly isScalar: typeof Yaml.isScalar;
}

let oneKeyDocument: OneKeyDocument | undefined;

/** The document that keys are written with, made once: its schema costs more than a key. */
function emptyDocument(): OneKeyDocument {
  if (oneKeyDocument === undefined) {
    const yaml = loadYaml();
    const map = new yaml.YAMLMap();
    const document = new yaml.Document(undefined, {
      version: '1.1',
      customTags: (tags) => [pythonFloat, quotedText, ...tags],
    });
    document.contents = map;
    oneKeyDocument = { document, map, isScalar: yaml.isScalar };
  }
  return oneKeyDocument;
}

/** A number that Python must read as a float. */
class PythonFloat {
  public constructor(public readonly value: number) {}
}

/** PyYAML reads a float only if it has a dot, and with an exponent only if that has a sign: `3.0e-5`. */
export function pythonFloatText(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  const small = value !== 0 && Math.abs(value) < 1e-3;
  const text = Object.is(value, -0) ? '-0' : small ? value.toExponential() : String(value);
  const [mantissa = text, exponent] = text.split('e');
  const dotted = mantissa.includes('.') ? mantissa : `${mantissa}.0`;
  return exponent === undefined ? dotted : `${dotted}e${exponent}`;
}

const pythonFloat: Yaml.ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  identify: (value) => value instanceof PythonFloat,
  test: /^(?!)/,
  resolve: (text) => text,
  stringify: (node) => pythonFloatText((node.value as PythonFloat).value),
};

/**
 * Characters that PyYAML refuses in a file, takes for the end of a line (NEL, LS, PS) or stumbles over (tab), where the
 * `yaml` library writes them as they are. Source: PyYAML's reader.py (NON_PRINTABLE) and scanner.py.
 */
const TO_ESCAPE = /[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/gu;

/**
 * Texts that PyYAML reads as something else: two keys of YAML 1.1 with a meaning of their own, dates down to
 * `2026-11-24 10:00:00.`, blank lines, whose indentation it counts as a part of them or not, and blank lines at the
 * end, to which it would add those between two sections.
 */
const MISREAD = /^(=|<<|\d{4}-\d\d?-\d\d?.*|\s*|[\s\S]*\n *\n)$/;

const quotedText: Yaml.ScalarTag = {
  tag: 'tag:yaml.org,2002:str',
  default: true,
  identify: (value) => typeof value === 'string' && (value.search(TO_ESCAPE) >= 0 || MISREAD.test(value)),
  test: /^(?!)/,
  resolve: (text) => text,
  stringify: (node) =>
    JSON.stringify(node.value).replace(
      TO_ESCAPE,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
};

/** Whether Python must read a float: the argument is one, or the number isn't whole. */
function isFloat(value: number, type: string): boolean {
  return !Number.isSafeInteger(value) || /\bfloat\b/.test(type);
}

function forYaml(value: unknown, type = ''): unknown {
  if (typeof value === 'number') {
    return isFloat(value, type) ? new PythonFloat(value) : value;
  }
  if (value instanceof PyFloat) return new PythonFloat(value.value);
  if (value instanceof PyBytes) return Buffer.from(value.base64, 'base64');
  if (Array.isArray(value)) return value.map((item) => forYaml(item));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, forYaml(inner)]));
  }
  return value;
}

function placeKeys(args: Mapping, sectionOf: (key: string) => string): Array<[string, string[]]> {
  const given = Object.keys(args).filter((key) => args[key] !== undefined);
  const named = new Set(SECTIONS.flatMap((section) => section.keys));
  const others = given.filter((key) => !named.has(key)).sort();
  return SECTIONS.map((section): [string, string[]] => [
    section.title,
    [...section.keys.filter((key) => given.includes(key)), ...others.filter((key) => sectionOf(key) === section.title)],
  ]).filter(([, keys]) => keys.length > 0);
}

function reasonFor(key: string, value: unknown): string | undefined {
  return REASONS.find((reason) => reason.key === key && (reason.value === undefined || reason.value === value))?.why;
}

function loadYaml(): typeof Yaml {
  return require('yaml');
}
