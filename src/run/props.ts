import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from './finding';
import { nearest } from './nearest';
import { isMapping } from './run';

/** What a prop may be. */
export type PropKind =
  | { readonly kind: 'any' | 'string' | 'number' | 'boolean' }
  | { readonly kind: 'list' | 'map'; readonly of: PropKind }
  | { readonly kind: 'enum'; readonly name: string; readonly members: Readonly<Record<string, string>> }
  /** `class`: an instance; `props`: an interface of the library's; `object`: one of somebody else's. */
  | { readonly kind: 'class' | 'props' | 'object'; readonly name: string };

/** The props of an interface. */
export type PropShape = Readonly<Record<string, PropKind & { readonly required?: boolean }>>;

/** Props that were looked at. */
export interface CheckedProps<T> {
  /** Those that are what they must be. */
  readonly sound: Partial<T>;
  /** All of them, if none is missing that nothing can stand for. */
  readonly props: T | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Looks at the props of a construct or value class: a program that isn't type-checked, as under tsx, may have misspelt
 * one or given it something else. What is wrong is left out, so that the rest can be checked.
 *
 * @param name the interface
 * @param given what the program says
 * @param at what stands before the key in findings: `NodePool.`; nothing for constructs
 */
export function checkedProps<T extends object>(name: string, given: T | undefined, at = ''): CheckedProps<T> {
  const { value, problems } = checkShape(name, given ?? {}, at);
  const sound = (value ?? {}) as Record<string, unknown>;
  const required = Object.entries(shapes()[name] ?? {}).filter(([, kind]) => kind.required === true);
  const raw: Readonly<Record<string, unknown>> = isMapping(given) ? given : {};
  const unsaid = required.filter(([key]) => raw[key] === undefined);
  return {
    sound: sound as Partial<T>,
    props: required.every(([key]) => key in sound) ? (sound as T) : undefined,
    problems: [
      ...problems,
      ...(value === undefined ? [] : unsaid).map(
        ([key, kind]): Problem => ({
          id: 'missing-prop',
          key: `${at}${key}`,
          message: 'it must be given: nothing can stand for it',
          allowed: wanted(kind),
        }),
      ),
    ],
  };
}

/** What is wrong with one argument of a call: `NodePool.of(undefined)`. */
export function argumentProblems(kind: PropKind, given: unknown, at: string): readonly Problem[] {
  return checkKind(kind, given, at).problems;
}

interface Checked {
  /** Undefined: nothing of it can be used. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

function checkShape(name: string, given: unknown, at: string): Checked {
  const shape = shapes()[name] ?? {};
  if (!isMapping(given))
    return { value: undefined, problems: [wrong(at.replace(/\.$/, '') || 'props', given, `the props of ${name}`)] };
  const problems: Problem[] = [];
  const value: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(given)) {
    if (part === undefined) continue;
    const kind = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (kind === undefined) {
      problems.push(unknownProp(`${at}${key}`, key, Object.keys(shape)));
      continue;
    }
    const checked = checkKind(kind, part, `${at}${key}`);
    problems.push(...checked.problems);
    if (checked.value !== undefined) value[key] = checked.value;
  }
  return { value, problems };
}

function checkKind(kind: PropKind, given: unknown, at: string): Checked {
  switch (kind.kind) {
    case 'any':
      return nested(given, at);
    case 'list':
      if (!Array.isArray(given)) break;
      return together(given.map((item, i) => checkKind(kind.of, item, `${at}[${i}]`)));
    case 'map': {
      if (!isMapping(given)) break;
      const entries = Object.entries(given).filter(([, part]) => part !== undefined);
      const parts = entries.map(([key, part]) => [key, checkKind(kind.of, part, `${at}.${key}`)] as const);
      return {
        value: Object.fromEntries(parts.flatMap(([key, { value }]) => (value === undefined ? [] : [[key, value]]))),
        problems: parts.flatMap(([, { problems }]) => problems),
      };
    }
    case 'props':
      if (isMapping(given)) return checkShape(kind.name, given, `${at}.`);
      break;
    case 'object':
      if (isMapping(given)) return { value: given, problems: [] };
      break;
    case 'class':
      if (!isInstance(given, kind.name)) break;
      if (kind.name === 'Duration') return duration(given as Duration, at);
      return { value: given, problems: [] };
    case 'enum':
      if (Object.values(kind.members).includes(given as string)) return { value: given, problems: [] };
      break;
    default:
      if (typeof given === kind.kind) return { value: given, problems: [] };
  }
  return { value: undefined, problems: [wrong(at, given, wanted(kind))] };
}

/** The longest that a field of 32 bits holds. */
const MOST_SECONDS = 2 ** 31 - 1;

/** A duration of cdk8s, as far as it is looked at. */
interface Duration {
  toSeconds(options: { readonly integral: boolean }): number;
}

/** Kubernetes counts in whole seconds. */
function duration(given: Duration, at: string): Checked {
  const seconds = given.toSeconds({ integral: false });
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= MOST_SECONDS) return { value: given, problems: [] };
  const problem: Problem = {
    id: 'invalid-prop',
    key: at,
    message: 'Kubernetes counts in whole seconds',
    got: `${seconds} s`,
    allowed: `whole seconds, at most ${MOST_SECONDS}`,
  };
  return { value: undefined, problems: [problem] };
}

/** No manifest is nested deeper. */
const DEEPEST = 64;

/** A value that anything may stand in, but that must come to an end. */
function nested(given: unknown, at: string): Checked {
  if (!isDeeper(given, DEEPEST)) return { value: given, problems: [] };
  const problem: Problem = {
    id: 'invalid-prop',
    key: at,
    message: 'this is nested too deeply, or holds itself',
    allowed: `at most ${DEEPEST} levels`,
  };
  return { value: undefined, problems: [problem] };
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1));
}

function together(parts: readonly Checked[]): Checked {
  return {
    value: parts.flatMap(({ value }) => (value === undefined ? [] : [value])),
    problems: parts.flatMap(({ problems }) => problems),
  };
}

function unknownProp(at: string, key: string, known: readonly string[]): Problem {
  const meant = nearest(key, known);
  return {
    id: 'unknown-prop',
    key: at,
    message: 'there is no such prop, and nothing would come of it',
    got: key,
    ...(meant === undefined ? { allowed: [...known].sort().join(', ') } : { change: `did you mean ${meant}?` }),
  };
}

function wrong(key: string, given: unknown, allowed: string): Problem {
  return { id: 'invalid-prop', key, message: 'this is of another kind', got: shown(given), allowed };
}

/** A value as a person would name it: short, and of a text only its length, since it may be a secret. */
function shown(given: unknown): string {
  if (given === null) return 'null';
  if (given === undefined) return 'undefined';
  if (typeof given === 'string') return `a text of ${given.length} characters`;
  if (typeof given === 'function') return given.name === '' ? 'a function' : `the function or class ${given.name}`;
  if (Array.isArray(given)) return `a list of ${given.length}`;
  if (typeof given === 'bigint') return `${given}n`;
  if (typeof given !== 'object') return String(given);
  const { name } = Object.getPrototypeOf(given)?.constructor ?? { name: '' };
  return name === 'Object' || name === '' ? 'a mapping' : `a ${name}`;
}

/** How values of some classes are made. */
const MADE: Readonly<Record<string, string>> = {
  Adapter: 'an Adapter: Adapter.fromSaves(earlier.outputDirectory), or Adapter.fromClaim({ … })',
  Size: 'a Size: Size.gibibytes(20)',
  Duration: 'a Duration: Duration.minutes(10)',
  Model: 'a Model: QwenModel.QWEN3_14B, or Model.custom(…)',
  Gpu: 'a Gpu: Gpu.T10, or Gpu.custom(…)',
  NodePool: 'a NodePool: NodePool.of(Gpu.T10)',
  CaBundle: "a CaBundle: CaBundle.fromConfigMap('company-ca'), or CaBundle.fromSecret(…)",
  DnsServer: "a DnsServer: DnsServer.kubeDns(), DnsServer.pods({ … }), or DnsServer.address('169.254.20.10')",
  CpuPool: 'a CpuPool: CpuPool.of(), or CpuPool.gpuNodes()',
  ModelCache: "a ModelCache: new ModelCache(chart, 'models')",
  SavesVolume: "a SavesVolume: new SavesVolume(chart, 'saves')",
  DatasetVolume: "a DatasetVolume: DatasetVolume.fromFile(chart, 'math', { path: 'math.json' })",
  DeepSpeedZero3: "a DeepSpeedZero3: new DeepSpeedZero3(chart, 'zero3')",
  TrainConfig: "a TrainConfig: TrainConfig.fromYaml('train_config.yaml')",
  TrainerImage: 'a TrainerImage: TrainerImage.official(), or TrainerImage.custom(…)',
  Source: 'a Source: Source.modelScope(), Source.huggingFace(), or Source.http(…)',
  NetworkAccess: 'a NetworkAccess: NetworkAccess.restricted(), or NetworkAccess.unrestricted()',
  Gate: 'a Gate: Gate.wait(), or Gate.waves()',
};

function wanted(kind: PropKind): string {
  switch (kind.kind) {
    case 'any':
      return 'anything';
    case 'string':
      return 'a text';
    case 'boolean':
      return 'true or false';
    case 'number':
      return 'a number';
    case 'list':
      return `a list, each ${wanted(kind.of)}`;
    case 'map':
      return `a mapping, each value ${wanted(kind.of)}`;
    case 'enum':
      return Object.keys(kind.members)
        .map((member) => `${kind.name}.${member}`)
        .join(', ');
    case 'class':
      return MADE[kind.name] ?? `a ${kind.name}`;
    default:
      return `a mapping: ${kind.name}`;
  }
}

/** By the class's name: two copies of a package have two classes of it. */
function isInstance(value: unknown, name: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  for (let type = Object.getPrototypeOf(value); type !== null; type = Object.getPrototypeOf(type)) {
    if (type.constructor?.name === name) return true;
  }
  return false;
}

let known: Readonly<Record<string, PropShape>> | undefined;

function shapes(): Readonly<Record<string, PropShape>> {
  known ??= JSON.parse(readFileSync(join(__dirname, '../../data/props.json'), 'utf8')) as Record<string, PropShape>;
  return known;
}
