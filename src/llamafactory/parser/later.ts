import { asJson } from '../../run/as-json';
import type { Place } from '../../run/finding';
import { nearest } from '../../run/nearest';
import { isUndoneOnLoad } from '../../run/quantised-files';
import { since } from '../../run/releases';
import { DATA_TYPES, dataFilesAt } from '../data-files';
import { joinPath, meantFile } from '../files';
import { jsonFault } from '../json-fault';
import { hasTemplate, templatesOf } from '../templates';
import { isZero3 } from './deepspeed';
import { put, remove } from './edits';
import { isNone } from './model';
import { needsPackages } from './packages';
import { among, contains, equal, hashable, isDict, items, loadJson, needPath, needString, truthy } from './python';
import { asksToQuantize } from './quantizes';
import { once, type State, type Step } from './state';

const DATA_PARSER = 'src/llamafactory/data/parser.py';
const QUANTIZATION = 'src/llamafactory/model/model_utils/quantization.py';
const ADAPTER = 'src/llamafactory/model/adapter.py, init_adapter';
const STAGES = ['pt', 'sft', 'rm', 'ppo', 'dpo', 'kto'];

/** What fails after the parser and can be told without weights: template, data sets, stage, quantisation, attention. */
export const LATER_STEPS: readonly Step[] = [
  {
    id: 'template',
    keys: ['template'],
    title: 'the release has no template of the name',
    message: ({ values, release }) => `LLaMA-Factory ${release} has no template ${asJson(values['template'])}`,
    upstream: 'Template does not exist.',
    source: 'src/llamafactory/data/template.py',
    refuses({ values, release }) {
      const name = values['template'];
      if (isNone(name)) return false;
      hashable(name);
      return typeof name !== 'string' || !hasTemplate(release, name);
    },
    fix(state) {
      const name = state.values['template'];
      const meant = typeof name === 'string' ? nearest(name, templatesOf(state.release)) : undefined;
      return meant === undefined ? [] : put(state, 'template', meant);
    },
  },
  datasets('dataset'),
  datasets('eval_dataset'),
  {
    id: 'stage',
    keys: ['stage'],
    title: '`stage` is none of its choices',
    message: ({ values }) => `\`stage\` is ${asJson(values['stage'])}; allowed: ${STAGES.join(', ')}`,
    upstream: 'Unknown task',
    source: 'src/llamafactory/train/tuner.py',
    refuses: ({ values }) => !among(values['stage'], STAGES),
    fix(state) {
      const value = state.values['stage'];
      const meant = typeof value === 'string' ? nearest(value, STAGES) : undefined;
      return meant === undefined ? [] : put(state, 'stage', meant);
    },
  },
  {
    id: 'ptq-sharded',
    keys: ['model_name_or_path', 'deepspeed'],
    title: 'a model whose files are quantised already does not go with ZeRO-3 or FSDP',
    message: (state) => `${quantisedFiles(state)}, which does not go with ${state.fsdpEnabled ? 'FSDP' : 'ZeRO-3'}`,
    upstream: 'DeepSpeed ZeRO-3 or FSDP is incompatible with PTQ-quantized models.',
    source: QUANTIZATION,
    refuses: (state) => staysQuantised(state) && (isZero3(state) || state.fsdpEnabled),
    fix: () => [],
    change:
      'train the model it was made from with quantization_bit: 4, or this one without ZeRO-3 and FSDP: with ZeRO-2, or without a DeepSpeed config',
  },
  ptqPackage('gptq', 'gptqmodel'),
  ptqPackage('awq', 'autoawq'),
  ptqPackage('aqlm', 'aqlm'),
  {
    id: 'ptq-tuning',
    keys: ['finetuning_type', 'model_name_or_path'],
    title: 'weights whose files are quantised already can not be trained themselves',
    message: (state) => `${quantisedFiles(state)}, and such weights can not be trained themselves`,
    upstream: 'Quantized models can only be used for the LoRA or OFT tuning.',
    source: ADAPTER,
    refuses: (state) =>
      staysQuantised(state) &&
      truthy(state.values['do_train']) &&
      !among(state.values['finetuning_type'], since(state.release, '0.9.4') ? ['lora', 'oft'] : ['lora']),
    fix: (state) => put(state, 'finetuning_type', 'lora'),
    change: 'set finetuning_type: lora, or train the model it was made from',
  },
  {
    id: 'ptq-pissa',
    keys: ['pissa_init'],
    title: 'PiSSA does not start from weights whose files are quantised already',
    message: (state) => `${quantisedFiles(state)}, and PiSSA does not start from such weights`,
    upstream: 'Cannot initialize PiSSA adapter on quantized models.',
    source: ADAPTER,
    refuses: (state) => staysQuantised(state) && truthy(state.values['do_train']) && truthy(state.values['pissa_init']),
  },
  {
    id: 'export-quantization-bit',
    keys: ['export_quantization_bit'],
    message: 'quantising on export needs the packages optimum and gptqmodel, and has no part in training',
    upstream: 'AutoGPTQ only accepts 2/3/4/8-bit quantization.',
    source: QUANTIZATION,
    refuses: ({ values, input }) => input.quantised === undefined && !isNone(values['export_quantization_bit']),
  },
  {
    id: 'bnb-bits',
    keys: ['quantization_bit'],
    message: 'bitsandbytes takes `quantization_bit` 4 or 8',
    upstream: 'Bitsandbytes only accepts 4-bit or 8-bit quantization.',
    source: QUANTIZATION,
    refuses: (state) =>
      quantizes(state, 'bnb') &&
      among(state.values['finetuning_type'], ['lora', 'oft']) &&
      !among(state.values['quantization_bit'], [8, 4]),
    fix: (state) => put(state, 'quantization_bit', 4),
  },
  {
    id: 'double-quantization',
    keys: ['double_quantization'],
    message: '`double_quantization` must be true or false',
    upstream: 'bnb_4bit_use_double_quant must be a boolean',
    source: 'transformers: src/transformers/utils/quantization_config.py',
    refuses: (state) => fourBit(state) && typeof state.values['double_quantization'] !== 'boolean',
  },
  {
    id: 'quantization-type',
    keys: ['quantization_type'],
    message: '`quantization_type` must be a string',
    upstream: 'bnb_4bit_quant_type must be a string',
    source: 'transformers: src/transformers/utils/quantization_config.py',
    refuses: (state) => fourBit(state) && typeof state.values['quantization_type'] !== 'string',
  },
  {
    id: 'bnb-bits-sharded',
    keys: ['quantization_bit', 'deepspeed', 'quantization_device_map'],
    message: 'under ZeRO-3, FSDP or a device map only a 4-bit model can be loaded',
    upstream: 'Only 4-bit quantized model can use fsdp+qlora or auto device map.',
    source: QUANTIZATION,
    refuses: (state) =>
      quantizes(state, 'bnb') &&
      equal(state.values['quantization_bit'], 8) &&
      (isZero3(state) || state.fsdpEnabled || equal(state.values['quantization_device_map'], 'auto')),
    fix: (state) => put(state, 'quantization_bit', 4),
  },
  otherMethod('hqq', [8, 6, 5, 4, 3, 2, 1]),
  methodPackage('hqq'),
  otherMethod('eetq', [8]),
  methodPackage('eetq'),
  attention(['auto', 'disabled', 'sdpa', 'fa2']),
];

/** Whether the model is quantised while it is loaded: files that are quantised already go first. */
function quantizes({ values, input }: State, method: string): boolean {
  return input.quantised === undefined && asksToQuantize(values, method);
}

function fourBit(state: State): boolean {
  return quantizes(state, 'bnb') && equal(state.values['quantization_bit'], 4);
}

/** Whether the model's files are quantised already, and stay so once they are loaded. */
function staysQuantised({ input, release }: State): boolean {
  return input.quantised !== undefined && !isUndoneOnLoad(release, input.quantised);
}

function quantisedFiles({ input }: State): string {
  return `the model's files are quantised already (${input.quantised?.method}, by its ${input.quantised?.said})`;
}

/** What a model whose files are quantised is loaded with. */
function ptqPackage(method: string, name: string): Step {
  return needsPackages({
    key: 'model_name_or_path',
    names: [name],
    what: `a model quantised by ${method}`,
    removable: false,
    source: QUANTIZATION,
    needed: ({ input }) => input.quantised?.method === method,
  });
}

function otherMethod(method: 'hqq' | 'eetq', bits: readonly number[]): Step {
  const name = method.toUpperCase();
  const listed = [...bits].sort().join('/');
  const takesBits = ({ values }: State) => among(values['quantization_bit'], bits);
  const sharded = (state: State) => isZero3(state) || state.fsdpEnabled;
  return {
    id: `${method}-quantization`,
    keys: ['quantization_method', 'quantization_bit'],
    title: `${name} does not go with ZeRO-3 or FSDP, and takes some widths only`,
    message: (state) =>
      [
        ...(sharded(state) ? [`${name} does not go with ZeRO-3 or FSDP`] : []),
        ...(takesBits(state) ? [] : [`${name} takes \`quantization_bit\` ${listed}`]),
      ].join('; '),
    // The first that the real parser stops at.
    upstream: (state) =>
      takesBits(state)
        ? `${name} quantization is incompatible with DeepSpeed ZeRO-3 or FSDP.`
        : `${name} only accepts ${listed}-bit quantization.`,
    source: QUANTIZATION,
    refuses: (state) => quantizes(state, method) && (sharded(state) || !takesBits(state)),
    fix: (state) => [...put(state, 'quantization_method', 'bnb'), ...put(state, 'quantization_bit', 4)],
  };
}

function methodPackage(method: 'hqq' | 'eetq'): Step {
  return needsPackages({
    key: 'quantization_method',
    names: [method],
    what: `\`quantization_method: ${method}\``,
    removable: false,
    source: QUANTIZATION,
    needed: (state) => quantizes(state, method),
  });
}

function attention(kernels: readonly string[]): Step {
  return {
    id: 'flash-attn',
    keys: ['flash_attn'],
    title: '`flash_attn` is none of its choices',
    message: ({ values }) => `\`flash_attn\` is ${asJson(values['flash_attn'])}; allowed: ${kernels.join(', ')}`,
    upstream: 'Unknown attention type',
    source: 'src/llamafactory/model/model_utils/attention.py',
    refuses: ({ values }) => !among(values['flash_attn'], kernels),
    fix(state) {
      const given = state.values['flash_attn'];
      const value = typeof given === 'string' ? given : '';
      if (/^fl?a(sh)?.*2$/.test(value)) return put(state, 'flash_attn', 'fa2');
      const meant = nearest(value, kernels);
      return meant === undefined ? remove(state, 'flash_attn') : put(state, 'flash_attn', meant);
    },
  };
}

/** A data set's fault: what is wrong, and the name that may be meant. */
interface DatasetFault {
  /** The name at fault; undefined: the whole file is. */
  readonly name?: unknown;
  readonly text: string;
  readonly meant?: string;
  /** The file that is not here, where that is the fault. */
  readonly absent?: string;
  /** Where it is, if not in the train config. */
  readonly place?: Place;
  /** The stage the data set is for, where that is what doesn't fit. */
  readonly stage?: string;
}

function datasets(key: 'dataset' | 'eval_dataset'): Step {
  return {
    id: 'dataset',
    keys: [key, 'dataset_dir'],
    title: 'a data set is not in dataset_info.json, or its entry is none',
    message: (state) => faultOf(state, key)?.text ?? '',
    upstream: 'Undefined dataset in dataset_info.json.',
    source: DATA_PARSER,
    refuses: (state) => faultOf(state, key) !== undefined,
    absent: (state) => faultOf(state, key)?.absent,
    place: (state) => faultOf(state, key)?.place,
    fix(state) {
      const fault = faultOf(state, key);
      const names = isNone(state.values[key]) ? [] : items(state.values[key]);
      const { name, meant } = fault ?? {};
      // A name that is there already would be trained on twice, and what is left out is not the author's run.
      if (meant === undefined || names.includes(meant)) return [];
      return put(state, key, names.map((each) => (each === name ? meant : each)).join(','));
    },
    change: 'name a data set of dataset_info.json whose file is there and whose kind fits the stage',
  };
}

function faultOf(state: State, key: string): DatasetFault | undefined {
  return once(state, key, () => findFault(state, key));
}

function findFault(state: State, key: string): DatasetFault | undefined {
  const names = isNone(state.values[key]) ? [] : items(state.values[key]);
  const info = datasetInfo(state, names.length > 0);
  if (info === undefined) return undefined;
  if ('text' in info) return info;
  const faults = names.flatMap(
    (name) => (info.online ? faultOnline(state, name) : faultOfName(state, name, info.entries)) ?? [],
  );
  return faults.find(({ absent }) => absent === undefined) ?? faults[0];
}

/** The entries of dataset_info.json, or none because the names are those of a hub; a file that holds null says so, too. */
interface Info {
  readonly entries?: unknown;
  readonly online?: boolean;
}

/** The entries of dataset_info.json, or why there are none; undefined: not known, or not asked for. */
function datasetInfo(state: State, needed: boolean): Info | DatasetFault | undefined {
  const { values, files, input } = state;
  const folder = values['dataset_dir'];
  if (isDict(folder) && since(state.release, '0.9.4')) return { entries: folder };
  if (folder === 'ONLINE') return { online: true };
  needString(folder, 'startswith');
  if (folder.startsWith('REMOTE:'))
    return files ? { text: '`dataset_dir` is on a hub, and the parser asks for it at once' } : undefined;
  if (!needed) return undefined;
  if (!files)
    return input.datasets ? { entries: Object.fromEntries(input.datasets.map((d) => [d.name, d.entry])) } : undefined;
  const path = joinPath(folder, 'dataset_info.json');
  const text = files.read(path);
  if (text === undefined) {
    return { text: `cannot open ${path}`, ...(files.kind(path) === undefined ? { absent: path } : {}) };
  }
  if (text !== lastRead?.text) lastRead = { text, info: infoIn(text) };
  if (lastRead.info !== undefined) return lastRead.info;
  const mark = text.startsWith('\ufeff') ? ': it begins with a byte order mark' : '';
  const fault = jsonFault(text);
  const place = fault && { file: path, line: fault.line, column: fault.column };
  return { text: `${path} is not valid JSON${mark === '' && fault !== undefined ? `: ${fault.text}` : mark}`, place };
}

/** What was read last: the configs of one folder share the file. */
let lastRead: { readonly text: string; readonly info: Info | undefined } | undefined;

/** Undefined: no JSON. */
function infoIn(text: string): Info | undefined {
  try {
    const entries = loadJson(text);
    return isNone(entries) ? { online: true } : { entries };
  } catch {
    return undefined;
  }
}

function faultOnline({ values }: State, name: unknown): DatasetFault | undefined {
  if (!equal(values['stage'], 'rm')) return undefined;
  return { name, text: 'data sets straight from a hub are never for preferences, which stage rm needs' };
}

function faultOfName(state: State, name: unknown, entries: unknown): DatasetFault | undefined {
  if (!contains(entries, name)) {
    const known = isDict(entries) ? Object.keys(entries) : [];
    const meant = typeof name === 'string' ? nearest(name, known) : undefined;
    const has = known.length > 0 ? `; it has ${known.slice(0, 8).join(', ')}${known.length > 8 ? ', ...' : ''}` : '';
    const hint = meant ? `; did you mean ${meant}?` : has;
    return { name, text: `data set ${asJson(name)} is not in dataset_info.json${hint}`, meant };
  }
  const entry = isDict(entries) && typeof name === 'string' ? entries[name] : undefined;
  if (entry === undefined && !state.files) return undefined;
  if (!isDict(entry)) return { name, text: `the entry of data set ${asJson(name)} in dataset_info.json is no mapping` };
  return typeof name === 'string' ? faultOfEntry(state, name, entry) : undefined;
}

function faultOfEntry(state: State, name: string, entry: Readonly<Record<string, unknown>>): DatasetFault | undefined {
  const remote = ['hf_hub_url', 'ms_hub_url', 'om_hub_url', 'script_url', 'cloud_file_name'].some(
    (key) => key in entry,
  );
  if (!remote && !('file_name' in entry)) {
    return { name, text: `the entry of data set ${name} in dataset_info.json names no source (file_name)` };
  }
  for (const key of ['columns', 'tags']) {
    if (key in entry && !isDict(entry[key])) {
      return { name, text: `${key} of data set ${name} in dataset_info.json is no mapping` };
    }
  }
  const stage = state.values['stage'];
  const ranking = 'ranking' in entry ? entry['ranking'] : false;
  if (equal(stage, 'rm') && ranking === false) {
    return { name, text: `data set ${name} has no \`ranking: true\` in dataset_info.json, which stage rm needs` };
  }
  if (!among(stage, ['rm', 'dpo']) && ranking === true) {
    return {
      name,
      text: `data set ${name} is for preferences (\`ranking: true\`), which only the stages rm and dpo take`,
    };
  }
  if (!remote) {
    const missing = missingFile(state, entry['file_name']);
    if (missing !== undefined) {
      const meant = state.files && meantFile(state.files, missing);
      const text = `the file of data set ${name}, ${missing}, is not there`;
      return meant === undefined ? { name, text, absent: missing } : { name, text: `${text}; did you mean ${meant}?` };
    }
    const ending = unreadEnding(state, entry['file_name']);
    if (ending !== undefined)
      return { name, text: `${ending} of data set ${name} is none of ${DATA_TYPES.join(', ')}` };
  }
  const formatting = 'formatting' in entry ? entry['formatting'] : 'alpaca';
  if (among(formatting, ['alpaca', 'sharegpt', 'openai'])) return undefined;
  return { name, text: `\`formatting\` of data set ${name} is none of alpaca, sharegpt, openai` };
}

/** The ending of a file that no reader is for: they are told by it, in small letters. */
function unreadEnding({ values, files }: State, file: unknown): string | undefined {
  if (!files || typeof file !== 'string' || typeof values['dataset_dir'] !== 'string') return undefined;
  const path = joinPath(values['dataset_dir'], file);
  if (files.kind(path) !== 'file' || dataFilesAt([path], path).length > 0) return undefined;
  return `the ending of the file ${path}`;
}

function missingFile({ values, files }: State, file: unknown): string | undefined {
  needPath(values['dataset_dir']);
  if (typeof file !== 'string') return String(file);
  if (!files) return undefined;
  const path = joinPath(values['dataset_dir'], file);
  return files.kind(path) === undefined ? path : undefined;
}
