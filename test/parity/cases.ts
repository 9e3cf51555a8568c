import { fieldsOf } from '../../src/llamafactory/fields';
import { RELEASES } from '../../src/run/releases';
import { Random } from './random';
import { LATER_RULE_CASES, RULE_CASES } from './rule-cases';
import { type Config, type Patch, patched, SURROUNDINGS, type Surrounding, textOf } from './surroundings';
import { expansion, LATER_SNIPPETS, SNIPPETS, TEXTS } from './texts';

/** What a case runs on. */
export interface Setting {
  readonly arch: 'turing' | 'ampere';
  readonly gpus: 1 | 4;
}

/** One config, to be judged by the real parser and by its twin. */
export interface ParityCase extends Setting {
  readonly id: string;
  readonly text: string;
  /** The rule it is made for, and whether it breaks it. */
  readonly rule?: string;
  readonly breaks?: boolean;
}

export const SETTINGS: readonly Setting[] = [
  { arch: 'turing', gpus: 4 },
  { arch: 'ampere', gpus: 4 },
  { arch: 'turing', gpus: 1 },
  { arch: 'ampere', gpus: 1 },
];

const SEED = 20261124;
const RANDOM_CASES = 3000;
const RANDOM_TEXTS = 600;

/** Values of no field in particular. */
const ODD = [
  'null',
  'true',
  'false',
  '0',
  '1',
  '-1',
  '4',
  '0.5',
  '2.0',
  '.nan',
  '.inf',
  'abc',
  '"4"',
  '""',
  '[a, b]',
  '[]',
  '{a: 1}',
  '{}',
  '[1]',
];

/** Every case, in a fixed order; another seed gives other random cases. */
export function allCases(seed = SEED): readonly ParityCase[] {
  return [...ruleCases(), ...textCases(), ...randomTexts(seed), ...randomCases(seed)].map((one) => ({
    ...one,
    ...settingOf(one.id),
  }));
}

/** Spread by the id, so that a new case doesn't move the others. */
export function settingOf(id: string): Setting {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) % 65_521;
  return SETTINGS[sum % SETTINGS.length] as Setting;
}

type Bare = Omit<ParityCase, keyof Setting>;

/** A config made for a rule. */
export interface RuleConfig {
  readonly id: string;
  readonly rule: string;
  readonly breaks: boolean;
  readonly config: Config;
}

/** Every rule's patches in its surroundings. */
export function ruleConfigs(): readonly RuleConfig[] {
  return [...RULE_CASES, ...LATER_RULE_CASES].flatMap(({ rule, breaks, passes, within }, r) => {
    const configs = (patches: readonly Patch[], breaking: boolean) =>
      patches.flatMap((patch, p) =>
        within.map((surrounding) => ({
          id: `${rule}-${r}-${breaking ? 'break' : 'pass'}${p}-${surrounding}`,
          config: patched(SURROUNDINGS[surrounding], patch),
          rule,
          breaks: breaking,
        })),
      );
    return [...configs(breaks, true), ...configs(passes, false)];
  });
}

function ruleCases(): Bare[] {
  return ruleConfigs().map(({ id, rule, breaks, config }) => ({ id, rule, breaks, text: textOf(config) }));
}

function textCases(): Bare[] {
  const base = textOf(SURROUNDINGS.lora);
  const snippets = [...SNIPPETS, ...LATER_SNIPPETS].flatMap((snippet, i) => [
    { id: `text-after-${i}`, text: `${base}${snippet}\n` },
    { id: `text-before-${i}`, text: `${snippet}\n${base}` },
  ]);
  const whole = TEXTS.map((text, i) => ({ id: `text-whole-${i}`, text }));
  const expanding = [
    [3, 9],
    [5, 9],
    [3, 20],
    [4, 20],
    [2, 60],
    [2, 110],
  ].map(([levels = 1, width = 1]) => ({
    id: `text-expansion-${levels}-${width}`,
    text: expansion(levels, width),
  }));
  return [...snippets, ...whole, ...expanding];
}

const CHARACTERS = [
  ' ',
  '  ',
  '\n',
  ':',
  ': ',
  '#',
  ' #',
  '-',
  '- ',
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  ',',
  '&a ',
  '*a',
  '!',
  '|',
  '>',
  '?',
  '%',
  '@',
  'a',
  '1',
  '.',
  '\t',
  '${',
  '}',
  '<<: ',
  '~',
];

/** Texts with a few characters put in, taken out or doubled. */
function randomTexts(seed: number): Bare[] {
  const random = new Random(seed);
  const bases = (Object.keys(SURROUNDINGS) as Surrounding[]).map((name) => textOf(SURROUNDINGS[name]));
  return Array.from({ length: RANDOM_TEXTS }, (_, i) => {
    let text = random.pick(bases);
    if (random.chance(0.5)) text += `${random.pick(SNIPPETS)}\n`;
    for (let n = 1 + random.below(2); n > 0; n--) {
      const at = random.below(text.length);
      const kind = random.below(3);
      if (kind === 0) text = text.slice(0, at) + random.pick(CHARACTERS) + text.slice(at);
      else if (kind === 1) text = text.slice(0, at) + text.slice(at + 1 + random.below(3));
      else {
        const start = text.lastIndexOf('\n', at) + 1;
        const end = text.indexOf('\n', at) + 1 || text.length;
        text = text.slice(0, end) + text.slice(start, end) + text.slice(end);
      }
    }
    return { id: `random-text-${i}`, text };
  });
}

function randomCases(seed: number): Bare[] {
  const random = new Random(seed + 1);
  const breaks = RULE_CASES.flatMap((rule) => rule.breaks);
  const passes = RULE_CASES.flatMap((rule) => rule.passes);
  const fields = new Map(RELEASES.flatMap((release) => [...fieldsOf(release)]));
  const names = [...fields.keys()].filter((name) => name !== 'ray_storage_filesystem');
  const surroundings = Object.keys(SURROUNDINGS) as Surrounding[];
  return Array.from({ length: RANDOM_CASES }, (_, i) => {
    let config: Config = SURROUNDINGS[random.pick(surroundings)];
    for (let n = random.below(5); n > 0; n--) {
      const kind = random.next();
      if (kind < 0.12) config = patched(config, random.pick(breaks));
      else if (kind < 0.5) config = patched(config, random.pick(passes));
      else {
        const name = random.pick(names);
        config = patched(config, { [name]: random.chance(0.15) ? random.pick(ODD) : fitting(name, random, fields) });
      }
    }
    return { id: `random-${i}`, text: textOf(config) };
  });
}

/** A value of a field's type. */
function fitting(
  name: string,
  random: Random,
  fields: ReadonlyMap<string, { type: string; choices?: readonly unknown[] }>,
): string {
  const { type = '', choices } = fields.get(name) ?? {};
  if (choices && choices.length > 0 && random.chance(0.8)) return JSON.stringify(random.pick(choices));
  const types = type.split('|').map((part) => part.trim());
  if (types.includes('bool')) return random.pick(['true', 'false']);
  if (types.includes('int')) return random.pick(['0', '1', '2', '4', '8', '100', '-1', '2048']);
  if (types.includes('float')) return random.pick(['0.0', '0.1', '0.5', '1.0', '1', '5', '1.0e-5', '100', '2.5']);
  if (types.includes('None') && random.chance(0.2)) return 'null';
  return random.pick(['a', 'all', 'steps', '"a,b"', 'none', 'ds/z2.json', 'x/y']);
}
