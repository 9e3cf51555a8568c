import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argumentsOf } from '../../src/llamafactory/arguments';
import { camelCase, fieldsOf } from '../../src/llamafactory/fields';
import { RELEASES } from '../../src/run/releases';

test('props become arguments in the spelling of LLaMA-Factory', () => {
  expect(argumentsOf({ learningRate: 1e-4, doTrain: true, loraTarget: 'all' })).toEqual({
    args: { learning_rate: 1e-4, do_train: true, lora_target: 'all' },
    problems: [],
  });
});

test('a prop that stands there undefined is left out', () => {
  expect(argumentsOf({ learningRate: undefined }).args).toEqual({});
});

test('a prop of null is passed on: it overrules a default', () => {
  expect(argumentsOf({ ropeScaling: null }).args).toEqual({ rope_scaling: null });
});

test('a prop that no release knows is a problem, and no argument', () => {
  expect(argumentsOf({ learningRte: 1 })).toEqual({
    args: {},
    problems: [
      {
        id: 'unknown-argument',
        key: 'train.learningRte',
        message: 'LLaMA-Factory has no such argument',
        allowed: "the fields of TrainArguments: LLaMA-Factory's names in camelCase",
      },
    ],
  });
});

test('an argument that constructs set is a problem that names the prop, and no argument', () => {
  expect(argumentsOf({ outputDir: '/x' })).toEqual({
    args: {},
    problems: [
      {
        id: 'owned-argument',
        key: 'train.outputDir',
        message: 'the run sets this argument itself',
        got: '"/x"',
        change: 'take it out; what it is set to follows from saves',
      },
    ],
  });
});

test('every argument of every release is a field of TrainArguments, or one that constructs set', () => {
  const source = readFileSync(join(__dirname, '../../src/llamafactory/train-arguments.ts'), 'utf8');
  const fields = new Set(source.match(/(?<=^ {2}readonly )\w+(?=\?:)/gm));
  const names = new Set(
    RELEASES.flatMap((release) => [...fieldsOf(release).values()])
      .filter(({ settable }) => settable)
      .map(({ name }) => camelCase(name)),
  );
  const owned = [...names].filter((name) => argumentsOf({ [name]: 'x' }).problems.length > 0);
  expect(names.size).toBeGreaterThan(300);
  expect(new Set([...fields, ...owned])).toEqual(names);
  expect(owned.filter((name) => fields.has(name))).toEqual([]);
});
