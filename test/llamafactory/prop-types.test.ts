import type { TrainArguments } from '../../src';
import { PyBytes, PyFloat } from '../../src/llamafactory/parser/python';
import { choicesOf, fitsProp, propTypeOf } from '../../src/llamafactory/prop-types';

test.each([
  ['report_to', 'None | str | list[str]', 'string'],
  ['parallelism_config', 'str', '{ readonly [key: string]: unknown }'],
  ['deepspeed', 'dict | str | None', '{ readonly [key: string]: unknown }'],
  ['some', 'dict[str, int] | None', '{ readonly [key: string]: unknown }'],
  ['dictionary', 'dictionary', 'string'],
  ['flag', 'bool | str', 'boolean'],
  ['count', 'int | None', 'number'],
  ['share', 'float | str', 'number'],
  ['names', 'list[str] | None', 'string[]'],
  ['text', 'str', 'string'],
])('%s, upstream %s, is typed %s', (name, type, prop) => {
  expect(propTypeOf({ name, type })).toBe(prop);
});

test.each([
  ['fp16', true],
  ['lora_rank', 8],
  ['learning_rate', 0.0001],
  ['template', 'qwen3'],
  ['quantization_method', 'mxfp4'],
  ['report_to', 'anything'],
  ['additional_target', 'embed_tokens'],
  ['image_resolution', undefined],
  ['accelerator_config', { split_batches: true, nested: [{ a: null, b: 'x', c: 1.5 }] }],
  ['liger_kernel_config', { rope: true }],
  ['overwrite_output_dir', true],
])('%s: %j can be a prop', (name, value) => {
  if (value !== undefined) expect(fitsProp(name, value, false)).toBe(true);
});

test.each([
  ['no_such_argument', 1],
  ['fp16', 'true'],
  ['fp16', 1],
  ['lora_rank', '8'],
  ['lora_rank', Number.POSITIVE_INFINITY],
  ['template', 5],
  ['template', 'qwen-3'],
  ['stage', 'SFT'],
  ['quantization_method', 'bitsandbytes'],
  ['accelerator_config', null],
  ['accelerator_config', ['split_batches']],
  ['accelerator_config', 'config.json'],
  ['accelerator_config', new PyFloat(1)],
  ['accelerator_config', { a: new PyFloat(1) }],
  ['accelerator_config', { a: [Number.NaN] }],
  ['accelerator_config', { a: 1n }],
  ['accelerator_config', new PyBytes('x')],
  ['liger_kernel_config', { rope: 1 }],
])('%s: %p can not', (name, value) => {
  expect(fitsProp(name, value, false)).toBe(false);
});

test('a whole number written as a float fits where a float is meant, and no count', () => {
  expect([fitsProp('learning_rate', 2, true), fitsProp('lora_rank', 2, true)]).toEqual([true, false]);
});

test('the choices are those of all releases', () => {
  expect(choicesOf('finetuning_type')).toEqual(['lora', 'freeze', 'full', 'oft']);
  expect(choicesOf('stage')).toEqual(['pt', 'sft', 'rm', 'ppo', 'dpo', 'kto']);
  expect(choicesOf('template')).toEqual(expect.arrayContaining(['qwen3', 'baichuan', 'aeva']));
  expect(['report_to', 'lora_rank', 'lora_target', 'no_such_argument'].map(choicesOf)).toEqual(
    Array(4).fill(undefined),
  );
});

test('the compiler takes what a release knows and nothing else', () => {
  const known: TrainArguments = {
    stage: 'sft',
    finetuningType: 'lora',
    template: 'qwen3',
    lrSchedulerType: 'cosine',
    optim: 'adamw_torch',
    quantizationMethod: 'bnb',
    reportTo: 'whatever',
  };
  // @ts-expect-error: it is sft
  const stage: TrainArguments = { stage: 'SFT' };
  // @ts-expect-error: it is qwen3
  const template: TrainArguments = { template: 'qwen-3' };
  // @ts-expect-error: it is bnb
  const method: TrainArguments = { quantizationMethod: 'bitsandbytes' };
  expect(Object.keys({ ...known, ...stage, ...template, ...method })).toHaveLength(7);
});
