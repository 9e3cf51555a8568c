/** The tuning and troubleshooting sections of the seed document, line by line: docs/planning.md says what answers each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RULES } from '../../src/judge/rules';
import { CARDS } from '../../src/planning/catalog/cards';
import { plan } from '../../src/planning/plan';
import type { Mapping, Run } from '../../src/run/run';
import { REPOSITORY } from '../folder';
import { chat } from '../judge/rules/rule-cases';
import { seedRun } from './runs';

const rows = (count: number) => [{ name: 'math_train', rows: Array.from({ length: count }, () => ({ messages: [] })) }];
const ddp = (args: Mapping = {}) => seedRun(args, 'ddp');
const all = { max_samples: undefined };
const [data] = [chat(200)];

/** An answer: a rule's or an advice's id, the key it must change where it has several, and a run that asks for it. */
interface Answer {
  readonly id: string;
  readonly key?: string;
  readonly run: Run;
}

const offload: Answer = { id: 'make-it-fit', key: 'deepspeed', run: ddp() };
const batch: Answer = { id: 'make-it-fit', key: 'per_device_train_batch_size', run: ddp() };
const attention: Answer[] = [
  { id: 'attention-disabled', run: seedRun({ flash_attn: 'disabled' }) },
  { id: 'flash-attention-unsupported', run: seedRun({ flash_attn: 'fa2' }) },
  {
    id: 'neat-packing',
    run: ddp({ per_device_train_batch_size: 1, per_device_eval_batch_size: 1, cutoff_len: 1536 }),
  },
];
const workers: Answer = { id: 'preprocessing-workers', run: { ...seedRun(all), datasets: rows(30_000) } };
const aboveCpus: Answer = { id: 'workers-above-cpus', run: { ...seedRun({ preprocessing_num_workers: 8 }), cpus: 4 } };
const scaling: Answer = { id: 'lora-scaling', run: seedRun({ lora_alpha: 4 }) };
const fewSteps: Answer = { id: 'few-steps', run: seedRun({ num_train_epochs: 2 }) };

const LINES: Readonly<Record<string, readonly Answer[]>> = {
  'ZeRO-3 with CPU offload': [offload],
  'gradient checkpointing': [
    {
      id: 'make-it-fit',
      key: 'disable_gradient_checkpointing',
      run: ddp({
        disable_gradient_checkpointing: true,
        per_device_train_batch_size: 1,
        per_device_eval_batch_size: 1,
        cutoff_len: 1024,
      }),
    },
    { id: 'gradient-checkpointing-stays-on', run: seedRun({ gradient_checkpointing: false }) },
  ],
  '4-bit quantisation': [
    {
      id: 'make-it-fit',
      key: 'quantization_bit',
      run: { ...ddp({ quantization_bit: undefined }), card: CARDS['A10'] },
    },
    { id: 'quantization-without-effect', run: seedRun({ quantization_method: 'bitsandbytes' }) },
  ],
  'smaller batch': [batch],
  'Flash Attention': attention,
  'overlap communication': [
    {
      id: 'overlap-communication',
      run: {
        ...seedRun(),
        deepspeed: { file: 'ds.json', config: { zero_optimization: { stage: 3, overlap_comm: false } } },
      },
    },
  ],
  'fast tokenizer': [{ id: 'slow-tokenizer', run: seedRun({ use_fast_tokenizer: false }) }],
  'preprocessing workers': [
    workers,
    { id: 'workers-above-rows', run: { ...seedRun({ preprocessing_num_workers: 8 }), datasets: rows(4) } },
  ],
  'cosine schedule': [{ id: 'constant-learning-rate', run: seedRun({ lr_scheduler_type: 'constant' }) }],
  'warm-up': [{ id: 'no-warm-up', run: seedRun({ warmup_ratio: 0 }) }],
  dropout: [{ id: 'lora-dropout', run: seedRun({ lora_dropout: 0 }) }],
  'LoRA settings': [scaling],
  'more max_samples': [{ id: 'max-samples-below-rows', run: { ...seedRun(), datasets: rows(300) } }],
  'epochs by the size of the data': [{ id: 'many-epochs', run: { ...seedRun(all), datasets: rows(6000) } }, fewSteps],
  'size of the validation set': [{ id: 'validation-size', run: seedRun({ val_size: 0.01 }) }],
  'batch by the number of GPUs': [{ id: 'effective-batch', run: { ...seedRun(), gpus: 16 } }],
  'length by GPU memory': [
    { id: 'make-it-fit', key: 'cutoff_len', run: ddp() },
    { id: 'cutoff-above-data', run: { ...seedRun(), datasets: [data] } },
  ],
  'workers by CPU cores': [aboveCpus],
  'watch the GPUs': [{ id: 'gpu-memory', run: ddp() }],
  'logging frequency': [{ id: 'logging-interval', run: seedRun({ logging_steps: 100 }) }],
  'look at loss and evaluation': [
    { id: 'no-evaluation', run: seedRun({ eval_strategy: 'no' }) },
    { id: 'evaluations-never-fire', run: seedRun() },
    { id: 'save-on-the-way', run: seedRun() },
  ],
  'out of memory: smaller batch': [batch],
  'out of memory: more accumulation': [{ ...batch, key: 'gradient_accumulation_steps' }],
  'out of memory: CPU offload': [offload],
  'out of memory: smaller LoRA rank': [
    {
      id: 'make-it-fit',
      key: 'lora_rank',
      run: ddp({ lora_rank: 64, cutoff_len: 1024, per_device_train_batch_size: 1 }),
    },
  ],
  'slow: Flash Attention': attention,
  'slow: preprocessing workers': [workers],
  'slow: faster storage': [
    {
      id: 'checkpoint-writes',
      run: { ...ddp({ save_steps: 1, cutoff_len: 256, gradient_accumulation_steps: 1 }), card: CARDS['H100'] },
    },
  ],
  'slow: data loading': [
    {
      id: 'streaming-without-workers',
      run: seedRun({ streaming: true, max_steps: 100, max_samples: undefined, val_size: 20 }),
    },
    { id: 'quicker-strategy', run: seedRun() },
  ],
  'no convergence: learning rate': [{ id: 'learning-rate', run: seedRun({ learning_rate: 1e-2 }) }],
  'no convergence: data quality': [
    { id: 'duplicate-rows', run: { ...seedRun(), datasets: [{ ...data, rows: [data.rows?.[0], data.rows?.[0]] }] } },
    { id: 'empty-answers', run: { ...seedRun(), datasets: [chat(3, '')] } },
  ],
  'no convergence: LoRA settings': [scaling],
  'no convergence: more epochs': [fewSteps],
};

/** The table of docs/planning.md: the ids after each line. */
function documented(): Record<string, string[]> {
  const page = readFileSync(join(REPOSITORY, 'docs', 'planning.md'), 'utf8');
  const table = /<!-- table: the document's advice -->\n([\s\S]*?)<!-- end of table -->/.exec(page)?.[1] ?? '';
  const lines = table.split('\n').filter((line) => /^\| (11|12)/.test(line));
  return Object.fromEntries(
    lines.map((line) => {
      const [, , text = '', answers = ''] = line.split('|').map((cell) => cell.trim());
      return [text, [...answers.matchAll(/`([a-z0-9-]+)`/g)].map(([, id]) => id ?? '')];
    }),
  );
}

test('every line of the document is in the table, with what answers it', () => {
  const answered = Object.entries(LINES).map(([line, answers]) => [line, answers.map(({ id }) => id)]);
  expect(documented()).toEqual(Object.fromEntries(answered));
});

describe.each(Object.entries(LINES))('%s', (_, answers) => {
  test.each(answers.map((answer) => [answer.id, answer] as const))('%s speaks', (id, { key, run }) => {
    const rule = RULES.find((each) => each.id === id);
    const said = rule === undefined ? plan(run).advice.filter((each) => each.id === id) : rule.check(run);
    expect(said).not.toEqual([]);
    const keys = said.flatMap((each) => ('edits' in each ? each.edits.map((edit) => edit.key) : []));
    expect(key === undefined ? [undefined] : keys).toContain(key);
  });
});
