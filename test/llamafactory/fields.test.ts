import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { camelCase, fieldsOf, nameOfArgument, releasesOf, replacementOf } from '../../src/llamafactory/fields';
import { renderFields } from '../../tools/generate-fields';
import { renderTrainArguments } from '../../tools/generate-train-arguments';

const committed = (file: string) => readFileSync(join(__dirname, '../..', file), 'utf8');

describe('fields by release', () => {
  test('the data file is what the generator writes', () => {
    expect(committed('data/llamafactory/fields.json')).toBe(renderFields());
  });

  test('the typed train arguments are what the generator writes', () => {
    expect(committed('src/llamafactory/train-arguments.ts')).toBe(renderTrainArguments());
  });

  test('each release has the number of fields its schema has', () => {
    const sizes = (['0.9.3', '0.9.4', '0.9.5'] as const).map((release) => fieldsOf(release).size);
    expect(sizes).toEqual([333, 359, 350]);
  });

  test('a default that changed is the one of the release', () => {
    expect(fieldsOf('0.9.3').get('optim')?.default).toBe('adamw_torch');
    expect(fieldsOf('0.9.5').get('optim')?.default).toBe('adamw_torch_fused');
  });

  test('a field that left and came back is absent between', () => {
    expect(releasesOf('use_cache')).toEqual(['0.9.3', '0.9.5']);
    expect(replacementOf('use_cache')).toEqual({ until: '0.9.3', renamedTo: 'use_kv_cache' });
  });

  test('a name of the time before the oldest release has its replacement', () => {
    expect(replacementOf('evaluation_strategy')?.renamedTo).toBe('eval_strategy');
  });

  test('camel case is one rule, digits included', () => {
    expect(camelCase('learning_rate')).toBe('learningRate');
    expect(camelCase('stage3_gather_16bit_weights_on_model_save')).toBe('stage3Gather16bitWeightsOnModelSave');
  });

  test('the way back is a look-up among settable names', () => {
    expect(nameOfArgument('adamBeta1')).toBe('adam_beta1');
    expect(nameOfArgument('computeDtype')).toBeUndefined();
    expect(nameOfArgument('noSuchThing')).toBeUndefined();
  });
});
