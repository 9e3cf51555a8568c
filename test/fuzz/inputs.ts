import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { fieldsOf } from '../../src/llamafactory/fields';
import { RELEASES, type Release } from '../../src/run/releases';
import { SURROUNDINGS, type Surrounding, textOf } from '../parity/surroundings';

/** Files of a folder by name, and what is asked about them. */
export interface FilesInput {
  readonly kind: string;
  readonly release: Release;
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** Whether to apply fixes as well. */
  readonly fix: boolean;
}

/** Values of arguments for the renderer. */
export interface ValuesInput {
  readonly kind: 'values';
  readonly release: Release;
  readonly args: Readonly<Record<string, unknown>>;
}

export type Input = FilesInput | ValuesInput;

const SEED_FOLDER = join(__dirname, '../fixtures/seed');
const seedFile = (name: string) => readFileSync(join(SEED_FOLDER, name), 'utf8');

const CONFIG = 'train.yaml';
const SEED_CONFIG = seedFile('train_config.yaml');
const SEED_DEEPSPEED = seedFile('configs/ds_config_zero3.json');
const SEED_INFO = seedFile('data/dataset_info.json');
const SEED_LAUNCH = seedFile('launch.sh');
const ROWS = JSON.stringify(
  ['2 + 2?', '7 - 4?', '3 * 5?'].map((content) => ({
    messages: [
      { role: 'system', content: 'be brief' },
      { role: 'user', content },
      { role: 'assistant', content: 'so', tool_calls: [{ function: { name: 'add', arguments: '{}' } }] },
    ],
  })),
);
const CONFIGS = [
  SEED_CONFIG,
  ...(Object.keys(SURROUNDINGS) as Surrounding[]).map((name) => textOf(SURROUNDINGS[name])),
];

const PIECES = [
  '\n',
  ' ',
  '  - ',
  ': ',
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  ',',
  '&a ',
  '*a',
  '!!',
  '|\n',
  '>\n',
  '? ',
  '%YAML 1.3\n',
  '\t',
  '${',
  '<<: *a\n',
  'null',
  '-1',
  '0',
  '1e999',
  '.nan',
  '9007199254740993',
  '0x',
  '\u0000',
  '\ud800',
  '\u2028',
  '__proto__: 1\n',
  'constructor: {}\n',
  'auto',
  '../',
  '/',
  '\\',
  '~/',
  '$HOME/bin/',
];

/** Anything a value may be. */
const anyValue = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(null, true, false, 0, 1, -1, 0.5, 1e308, '', 'auto', 'none', '1e-4', [], {}),
  },
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary' }),
  fc.double(),
);

/** A text with pieces put in, cut out, doubled or moved. */
function mutated(text: string): fc.Arbitrary<string> {
  const change = fc.record({
    way: fc.nat(3),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(40),
    piece: fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 4 })),
  });
  return fc.array(change, { minLength: 1, maxLength: 8 }).map((changes) =>
    changes.reduce((now, { way, at, length, piece }) => {
      const from = Math.floor(at * now.length);
      const cut = now.slice(from, from + length);
      if (way === 0) return now.slice(0, from) + piece + now.slice(from);
      if (way === 1) return now.slice(0, from) + now.slice(from + length);
      if (way === 2) return now.slice(0, from) + cut + now.slice(from);
      return now.slice(0, from) + piece.repeat(length) + now.slice(from);
    }, text),
  );
}

/** A JSON text with values replaced, or broken as text. */
function mutatedJson(text: string): fc.Arbitrary<string> {
  const replaced = fc.tuple(fc.nat(), anyValue).map(([which, value]) => {
    const root: unknown = JSON.parse(text);
    const places: Array<() => void> = [];
    const visit = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const key of Object.keys(node)) {
        places.push(() => Reflect.set(node, key, value));
        visit(Reflect.get(node, key));
      }
    };
    visit(root);
    places[which % places.length]?.();
    return JSON.stringify(root);
  });
  return fc.oneof(
    { weight: 3, arbitrary: replaced },
    mutated(text),
    fc.jsonValue().map((value) => JSON.stringify(value)),
  );
}

const release = fc.constantFrom(...RELEASES);
const config = fc.constantFrom(...CONFIGS);

/** The files of a run, those given in place of the good ones. */
function project(
  kind: string,
  files: Readonly<Record<string, fc.Arbitrary<string | Uint8Array>>>,
): fc.Arbitrary<Input> {
  const good = { 'configs/ds_config_zero3.json': SEED_DEEPSPEED, 'data/dataset_info.json': SEED_INFO };
  return fc.record({
    kind: fc.constant(kind),
    release,
    files: fc.record(files).map((own) => ({ [CONFIG]: SEED_CONFIG, 'data/small_dataset.json': ROWS, ...good, ...own })),
    fix: fc.nat(19).map((n) => n === 0),
  });
}

/** A config with arguments of all releases set to anything. */
const argumentsOfAnything = fc.tuple(config, fc.dictionary(fc.constantFrom(...names()), anyValue, { maxKeys: 6 })).map(
  ([text, args]) =>
    `${text}\n${Object.entries(args)
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
      .join('')}`,
);

const values: fc.Arbitrary<Input> = fc.record({
  kind: fc.constant('values' as const),
  release,
  args: fc.dictionary(fc.constantFrom(...names()), fc.oneof(anyValue, fc.anything()), { maxKeys: 8 }),
});

const KINDS: ReadonlyArray<fc.Arbitrary<Input>> = [
  project('bytes', {
    [CONFIG]: fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary', maxLength: 400 })),
  }),
  project('pieces', {
    [CONFIG]: fc.array(fc.constantFrom(...PIECES, 'a', 'stage: sft\n'), { maxLength: 60 }).map((all) => all.join('')),
  }),
  project('config', { [CONFIG]: config.chain(mutated) }),
  project('arguments', { [CONFIG]: argumentsOfAnything }),
  project('deepspeed', { 'configs/ds_config_zero3.json': mutatedJson(SEED_DEEPSPEED) }),
  project('dataset-info', { 'data/dataset_info.json': mutatedJson(SEED_INFO) }),
  project('rows', { 'data/small_dataset.json': mutatedJson(ROWS) }),
  project('launch', { 'launch.sh': mutated(SEED_LAUNCH.replace('train_config.yaml', CONFIG)) }),
  values,
];

function names(): string[] {
  return [...new Set(RELEASES.flatMap((each) => [...fieldsOf(each).keys()]))];
}

/** Input number i of a seed. */
export function inputAt(seed: number, i: number): Input {
  const kind = KINDS[i % KINDS.length] as fc.Arbitrary<Input>;
  return fc.sample(kind, { seed: seed + i, numRuns: 1 })[0] as Input;
}
