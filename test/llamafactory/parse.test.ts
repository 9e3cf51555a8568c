import fc from 'fast-check';
import { fieldsOf } from '../../src/llamafactory/fields';
import type { Files } from '../../src/llamafactory/files';
import { parse, STEPS } from '../../src/llamafactory/parser/parse';
import { PyFloat } from '../../src/llamafactory/parser/python';
import { CARDS } from '../../src/planning/catalog/cards';
import { EditOperation, Severity } from '../../src/run/finding';
import { RELEASES, type Release } from '../../src/run/releases';
import { BARE_IMAGE } from '../judge/rules/rule-cases';

const RUN = {
  model_name_or_path: 'Qwen/Qwen3-14B',
  stage: 'sft',
  do_train: true,
  finetuning_type: 'lora',
  dataset: 'math',
  template: 'qwen3',
  output_dir: 'out',
};
const base = { path: 'train.yaml', file: 'train.yaml', gpus: 4, nodes: 1 };
const judge = (args: object, release: Release = '0.9.5', more: object = {}) =>
  parse({ ...base, release, args: { ...RUN, ...args }, ...more });
const ids = (args: object, release?: Release, more?: object) => judge(args, release, more).findings.map(({ id }) => id);

describe('the twin of the parser', () => {
  test.each(RELEASES)('accepts a plain LoRA run (%s)', (release) => {
    expect(judge({}, release)).toEqual({ accepted: true, findings: [] });
  });

  test('an unknown key gets the name that is meant', () => {
    const { accepted, findings } = judge({ learning_rat: 1e-4 });
    expect(accepted).toBe(false);
    expect(findings).toMatchObject([
      {
        id: 'unknown-argument',
        key: 'learning_rat',
        fix: [{ file: 'train.yaml', key: 'learning_rat', op: EditOperation.RENAME, value: 'learning_rate' }],
      },
    ]);
  });

  test('a key that went with transformers 5 is unknown to 0.9.5 only', () => {
    expect(ids({ save_safetensors: true })).toEqual(['unknown-argument']);
    expect(ids({ save_safetensors: true }, '0.9.4')).toEqual([]);
  });

  test('a key that is declared but cannot be set is unknown', () => {
    expect(ids({ compute_dtype: 'float16' })).toEqual(['unknown-argument']);
  });

  test('all faults are found, not the first alone', () => {
    expect(ids({ fp16: true, bf16: true, mask_history: true, train_on_prompt: true })).toEqual([
      'mask-history-train-on-prompt',
      'fp16-and-bf16',
    ]);
  });

  test('a finding says the value, the change and what the real parser says', () => {
    expect(judge({ quantization_bit: 3 }).findings).toMatchObject([
      {
        id: 'bnb-bits',
        key: 'quantization_bit',
        got: '3',
        message:
          'bitsandbytes takes `quantization_bit` 4 or 8; LLaMA-Factory refuses it: "Bitsandbytes only accepts 4-bit or 8-bit quantization."',
        change: 'set `quantization_bit` to 4',
      },
    ]);
  });

  test('a Python crash is a refusal', () => {
    expect(judge({ save_steps: 'often' }).findings).toMatchObject([{ id: 'python-crash', key: 'save_steps' }]);
  });

  test('what the parser lets through stays accepted', () => {
    const odd = { learning_rate: 'abc', lora_rank: 0, cutoff_len: 0, mix_strategy: 'foo', quantization_method: 'x' };
    expect(judge(odd).accepted).toBe(true);
  });

  const zero3 = {
    args: { ...RUN, deepspeed: 'z3.json', quantization_method: 'hqq', quantization_bit: 4 },
    deepspeed: { file: 'z3.json', config: { zero_optimization: { stage: 3 } } },
  };
  test.each<[string, object, object, string]>([
    [
      'its package',
      { quantization_method: 'hqq', quantization_bit: 4 },
      {},
      '`quantization_method: hqq` needs hqq, which the image does not hold; LLaMA-Factory refuses it: "No package metadata was found for hqq"',
    ],
    [
      'ZeRO-3',
      {},
      zero3,
      'HQQ does not go with ZeRO-3 or FSDP; LLaMA-Factory refuses it: "HQQ quantization is incompatible with DeepSpeed ZeRO-3 or FSDP."',
    ],
    [
      'its bits',
      { quantization_method: 'eetq', quantization_bit: 4 },
      {},
      'EETQ takes `quantization_bit` 8; LLaMA-Factory refuses it: "EETQ only accepts 8-bit quantization."',
    ],
    [
      'bits that HQQ has none of',
      { quantization_method: 'hqq', quantization_bit: 7 },
      {},
      'HQQ takes `quantization_bit` 1/2/3/4/5/6/8; LLaMA-Factory refuses it: "HQQ only accepts 1/2/3/4/5/6/8-bit quantization."',
    ],
  ])('another method than bnb is refused for what is in its way: %s', (_, args, more, message) => {
    const messages = judge(args, '0.9.5', { image: BARE_IMAGE, ...more }).findings.map((finding) => finding.message);
    expect(messages[0]).toBe(message);
  });

  test('tf32 hangs on the card', () => {
    expect(ids({ tf32: true }, '0.9.5', { card: CARDS['T4'] })).toEqual(['tf32']);
    expect(ids({ tf32: true }, '0.9.5', { card: CARDS['A10'] })).toEqual([]);
  });

  test('the ZeRO stage is read from the DeepSpeed configuration of the run', () => {
    const deepspeed = { file: 'ds.json', config: { zero_optimization: { stage: 3 } } };
    expect(ids({ deepspeed: 'ds.json', pure_bf16: true }, '0.9.5', { deepspeed })).toEqual(['pure-bf16-zero3']);
    expect(ids({ deepspeed: 'ds.json', pure_bf16: true })).toEqual([]);
  });

  test('data sets are looked up in dataset_info.json, and the nearest name is the fix', () => {
    const files = filesOf({ 'data/dataset_info.json': '{"math": {"file_name": "m.json"}}', 'data/m.json': '[]' });
    expect(ids({}, '0.9.5', { files })).toEqual([]);
    expect(judge({ dataset: 'maths' }, '0.9.5', { files }).findings).toMatchObject([
      { id: 'dataset', key: 'dataset', fix: [{ key: 'dataset', value: 'math' }] },
    ]);
  });

  test('results without a checkpoint in the output directory are a refusal', () => {
    const files = filesOf({
      'data/dataset_info.json': '{"math": {"hf_hub_url": "a/b"}}',
      'out/adapter_model.safetensors': '',
    });
    expect(ids({}, '0.9.5', { files })).toEqual(['output-dir-not-empty']);
  });

  test('a whole number written as a float is no int to Python', () => {
    expect(ids({ seed: 42 }, '0.9.5', { floats: new Set(['seed']) })).toEqual(['python-crash']);
  });

  test('a rule has one id, one source and names its keys', () => {
    for (const step of STEPS) {
      expect(step.keys.length).toBeGreaterThan(0);
      expect(step.source).not.toBe('');
      if ('id' in step) expect(step.id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    }
  });

  test('never throws, whatever the values', () => {
    const names = [...fieldsOf('0.9.5').keys()];
    const odd = fc.oneof(
      fc.constantFrom<unknown>(null, true, false, '', 'steps', 'a,b', '{', Number.NaN, Infinity, new PyFloat(2)),
      fc.integer(),
      fc.double(),
      fc.array(fc.constantFrom<unknown>(1, 'a', [])),
      fc.dictionary(fc.string(), fc.constantFrom<unknown>(1, 'a', {})),
    );
    const args = fc.dictionary(fc.constantFrom(...names), odd, { maxKeys: 12 });
    fc.assert(
      fc.property(args, fc.constantFrom(...RELEASES), (values, release) => {
        const verdict = judge(values, release);
        return verdict.accepted === verdict.findings.every(({ severity }) => severity !== Severity.ERROR);
      }),
      { numRuns: 1000, seed: 11 },
    );
  });
});

function filesOf(texts: Readonly<Record<string, string>>): Files {
  const isFolder = (path: string) => Object.keys(texts).some((name) => name.startsWith(`${path}/`));
  return {
    kind: (path) => (path in texts ? 'file' : isFolder(path) ? 'folder' : undefined),
    read: (path) => texts[path],
    list: (path) =>
      Object.keys(texts).flatMap((name) => (name.startsWith(`${path}/`) ? [name.slice(path.length + 1)] : [])),
  };
}

describe('a data set', () => {
  const info = (entries: object, more: Readonly<Record<string, string>> = {}) =>
    filesOf({ 'data/dataset_info.json': JSON.stringify(entries), 'data/m.json': '[]', ...more });
  // What is wrong with the folder is wrong for training and evaluation alike.
  const said = (args: object, more: object) => [
    ...new Set(judge(args, '0.9.5', more).findings.map(({ message }) => message)),
  ];

  test.each<[string, object, object]>([
    [
      'is looked up in what is given, where no files are',
      {},
      { datasets: [{ name: 'math', entry: { file_name: 'x' } }] },
    ],
    ['is not looked up where nothing is known', {}, {}],
    ['of a folder on a hub can not be looked up here', { dataset_dir: 'REMOTE:me/data' }, {}],
    ['stands in the file', {}, { files: info({ math: { file_name: 'm.json' } }) }],
    ['of a hub needs no file', {}, { files: info({ math: { hf_hub_url: 'me/math' } }) }],
    [
      'for preferences goes with dpo',
      { stage: 'dpo' },
      { files: info({ math: { file_name: 'm.json', ranking: true } }) },
    ],
    ['may be of any known format', {}, { files: info({ math: { file_name: 'm.json', formatting: 'openai' } }) }],
  ])('%s', (_, args, more) => {
    expect(said(args, more)).toEqual([]);
  });

  test.each<[object, object, string]>([
    [{}, { datasets: [{ name: 'other' }] }, 'data set "math" is not in dataset_info.json; it has other'],
    [{}, { files: filesOf({}) }, 'cannot open data/dataset_info.json'],
    [
      {},
      { files: filesOf({ 'data/dataset_info.json': '{' }) },
      'data/dataset_info.json is not valid JSON: Expecting property name enclosed in double quotes',
    ],
    [
      { dataset_dir: 'REMOTE:me/data' },
      { files: filesOf({}) },
      '`dataset_dir` is on a hub, and the parser asks for it at once',
    ],
    [{}, { files: info({ math: 1 }) }, 'the entry of data set "math" in dataset_info.json is no mapping'],
    [{}, { files: info({ math: {} }) }, 'the entry of data set math in dataset_info.json names no source (file_name)'],
    [
      {},
      { files: info({ math: { file_name: 'm.json', columns: [] } }) },
      'columns of data set math in dataset_info.json is no mapping',
    ],
    [
      { stage: 'rm' },
      { files: info({ math: { file_name: 'm.json' } }) },
      'data set math has no `ranking: true` in dataset_info.json, which stage rm needs',
    ],
    [
      {},
      { files: info({ math: { file_name: 'm.json', ranking: true } }) },
      'data set math is for preferences (`ranking: true`), which only the stages rm and dpo take',
    ],
    [
      {},
      { files: info({ math: { file_name: 'gone.json' } }) },
      'the file of data set math, data/gone.json, is not there',
    ],
    [
      {},
      { files: info({ math: { file_name: 'm.json', formatting: 'chat' } }) },
      '`formatting` of data set math is none of alpaca, sharegpt, openai',
    ],
  ])('%j: what is wrong is said', (args, more, message) => {
    expect(said(args, more)).toEqual([
      `${message}; LLaMA-Factory refuses it: "Undefined dataset in dataset_info.json."`,
    ]);
  });
});
