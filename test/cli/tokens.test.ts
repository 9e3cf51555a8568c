import { join } from 'node:path';
import { main } from '../../src/cli/main';
import { temporaryFolder, write } from '../folder';

const folder = temporaryFolder();

/** A tokenizer that makes a token of each word. */
const TOKENIZER = JSON.stringify({
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'WhitespaceSplit' },
  post_processor: null,
  decoder: null,
  model: { type: 'WordLevel', vocab: { '[UNK]': 0, word: 1 }, unk_token: '[UNK]' },
});

function planned(files: Record<string, string>, args: string, ...options: string[]) {
  const rows = Array.from({ length: 300 }, () => ({ text: 'word '.repeat(99), url: 'x '.repeat(400) }));
  write(folder, {
    'data/dataset_info.json': JSON.stringify({ c4: { file_name: 'c4.json', columns: { prompt: 'text' } } }),
    'data/c4.json': JSON.stringify(rows),
    'train.yaml': `model_name_or_path: model\nstage: pt\ndo_train: true\nfinetuning_type: lora\ndataset: c4\noutput_dir: out\nper_device_train_batch_size: 1\ngradient_accumulation_steps: 1\nnum_train_epochs: 1\n${args}`,
    'model/config.json': '{}',
    ...files,
  });
  let [out, err] = ['', ''];
  const status = main(['plan', join(folder, 'train.yaml'), '--gpus', '1', ...options], {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
  });
  return { status, out, err };
}
const scheduleOf = (files: Record<string, string>, args = '') =>
  (JSON.parse(planned(files, args, '--format', 'json').out) as { schedule: Record<string, unknown> }).schedule;

test('without the tokenizer, the sequences that texts are packed into are a bound, and it says so', () => {
  expect(scheduleOf({}, 'cutoff_len: 1000\n')).toEqual(expect.objectContaining({ exact: false, trainSequences: 148 }));
  expect(planned({}, 'cutoff_len: 1000\n').out).toContain('at most 148 sequences');
});

test("with the model's own tokenizer the steps of pre-training are exact", () => {
  // 300 texts of 99 words and the token that ends each, in blocks of 1000
  const files = { 'model/tokenizer.json': TOKENIZER };
  expect(scheduleOf(files, 'cutoff_len: 1000\n')).toEqual(
    expect.objectContaining({ exact: true, trainSequences: 30, optimizerSteps: 30 }),
  );
  // each of seven workers throws the rest of its block away: 43 or 42 texts
  expect(scheduleOf(files, 'cutoff_len: 1000\npreprocessing_num_workers: 7\n')).toEqual(
    expect.objectContaining({ trainSequences: 28 }),
  );
  // an argument that is given makes room for one token
  expect(scheduleOf(files, 'cutoff_len: 1001\npacking: true\n')).toEqual(
    expect.objectContaining({ trainSequences: 30 }),
  );
  expect(scheduleOf(files, 'cutoff_len: 1000\npacking: false\n')).toEqual(
    expect.objectContaining({ exact: true, optimizerSteps: 300 }),
  );
});

test('a tokenizer that cannot be read is none', () => {
  expect(scheduleOf({ 'model/tokenizer.json': '{' }, 'cutoff_len: 1000\n')).toEqual(
    expect.objectContaining({ exact: false }),
  );
});

test('a log is set beside the plan, and one that is none is an error', () => {
  const files = {
    'model/tokenizer.json': TOKENIZER,
    'log.jsonl': '{"current_steps": 30, "total_steps": 30, "elapsed_time": "0:01:00"}\n',
  };
  const { status, out } = planned(files, 'cutoff_len: 1000\n', '--measured', join(folder, 'log.jsonl'));
  expect([status, out]).toEqual([0, expect.stringContaining('30 of 30, as planned')]);
  const wrong = planned(files, 'cutoff_len: 1000\n', '--measured', join(folder, 'train.yaml'));
  expect([wrong.status, wrong.err]).toEqual([1, expect.stringContaining('trainer_log.jsonl')]);
});
