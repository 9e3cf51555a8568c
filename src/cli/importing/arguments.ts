import { qwenQLoRADefaults } from '../../job/qwen-qlora-defaults';
import { secretArguments } from '../../judge/secrets';
import { argumentsOf } from '../../llamafactory/arguments';
import { camelCase, fieldsOf } from '../../llamafactory/fields';
import { ownerOf } from '../../llamafactory/owned-arguments';
import { fitsProp } from '../../llamafactory/prop-types';
import type { Strategy } from '../../planning/strategy';
import { EditOperation, type Finding } from '../../run/finding';
import type { Release } from '../../run/releases';
import type { Mapping } from '../../run/run';
import { type Change, shown } from './changes';

/** The train arguments of a file as a program says them. */
export interface ImportedArguments {
  /** The prop `train`; undefined: some value is of a form that `train` doesn't type, and the file itself is named. */
  readonly train?: Mapping;
  /** What the trainer reads then, without the arguments that constructs set. */
  readonly args: Mapping;
  readonly changes: readonly Change[];
}

/** A train config as it was read. */
export interface ReadConfig {
  readonly file: string;
  readonly release: Release;
  readonly args: Mapping;
  readonly floats: ReadonlySet<string>;
}

/** What is wrong with a train config in a way that a typed program can't hold, or that must not go on silently. */
const CORRECTED = new Set(['unknown-argument', 'quantization-without-effect']);

/** More corrections than this are none: two of them undo each other. */
const MOST_CORRECTIONS = 50;

/** The arguments of a file for a general run: all of them. */
export function jobArguments(config: ReadConfig): ImportedArguments {
  return asProps(config, Object.fromEntries(throughOf(config)), []);
}

/**
 * The arguments of a file for the preset: those that say something else than it does. Undefined if the preset can't
 * be told to do what the file says: it sets an argument that the file leaves to a default which is no value.
 */
export function presetArguments(
  config: ReadConfig,
  strategy: Strategy,
  evaluated: boolean,
): ImportedArguments | undefined {
  const fields = fieldsOf(config.release);
  const { val_size, ...others } = argumentsOf(qwenQLoRADefaults(strategy)).args;
  const preset: Mapping = evaluated ? others : { val_size, ...others };
  const given = new Map(throughOf(config));
  const train = new Map<string, unknown>();
  const left: string[] = [];
  for (const [key, value] of given) {
    if (key in preset ? same(preset[key], value) : same(fields.get(key)?.default, value)) {
      if (!(key in preset)) left.push(key);
    } else train.set(key, value);
  }
  const added: string[] = [];
  for (const [key, value] of Object.entries(preset)) {
    if (given.has(key)) continue;
    const byDefault = fields.get(key)?.default;
    if (same(value, byDefault)) added.push(key);
    else if (fitsProp(key, byDefault, false)) train.set(key, byDefault);
    else return undefined;
  }
  const changes = [
    ...aboutDefaults(config, left, "left out, since LLaMA-Factory's default says the same"),
    ...aboutDefaults(config, added, "set by the preset to LLaMA-Factory's default"),
  ];
  const imported = asProps(config, Object.fromEntries(train), changes);
  return imported.train === undefined ? undefined : { ...imported, args: { ...preset, ...imported.args } };
}

function asProps({ floats, args, file }: ReadConfig, train: Mapping, changes: readonly Change[]): ImportedArguments {
  const typed = Object.entries(train).every(([key, value]) => fitsProp(key, value, floats.has(key)));
  if (!typed) return { args: Object.fromEntries(Object.entries(args).filter(([key]) => !ownerOf(key))), changes: [] };
  const secrets = secretNames(args);
  const nulls = Object.keys(args).filter((key) => args[key] === null && !ownerOf(key));
  return {
    train: Object.fromEntries(Object.entries(train).map(([key, value]) => [camelCase(key), value])),
    args: train,
    changes: [
      ...aboutDefaults({ file }, nulls, 'left out, since null is the default'),
      ...changes,
      ...secrets.map((key) => ({
        file,
        key,
        text: 'left out: a secret has no place in a program or a manifest',
      })),
    ],
  };
}

/** What must be said: not what constructs set, no null where that is the default, no secrets. */
function throughOf({ args, release }: ReadConfig): [string, unknown][] {
  const fields = fieldsOf(release);
  const secrets = secretNames(args);
  return Object.entries(args).filter(
    ([key, value]) =>
      ownerOf(key) === undefined && !secrets.includes(key) && !(value === null && fields.get(key)?.default === null),
  );
}

/** The arguments that hold a secret, which would stand in the program and in a ConfigMap. */
export function secretNames(args: Mapping): string[] {
  return [...new Set([...secretArguments(args).keys()].map((place) => place.split(/[.[]/)[0] ?? place))];
}

function aboutDefaults({ file }: Pick<ReadConfig, 'file'>, keys: readonly string[], text: string): Change[] {
  return keys.length === 0 ? [] : [{ file, key: keys.join(', '), text }];
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a, bigintAsText) === JSON.stringify(b, bigintAsText);
}

function bigintAsText(_: string, part: unknown): unknown {
  return typeof part === 'bigint' ? `${part}n` : part;
}

/**
 * Takes out of a config what a typed program can't hold: arguments the release doesn't know, text where a number is
 * meant; and a quantization method that quantises nothing. All else that is wrong with it stays.
 *
 * @param find what is wrong with a config, with corrections as data
 */
export function corrected(
  config: ReadConfig,
  find: (args: Mapping) => readonly Finding[],
): { readonly config: ReadConfig; readonly changes: readonly Change[] } {
  let { args } = config;
  const changes: Change[] = [];
  const done = new Set<string>();
  while (done.size < MOST_CORRECTIONS) {
    const next = find(args).find((finding) => isCorrectable(finding, config, args) && !done.has(nameOf(finding)));
    if (next === undefined) break;
    done.add(nameOf(next));
    for (const { key, op, value } of next.fix ?? []) {
      const from = args[key];
      const { [key]: _, ...others } = args;
      if (op === EditOperation.SET) args = { ...args, [key]: value };
      else if (op === EditOperation.RENAME) args = { ...others, [String(value)]: from };
      else args = others;
      const to =
        op === EditOperation.SET ? shown(value, key) : op === EditOperation.RENAME ? `as ${value}` : 'left out';
      changes.push({ file: config.file, key, text: `${shown(from, key)} -> ${to}: ${next.message}` });
    }
  }
  return { config: { ...config, args }, changes };
}

function isCorrectable({ id, key, fix }: Finding, { file, floats }: ReadConfig, args: Mapping): boolean {
  if (fix === undefined || fix.length === 0 || fix.some((edit) => edit.file !== file)) return false;
  return CORRECTED.has(id) || (id === 'argument-type' && !fitsProp(key, args[key], floats.has(key)));
}

function nameOf({ id, key, message }: Finding): string {
  return `${id} ${key} ${message}`;
}
