/** What rules say of runs that the parser takes: the real trainer dies as they say, and trains after `lint --fix`. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { main } from '../../src/cli/main';
import { type Finding, Severity } from '../../src/run/finding';
import type { Release } from '../../src/run/releases';
import type { Mapping } from '../../src/run/run';
import { REPOSITORY } from '../folder';
import { printedBy, python, releases } from './environment';

const folder = mkdtempSync(join(tmpdir(), 'cdk8s-llamafactory-rules-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS = Array.from({ length: 24 }, (_, i) => ({
  messages: [
    { role: 'user', content: `what is ${i} plus ${i}` },
    { role: 'assistant', content: `it is ${2 * i}` },
  ],
}));
const TAGS = { role_tag: 'role', content_tag: 'content', user_tag: 'user', assistant_tag: 'assistant' };
const INFO = {
  sums: { file_name: 'sums.json', formatting: 'sharegpt', columns: { messages: 'messages' }, tags: TAGS },
};

/** What a rule says, on a run that trains but for the arguments given. */
interface Case {
  readonly rule: string;
  readonly args: Mapping;
  /** What the trainer ends with; undefined: it trains, and the rule has nothing to say. */
  readonly dies?: RegExp;
  /** What to change where `--fix` can't know it. */
  readonly mended?: Mapping;
  readonly releases?: readonly Release[];
}

const OFF_AND_ON = { gradient_checkpointing: true, disable_gradient_checkpointing: true };
const NO_GRADIENT = /does not require grad and does not have a grad_fn/;
const CASES: Readonly<Record<string, Case>> = {
  'DoRA on four bits': {
    rule: 'dora-on-quantized',
    args: { use_dora: true, quantization_bit: 4 },
    dies: /DoRA is not compatible with PTQ-quantized models/,
    // 4.52, the transformers of 0.9.3, quantises nothing without a GPU
    releases: ['0.9.4', '0.9.5'],
  },
  'DoRA on sixteen bits': { rule: 'dora-on-quantized', args: { use_dora: true } },
  'checkpointing on and off, of adapters': {
    rule: 'gradient-checkpointing-stays-on',
    args: OFF_AND_ON,
    dies: NO_GRADIENT,
    releases: ['0.9.3', '0.9.4'],
  },
  'checkpointing on and off, of some blocks': {
    rule: 'gradient-checkpointing-stays-on',
    args: { ...OFF_AND_ON, finetuning_type: 'freeze', freeze_trainable_layers: 1 },
    dies: NO_GRADIENT,
    releases: ['0.9.3', '0.9.4'],
  },
  'neat_packing, as advised': {
    rule: 'neat-packing-batch',
    args: { neat_packing: true },
    releases: ['0.9.3', '0.9.5'],
  },
  'LoRA on a module that is not there': {
    rule: 'lora-target-unknown',
    args: { lora_target: 'q_porj' },
    dies: /q_porj/,
  },
  'early stopping without evaluations': {
    rule: 'early-stopping',
    args: { early_stopping_steps: 2 },
    dies: /EarlyStoppingCallback requires/,
  },
  'no tracker, by a wrong name': {
    rule: 'report-to-unknown',
    args: { report_to: 'None' },
    dies: /None is not supported/,
  },
  'a part to evaluate on of which nothing is left': {
    rule: 'val-size-leaves-nothing',
    args: { val_size: 30 },
    dies: /test_size=30 should be either/,
    mended: { val_size: 4 },
  },
};

/** Runs the command line in this process. */
function lint(release: Release, config: string, ...more: string[]): string {
  const out: string[] = [];
  const output = { out: (text: string) => out.push(text), err: () => undefined };
  main(['lint', config, '--llamafactory', release, '--gpus', '1', ...more], output);
  return out.join('');
}

describe.each(releases())('LLaMA-Factory %s', (release) => {
  const home = join(folder, release);
  beforeAll(() => {
    mkdirSync(join(home, 'data'), { recursive: true });
    writeFileSync(join(home, 'data', 'sums.json'), JSON.stringify(ROWS));
    writeFileSync(join(home, 'data', 'dataset_info.json'), JSON.stringify(INFO));
    printedBy(release, 'make-model.py', [join(home, 'Qwen3-tiny'), 'qwen3', join(REPOSITORY, 'README.md')]);
  });

  /** A config of a run that trains, with some arguments. */
  function write(name: string, args: Mapping): string {
    const path = join(home, `${name.replace(/\W+/g, '-')}.yaml`);
    const config = {
      model_name_or_path: join(home, 'Qwen3-tiny'),
      stage: 'sft',
      do_train: true,
      finetuning_type: 'lora',
      lora_rank: 4,
      dataset: 'sums',
      dataset_dir: join(home, 'data'),
      template: 'qwen3',
      cutoff_len: 64,
      output_dir: join(home, 'saves', name.replace(/\W+/g, '-')),
      per_device_train_batch_size: 2,
      max_steps: 2,
      logging_steps: 1,
      report_to: 'none',
      ...args,
    };
    writeFileSync(path, stringify(config));
    return path;
  }

  /** Trains, on the CPU and as a single process. */
  function train(path: string): { trained: boolean; said: string } {
    const ended = python(release, ['-m', 'llamafactory.cli', 'train', path, 'use_cpu=true'], {
      HF_HOME: join(home, 'hub'),
    });
    const said = `${ended.stdout}${ended.stderr}`;
    return { trained: ended.status === 0 && /train_loss/.test(said), said: said.slice(-6000) };
  }

  const cases = Object.entries(CASES).filter(([, each]) => each.releases?.includes(release) ?? true);
  test.each(cases)('%s', (name, { rule, args, dies, mended }) => {
    const path = write(name, args);
    const errors = () => {
      const { findings } = JSON.parse(lint(release, path, '--format', 'json')) as { findings: readonly Finding[] };
      return findings.filter(({ id, severity }) => id === rule && severity === Severity.ERROR);
    };
    const first = train(path);
    expect([errors().length > 0, first.trained, first.said]).toEqual([
      dies !== undefined,
      dies === undefined,
      dies === undefined ? expect.anything() : expect.stringMatching(dies),
    ]);
    if (dies === undefined) return;
    if (mended === undefined) lint(release, path, '--fix');
    else write(name, { ...args, ...mended });
    expect([errors(), readFileSync(path, 'utf8')]).toEqual([[], expect.anything()]);
    expect(train(path)).toEqual({ trained: true, said: expect.anything() });
  });
});
