import type { QuantisedFiles } from './model-shape';
import { type Release, since } from './releases';
import { isMapping, type Mapping } from './run';

export type { QuantisedFiles };

/** What AutoAWQ and GPTQModel take, and nearly all models on the hubs have. */
const GROUP_SIZE = 128;

/** The words of a model's name that say how its files are quantised, and in how many bits unless it says. */
const WORDS: Readonly<Record<string, readonly [method: string, bits: number]>> = {
  awq: ['awq', 4],
  gptq: ['gptq', 4],
  aqlm: ['aqlm', 2],
  bnb: ['bitsandbytes', 4],
  mxfp4: ['mxfp4', 4],
  fp8: ['fp8', 8],
  // Qwen's first models say no more.
  int4: ['gptq', 4],
  int8: ['gptq', 8],
};

/**
 * How the files of a model are quantised; undefined: they are not, as far as is known.
 *
 * @param name the last part of what `model_name_or_path` names
 * @param config its config.json, where that is at hand: LLaMA-Factory goes by it alone
 */
export function quantisedFilesOf(name: string, config?: Mapping): QuantisedFiles | undefined {
  return config === undefined ? byName(name) : byConfig(config['quantization_config']);
}

/**
 * Whether a release undoes the quantisation while it loads the model, which takes 16 bits then.
 * Source: src/llamafactory/model/model_utils/quantization.py, configure_quantization.
 */
export function isUndoneOnLoad(release: Release, { method }: QuantisedFiles): boolean {
  return since(release, '0.9.4') && (method === 'mxfp4' || method === 'fp8');
}

/** Source: transformers, src/transformers/utils/quantization_config.py. */
function byConfig(config: unknown): QuantisedFiles | undefined {
  if (!isMapping(config) || Object.keys(config).length === 0) return undefined;
  const { quant_method: method, bits, group_size: size } = config;
  const flagged = config['load_in_4bit'] === true ? 4 : config['load_in_8bit'] === true ? 8 : undefined;
  return {
    method: typeof method === 'string' ? method : '',
    bits: typeof bits === 'number' ? bits : flagged,
    groupSize: typeof size === 'number' && size > 0 ? size : GROUP_SIZE,
    said: 'config.json',
  };
}

function byName(name: string): QuantisedFiles | undefined {
  // It stands after what the model is called: a folder `int4-runs` is another thing.
  const words = name.toLowerCase().split('-').slice(1);
  const [method, usual] = WORDS[words.find(isMethod) ?? ''] ?? [];
  if (method === undefined) return undefined;
  const said = words.find((word) => WIDTH.test(word));
  const bits = said === undefined ? usual : Number(/\d/.exec(said)?.[0]);
  return { method, bits, groupSize: GROUP_SIZE, said: 'name' };
}

/** The name, in small letters, of the model that was quantised: `qwen2.5-7b-instruct-gptq-int4` was made of `qwen2.5-7b-instruct`. */
export function withoutQuantisation(name: string): string {
  const words = name.split('-');
  while (words.length > 1 && (isMethod(words.at(-1)) || WIDTH.test(words.at(-1) ?? ''))) words.pop();
  return words.join('-');
}

/** How many bits a weight has, as a word of a name says it. */
const WIDTH = /^(?:int[2348]|[2348]bits?)$/;

function isMethod(word: string | undefined): boolean {
  return word !== undefined && Object.hasOwn(WORDS, word);
}
