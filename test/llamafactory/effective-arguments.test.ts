import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argumentOf, isGiven, isOn, namesOf, numberOf, textOf } from '../../src/llamafactory/effective-arguments';
import { releasesOf } from '../../src/llamafactory/fields';
import type { Mapping } from '../../src/run/run';
import { REPOSITORY } from '../folder';

const of = (args: Mapping, release: '0.9.3' | '0.9.4' | '0.9.5' = '0.9.5') => ({ release, args });

test('what is not given is what the release declares', () => {
  expect(numberOf(of({}), 'cutoff_len')).toBe(2048);
  expect(textOf(of({}), 'optim')).toBe('adamw_torch_fused');
  expect(textOf(of({}, '0.9.3'), 'optim')).toBe('adamw_torch');
  expect(isOn(of({}), 'double_quantization')).toBe(true);
  expect(namesOf(of({}), 'lora_target')).toEqual(['all']);
  expect(isGiven(of({}), 'cutoff_len')).toBe(false);
});

test('null is none: off for a flag, the default for text, number and names, and itself for who asks what is written', () => {
  const run = of({ double_quantization: null, stage: null, cutoff_len: null, quantization_method: null });
  expect(isOn(run, 'double_quantization')).toBe(false);
  expect(textOf(run, 'stage')).toBe('sft');
  expect(numberOf(run, 'cutoff_len')).toBe(2048);
  expect(argumentOf(run, 'quantization_method')).toBeNull();
  expect(isGiven(run, 'stage')).toBe(false);
});

test('numbers are read from text too, and what is none counts as not given', () => {
  expect(numberOf(of({ learning_rate: '1e-4' }), 'learning_rate')).toBe(1e-4);
  expect(numberOf(of({ learning_rate: 'quick' }), 'learning_rate')).toBe(5e-5);
  expect(numberOf(of({ learning_rate: '' }), 'learning_rate')).toBe(5e-5);
});

test('a number that no release declares is what the trainer works out', () => {
  expect(numberOf(of({}), 'max_samples', 7)).toBe(7);
  expect(numberOf(of({ max_samples: 3 }), 'max_samples', 7)).toBe(3);
  expect(numberOf(of({}), 'max_samples')).toBeNaN();
  expect(numberOf(of({}), 'cutoff_len', 7)).toBe(2048);
});

test.each([
  [true, true],
  ['Yes', true],
  ['1', true],
  [false, false],
  ['false', false],
  [1, false],
])('the flag %p is on: %p', (value, on) => {
  expect(isOn(of({ bf16: value }), 'bf16')).toBe(on);
});

test('names come as a list or with commas', () => {
  expect(namesOf(of({ dataset: ' a, b,' }), 'dataset')).toEqual(['a', 'b']);
  expect(namesOf(of({ dataset: ['a ', 'b', 3] }), 'dataset')).toEqual(['a', 'b']);
});

test('an argument that a release lacks is not there, and one that none has is a mistake of ours', () => {
  expect(isOn(of({}, '0.9.3'), 'use_v1_kernels')).toBe(false);
  expect(() => isOn(of({}), 'bf61')).toThrow('no release has an argument bf61');
  expect(() => numberOf(of({}), 'cutoff')).toThrow('no release has an argument cutoff');
  expect(() => textOf(of({}), 'stages')).toThrow('no release has an argument stages');
});

/** Our own code, by its path from src: what is generated, and the module itself, left out. */
const SOURCES = readdirSync(join(REPOSITORY, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !/effective-arguments\.ts$|train-arguments\.ts$/.test(path))
  .map((path): [string, string] => [path, readFileSync(join(REPOSITORY, 'src', path), 'utf8')]);

const LITERAL = String.raw`(?:'[^']*'|-?[\d.][\d.e_-]*|true|false|\[\]|[A-Z][A-Z_]+\b)`;
const RETYPED = [
  // args['cutoff_len'] ?? 2048, and with brackets or String() around
  new RegExp(String.raw`\bargs(?:\['(\w+)'\]|\.(\w+)) \?\? ${LITERAL}`, 'g'),
  // numberOf(run.args['cutoff_len'], 2048), whatever the reader of numbers
  new RegExp(String.raw`\b\w*[nN]umber\w*\((?:\w+\.)?args(?:\['(\w+)'\]|\.(\w+)), ${LITERAL}\)`, 'g'),
];

function retypedIn(text: string): string[] {
  return RETYPED.flatMap((pattern) => [...text.matchAll(pattern)])
    .filter(([, name, other]) => releasesOf(name ?? other ?? '').length > 0)
    .map(([whole]) => whole);
}

test('no default is retyped', () => {
  expect(SOURCES.length).toBeGreaterThan(200);
  expect(SOURCES.flatMap(([path, text]) => retypedIn(text).map((found) => `${path}: ${found}`))).toEqual([]);
});

/** The readers, by what they take a default from. */
const NUMBER_READ = /\bnumberOf\(\w+, '(\w+)', /g;

test('nothing stands in for a number that every release declares', () => {
  const replaced = SOURCES.flatMap(([, text]) => [...text.matchAll(NUMBER_READ)].map(([, name]) => name ?? ''));
  expect(replaced.length).toBeGreaterThan(5);
  expect(
    replaced.filter((name) =>
      releasesOf(name).every((each) => typeof argumentOf(of({}, each as '0.9.5'), name) === 'number'),
    ),
  ).toEqual([]);
});

test.each([
  "run.args['cutoff_len'] ?? 2048",
  "(args['stage'] ?? 'sft') === 'sft'",
  "args['double_quantization'] ?? true",
  'args.stage ?? DEFAULT_STAGE',
  "numberOf(args['per_device_train_batch_size'], 8)",
  "numberOf(run.args['cutoff_len'], CUTOFF)",
  "asNumber(run.args['learning_rate'], 5e-5)",
])('%s is found to retype a default', (text) => {
  expect(retypedIn(text)).toHaveLength(1);
});

test.each([
  "entry['formatting'] ?? 'alpaca'",
  "args['no_argument'] ?? 3",
  "args['eval_steps'] ?? args['logging_steps']",
  "got: args['eval_steps'] ?? `nothing`",
])('%s retypes none', (text) => {
  expect(retypedIn(text)).toEqual([]);
});

const READ = /\bargs\['(\w+)'\]|\b(?:isOn|isGiven|textOf|numberOf|namesOf|argumentOf)\([\w.{}, ]+, '(\w+)'/g;

test('every argument that the code names is one of some release', () => {
  const named = SOURCES.flatMap(([, text]) => [...text.matchAll(READ)].map(([, one, other]) => one ?? other ?? ''));
  expect(named.length).toBeGreaterThan(150);
  expect([...new Set(named)].filter((name) => releasesOf(name).length === 0)).toEqual([]);
});
