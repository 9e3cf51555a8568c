import fc from 'fast-check';

/** A folder for import: files and links by name, and the options. */
export interface FolderInput {
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** What a link points to, by its name. */
  readonly links: Readonly<Record<string, string>>;
  /** Names that are folders. */
  readonly folders: readonly string[];
  readonly options: readonly string[];
}

/** Texts that would be code if they stood in a program as they are, or break names and lines. */
const ODD = [
  '',
  ' ',
  "'",
  '"',
  '`',
  '${process.exit(7)}',
  "'); globalThis.INJECTED = 1; ('",
  '*/ globalThis.INJECTED = 1; /*',
  '\n globalThis.INJECTED = 1;\n',
  '\r globalThis.INJECTED = 1;',
  '\u2028globalThis.INJECTED = 1;',
  '\u2029globalThis.INJECTED = 1;',
  '\\',
  "\\'",
  '\u0000',
  'a\u0000b',
  '../../../../etc/hostname',
  '/etc/hostname',
  '~/x',
  '.',
  '..',
  'a'.repeat(300),
  'a/'.repeat(600),
  '数据',
  '\ud800',
  '\u202e',
  '__proto__',
  'constructor',
  'toString',
  '$(reboot)',
  '%s%n',
  'C:\\models\\x',
  '-rf',
  '1e999',
  'null',
  'FILL_IN',
  'Adapter.fromSaves(x)',
  'NodePool.of',
];
const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...ODD) },
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.tuple(fc.constantFrom(...ODD), fc.constantFrom(...ODD)).map(([a, b]) => a + b),
);
const value = fc.oneof(
  { weight: 3, arbitrary: text },
  fc.constantFrom(null, true, false, 0, -1, 4, 0.5, 1e308, 2 ** 53, [], {}, [[]], [null]),
  fc.array(text, { maxLength: 3 }),
  fc.dictionary(text, text, { maxKeys: 3 }),
);

/** Keys of a train config that import does something with. */
const KEYS = [
  'model_name_or_path',
  'adapter_name_or_path',
  'model_revision',
  'stage',
  'finetuning_type',
  'quantization_bit',
  'dataset',
  'eval_dataset',
  'dataset_dir',
  'deepspeed',
  'output_dir',
  'tokenized_path',
  'cache_dir',
  'template',
  'lora_target',
  'run_name',
  'lr_scheduler_kwargs',
  'hf_hub_token',
  'learning_rate',
  'report_to',
];
const good = {
  model_name_or_path: 'Qwen/Qwen3-0.6B',
  stage: 'sft',
  finetuning_type: 'lora',
  dataset: 'math',
  template: 'qwen3_nothink',
  deepspeed: 'ds.json',
  output_dir: 'out',
};
const config = fc
  .tuple(fc.dictionary(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...KEYS) }, text), value, { maxKeys: 5 }), text)
  .map(([own, comment]) => {
    const lines = Object.entries({ ...good, ...own }).map(
      ([key, each]) => `${JSON.stringify(key)}: ${JSON.stringify(each)}\n`,
    );
    return `# ${comment.replace(/[\p{Cc}\u2028\u2029\ud800]/gu, ' ')}\n${lines.join('')}`;
  });

const entry = fc.record(
  {
    file_name: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('math.json', 'sub', 'link.json', '../train.yaml') },
      value,
    ),
    formatting: fc.oneof(fc.constantFrom('alpaca', 'sharegpt', 'openai'), value),
    columns: fc.oneof(
      fc.dictionary(fc.constantFrom('prompt', 'messages', 'kto_tag', '__proto__'), value, { maxKeys: 3 }),
      value,
    ),
    tags: fc.oneof(fc.dictionary(fc.constantFrom('role_tag', 'user_tag', 'x'), value, { maxKeys: 3 }), value),
    ranking: value,
    num_samples: value,
    split: value,
    hf_hub_url: value,
  },
  { requiredKeys: ['file_name'] },
);
const info = fc
  .tuple(entry, fc.dictionary(text, fc.oneof(entry, value), { maxKeys: 2 }))
  .map(([math, others]) => JSON.stringify({ math, ...others }));
const zero = fc.dictionary(
  fc.constantFrom(
    'stage',
    'overlap_comm',
    'offload_param',
    'offload_optimizer',
    'reduce_bucket_size',
    'sub_group_size',
    'odd',
  ),
  fc.oneof(value, fc.constantFrom(3, 2, { device: 'cpu' }, { device: 'nvme' })),
  { maxKeys: 4 },
);
const deepspeed = fc
  .record(
    {
      zero_optimization: fc.oneof({ weight: 4, arbitrary: zero.map((own) => ({ stage: 3, ...own })) }, value),
      optimizer: value,
      fp16: value,
      scheduler: value,
    },
    { requiredKeys: [] },
  )
  .map((json) => JSON.stringify(json));
const line = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('export ', '', '  ', 'env ', 'if '),
      fc.constantFrom('CUDA_VISIBLE_DEVICES', 'NCCL_DEBUG', 'HF_ENDPOINT', 'USE_MODELSCOPE_HUB', 'A_TOKEN', 'x'),
      text,
    )
    .map(([before, name, set]) => `${before}${name}=${set}`),
  text,
  fc.constantFrom(
    'llamafactory-cli train train.yaml a=1',
    'torchrun --nproc_per_node=2 train.py train.yaml',
    'deepspeed --num_gpus=99999999999999999999 x',
  ),
);
const script = fc.array(line, { maxLength: 6 }).map((lines) => lines.join('\n'));

const broken = fc.oneof(
  fc.constantFrom(
    '',
    '{',
    '[',
    'null',
    '{"a": 1',
    '[1,2',
    `${'['.repeat(3000)}`,
    `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`,
  ),
  fc.uint8Array({ maxLength: 60 }),
);
/** A name of a file, as file systems take them. */
const fileName = text
  .map((odd) => odd.replace(/[\p{Cc}\p{Cs}/]/gu, '_').slice(0, 60))
  .filter((name) => !['', '.', '..'].includes(name.trim()));
const NAMES = [
  'train.yaml',
  'ds.json',
  'data/dataset_info.json',
  'data/math.json',
  'run.sh',
  'data/sub',
  'data/link.json',
  'mine/config.json',
];

const folder: fc.Arbitrary<FolderInput> = fc
  .record({
    config,
    info,
    deepspeed,
    script,
    rows: fc.oneof(
      fc.constant('[{"instruction": "1 + 1?", "output": "2"}]'),
      fc.jsonValue().map((rows) => JSON.stringify(rows)),
      broken,
    ),
    odd: fc.dictionary(
      fileName,
      fc.constantFrom('model_name_or_path: x\n', '#!/bin/bash\nllamafactory-cli train\n', ''),
      { maxKeys: 2 },
    ),
    suffix: fc.constantFrom('', '.yaml', '.sh', '.json'),
    broken: fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      fc.dictionary(fc.constantFrom(...NAMES), broken, { maxKeys: 1 }),
    ),
    links: fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      fc.dictionary(
        fc.constantFrom(...NAMES),
        fc.constantFrom('nowhere', 'math.json', '.', '..', '/etc/hostname', '/dev/null', 'train.yaml', '/'),
        { maxKeys: 2 },
      ),
    ),
    folders: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.subarray(NAMES, { maxLength: 2 })),
    options: fc.constantFrom(
      [],
      ['--gpus', '2'],
      ['--llamafactory', '0.9.3'],
      ['--gpu', 'A100-80GB'],
      ['--config', 'train.yaml'],
    ),
  })
  .map((given) => ({
    files: {
      'train.yaml': given.config,
      'data/dataset_info.json': given.info,
      'ds.json': given.deepspeed,
      'data/math.json': given.rows,
      'run.sh': given.script,
      ...Object.fromEntries(Object.entries(given.odd).map(([name, content]) => [name + given.suffix, content])),
      ...given.broken,
    },
    links: given.links,
    folders: given.folders,
    options: given.options,
  }));

/** Folder number i of a seed. */
export function folderAt(seed: number, i: number): FolderInput {
  return fc.sample(folder, { seed: seed + i, numRuns: 1 })[0] as FolderInput;
}
