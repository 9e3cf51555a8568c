import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../runtime/pod';
import { PREFLIGHT, preflightPod } from '../runtime/preflight-pod';
import { cleanUp, type Ended, folder, run, write } from '../runtime/programs';
import { imageEnv, printedBy, releases } from './environment';
import { SAMPLES } from './run';

afterAll(cleanUp);

describe.each(releases())('LLaMA-Factory %s', (release) => {
  const packages = { HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: '1', ...imageEnv(release) };
  const root = folder();
  const model = join(root, 'model');

  beforeAll(() => {
    mkdirSync(model);
    printedBy(release, 'make-model.py', [model, 'qwen3', SAMPLES]);
    const tags = { role_tag: 'role', content_tag: 'content', user_tag: 'user', assistant_tag: 'assistant' };
    const chat = { formatting: 'sharegpt', columns: { messages: 'messages' }, tags };
    const pairs = [1, 2, 3].map((number) => ({
      conversations: [{ from: 'human', value: `${number} + 1 = ?` }],
      chosen: { from: 'gpt', value: `The sum is ${number + 1}.` },
      rejected: { from: 'gpt', value: 'No idea.' },
    }));
    write(join(root, 'pairs.json'), JSON.stringify(pairs));
    const info = {
      math: { file_name: SAMPLES, ...chat },
      broken: { file_name: SAMPLES, ...chat, tags: { ...tags, user_tag: 'human' } },
      pairs: {
        file_name: join(root, 'pairs.json'),
        formatting: 'sharegpt',
        ranking: true,
        columns: { messages: 'conversations', chosen: 'chosen', rejected: 'rejected' },
      },
    };
    write(join(root, 'dataset_info.json'), JSON.stringify(info));
    write(
      join(root, 'zero3.json'),
      JSON.stringify({
        train_batch_size: 'auto',
        train_micro_batch_size_per_gpu: 'auto',
        gradient_accumulation_steps: 'auto',
        gradient_clipping: 'auto',
        fp16: { enabled: 'auto' },
        zero_optimization: { stage: 3, offload_optimizer: { device: 'cpu' }, offload_param: { device: 'cpu' } },
      }),
    );
  });

  /** The preset's run on four cards, with some changes. */
  const real = (changes: Readonly<Record<string, unknown>> = {}) =>
    preflightPod(
      {
        model_name_or_path: model,
        stage: 'sft',
        do_train: true,
        finetuning_type: 'lora',
        quantization_bit: 4,
        quantization_method: 'bnb',
        dataset: 'math',
        dataset_dir: root,
        template: 'qwen3',
        cutoff_len: 64,
        val_size: 0.1,
        eval_strategy: 'steps',
        preprocessing_num_workers: 16,
        fp16: true,
        deepspeed: join(root, 'zero3.json'),
        report_to: 'none',
        ...changes,
      },
      packages,
    );
  const look = (env: Record<string, string>): Promise<Ended> => run('python', ['-I', PREFLIGHT], env);

  test('takes the preset’s run with ZeRO-3 on four cards, and counts its samples', async () => {
    const { env, marker, tokenized } = real();
    const ended = await look(env);
    expect([ended.code, ended.code === 0 ? '' : ended.stdout.slice(-4000)]).toEqual([0, '']);
    expect(ended.stdout).toContain('preflight: the parser takes the run: 4 ranks, stage sft');
    expect(ended.stdout).toMatch(
      /^preflight: 216 samples to train on, the longest of 64 tokens; \d+ reach cutoff_len \(64\)$/m,
    );
    expect(ended.stdout).toMatch(/^preflight: 24 samples to evaluate on, /m);
    expect(JSON.parse(marker())).toMatchObject({ checked: true, train: { samples: 216, longest: 64 } });
    expect(readdirSync(tokenized).sort()).toEqual(['dataset_dict.json', 'train', 'validation']);
    // DeepSpeed compiled nothing.
    expect(readdirSync(join(env.HOME, '.cache'))).not.toContain('torch_extensions');
  });

  test('reads pairs for dpo', async () => {
    const { env, marker } = real({ stage: 'dpo', dataset: 'pairs', val_size: 0, eval_strategy: 'no', deepspeed: null });
    const ended = await look(env);
    expect([ended.code, ended.code === 0 ? '' : ended.stdout.slice(-4000)]).toEqual([0, '']);
    expect(JSON.parse(marker()).train.samples).toBe(3);
  });

  test('refuses an argument that the parser does not know', async () => {
    const { env, message, failed } = real({ learning_rat: 1e-4 });
    expect((await look(env)).code).toBe(codeOf('config'));
    expect(message()).toMatch(/^preflight: config: .*Some keys are not used by the HfArgumentParser: .*learning_rat/);
    expect(failed()).toBe(message());
  });

  test('refuses data of which no sample is valid', async () => {
    const { env, message, tokenized } = real({ dataset: 'broken' });
    expect((await look(env)).code).toBe(codeOf('data'));
    expect(message()).toMatch(/^preflight: data: .*Cannot find valid samples/);
    expect(existsSync(tokenized)).toBe(false);
  });

  test('refuses a model whose tokenizer is not there', async () => {
    const { env, message } = real({ model_name_or_path: join(root, 'nothing') });
    expect((await look(env)).code).toBe(codeOf('config'));
    expect(message()).toMatch(/^preflight: config: .*check model_name_or_path/);
  });

  test('looks at the first samples of data that streams', async () => {
    const { env, marker } = real({
      streaming: true,
      tokenized_path: null,
      max_steps: 10,
      val_size: 0,
      eval_strategy: 'no',
      preprocessing_num_workers: null,
      dataloader_num_workers: 1,
    });
    const ended = await look(env);
    expect([ended.code, ended.code === 0 ? '' : ended.stdout.slice(-4000)]).toEqual([0, '']);
    expect(ended.stdout).toContain('training example:');
    expect(JSON.parse(marker())).toEqual({ checked: true, tokenized: null });
  });
});
