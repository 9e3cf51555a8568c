import fc from 'fast-check';
import { parse, parseDocument } from 'yaml';
import { pythonFloatText, renderTrainConfig } from '../../src/llamafactory/render-train-config';
import type { Mapping } from '../../src/run/run';
import { TRAPS, trainArguments } from '../parity/yaml-values';

const render = (args: Mapping) => renderTrainConfig(args, '0.9.5');
const read = (text: string): unknown => parse(text, { version: '1.1' });
const keysOf = (text: string) => text.match(/^\w+(?=:)/gm);
const titlesOf = (text: string) => text.match(/^# .+$/gm)?.map((line) => line.slice(2));

/** Values with -0 as 0: an integer has no sign of its own where it is zero. */
function unsigned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unsigned);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unsigned(inner)]));
  }
  return value === 0 ? 0 : value;
}

test('any arguments are read back the same', () => {
  fc.assert(
    fc.property(trainArguments, (args) => {
      expect(unsigned(read(render(args)))).toEqual(unsigned(args));
    }),
    { numRuns: 300 },
  );
});

test.each(TRAPS.map((text) => [text]))('the text %j is read back as that text', (text) => {
  expect(read(render({ run_name: text }))).toEqual({ run_name: text });
});

test.each(TRAPS.map((text) => [text]))('the key %j is read back as that key', (text) => {
  expect(read(render({ lr_scheduler_kwargs: { [text]: 1 } }))).toEqual({ lr_scheduler_kwargs: { [text]: 1 } });
});

test('the same arguments give the same text, in whatever order they come', () => {
  fc.assert(
    fc.property(trainArguments, (args) => {
      expect(render(Object.fromEntries(Object.entries(args).reverse()))).toBe(render(args));
    }),
    { numRuns: 50 },
  );
});

test('a value written once is not mistaken for one of another type later', () => {
  const values = ['1', 1, true, 'true', null, 'null', -0, '-0'];
  expect(values.map((value) => render({ run_name: value }))).toEqual([
    '# training\nrun_name: "1"\n',
    '# training\nrun_name: 1\n',
    '# training\nrun_name: true\n',
    '# training\nrun_name: "true"\n',
    '# training\nrun_name: null\n',
    '# training\nrun_name: "null"\n',
    '# training\nrun_name: -0\n',
    '# training\nrun_name: "-0"\n',
  ]);
});

test.each([
  [3e-5, '3.0e-5'],
  [1e-3, '0.001'],
  [9.99e-4, '9.99e-4'],
  [20, '20.0'],
  [0, '0.0'],
  [-0, '-0.0'],
  [0.1, '0.1'],
  [-2.5, '-2.5'],
  [-1e-7, '-1.0e-7'],
  [1e21, '1.0e+21'],
  [1.5e300, '1.5e+300'],
  [Number.NaN, '.nan'],
  [Number.POSITIVE_INFINITY, '.inf'],
  [Number.NEGATIVE_INFINITY, '-.inf'],
])('the float %d is written %s, which Python reads as a float', (value, text) => {
  expect(pythonFloatText(value)).toBe(text);
});

test('a float has a dot, and a sign in its exponent', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(pythonFloatText(value)).toMatch(/^-?\d+\.\d+(e[+-]\d+)?$/);
      expect(Number(pythonFloatText(value))).toBe(value);
    }),
  );
});

test.each([
  ['learning_rate', 1, '1.0'],
  ['num_train_epochs', 20, '20.0'],
  ['lora_rank', 16, '16'],
  ['lora_rank', 16.5, '16.5'],
  ['ddp_timeout', 180000000, '180000000'],
  ['ddp_timeout', 1e16, '10000000000000000.0'],
])('%s: %d is written as its field is declared: %s', (key, value, text) => {
  expect(render({ [key]: value })).toMatch(new RegExp(`^${key}: ${text.replaceAll('.', '\\.')}$`, 'm'));
});

test('keys stand in sections, in the order of the document this project grew out of', () => {
  const text = render({
    deepspeed: '/etc/deepspeed/ds.json',
    save_strategy: 'steps',
    eval_strategy: 'steps',
    fp16: true,
    learning_rate: 1e-4,
    output_dir: '/saves/a',
    dataset: 'math',
    lora_rank: 16,
    stage: 'sft',
    model_name_or_path: '/models/a',
  });
  expect(titlesOf(text)).toEqual([
    'model',
    'method',
    'data',
    'output',
    'training',
    'evaluation',
    'saving',
    'DeepSpeed',
  ]);
  expect(keysOf(text)).toEqual([
    'model_name_or_path',
    'stage',
    'lora_rank',
    'dataset',
    'output_dir',
    'learning_rate',
    'fp16',
    'eval_strategy',
    'save_strategy',
    'deepspeed',
  ]);
});

test('a key that the document lacks stands after those of its section, by its owner', () => {
  const text = render({ rope_theta: 1, packing: true, use_galore: false, top_p: 0.7, vllm_maxlen: 1, stage: 'sft' });
  expect(text.split('\n\n').map((section) => [titlesOf(section)?.[0], ...(keysOf(section) ?? [])])).toEqual([
    ['model', 'vllm_maxlen'],
    ['method', 'stage', 'use_galore'],
    ['data', 'packing'],
    ['training', 'rope_theta'],
    ['evaluation', 'top_p'],
  ]);
});

test('keys that the document lacks are sorted', () => {
  expect(keysOf(render({ weight_decay: 0.1, adam_beta1: 0.9, optim: 'adamw_torch' }))).toEqual([
    'adam_beta1',
    'optim',
    'weight_decay',
  ]);
});

test('an argument that stands there undefined is left out', () => {
  expect(render({ stage: 'sft', lora_rank: undefined })).toBe('# method\nstage: sft\n');
});

test.each([
  ['quantization_method', 'bnb'],
  ['model_name_or_path', '/models/a'],
  ['dataset_dir', '/etc/llamafactory'],
  ['output_dir', '/saves/a'],
  ['report_to', 'none'],
  ['eval_steps', 0.1],
  ['save_steps', 0.1],
  ['deepspeed', '/etc/deepspeed/ds.json'],
])('%s: %s says why', (key, value) => {
  expect(render({ [key]: value })).toMatch(new RegExp(`^${key}: \\S+ # \\S.+$`, 'm'));
});

test.each([
  ['quantization_method', 'hqq'],
  ['report_to', 'wandb'],
  ['eval_steps', 200],
  ['save_steps', 200],
  ['lora_rank', 16],
])('%s: %s has no reason to give', (key, value) => {
  expect(render({ [key]: value })).not.toMatch(/ #/);
});

test('lists are written one item a line', () => {
  expect(render({ label_names: ['a', 'b'] })).toBe('# training\nlabel_names:\n  - a\n  - b\n');
});

test('text of several lines is written as a block', () => {
  expect(render({ run_name: 'first\nsecond\n' })).toBe('# training\nrun_name: |\n  first\n  second\n');
});

test('text of any script stays readable', () => {
  expect(render({ run_name: '数学训练 🙂' })).toBe('# training\nrun_name: 数学训练 🙂\n');
});

test('long text is not folded', () => {
  const text = `${'long '.repeat(60)}end`;
  expect(render({ run_name: text })).toBe(`# training\nrun_name: ${text}\n`);
});

test('no key is written twice', () => {
  fc.assert(
    fc.property(trainArguments, (args) => {
      expect(parseDocument(render(args), { version: '1.1', uniqueKeys: true }).errors).toEqual([]);
    }),
    { numRuns: 50 },
  );
});
