import { join } from 'node:path';
import { main } from '../../src/cli/main';
import { kindOf } from '../../src/llamafactory/config-kind';
import { temporaryFolder, write } from '../folder';

const folder = temporaryFolder();
const MODEL = { model_name_or_path: 'Qwen/Qwen3-4B', template: 'qwen3' };

function run(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const status = main(args, { out: (text) => out.push(text), err: (text) => err.push(text) });
  return { status, out: out.join(''), err: err.join('') };
}

/** The ids that lint finds in a config, and what it takes the config for. */
function judged(args: Readonly<Record<string, unknown>>, ...options: string[]) {
  write(folder, { 'config.yaml': JSON.stringify(args) });
  const { findings, ...report } = JSON.parse(
    run('lint', join(folder, 'config.yaml'), '--format', 'json', ...options).out,
  );
  return { ...report, ids: findings.map(({ id, key }: { id: string; key: string }) => `${id} ${key}`) };
}

test.each([
  ['train', { ...MODEL, stage: 'sft', do_train: true, dataset: 'a', output_dir: 'out' }],
  ['train', { stage: 'sft' }],
  ['train', {}],
  ['train', { ...MODEL, do_train: true, dataset: 'a', export_dir: 'out' }],
  ['train', { ...MODEL, do_eval: true, eval_dataset: 'a', infer_backend: 'huggingface', output_dir: 'out' }],
  ['export', { ...MODEL, export_dir: 'out' }],
  ['export', { ...MODEL, export_size: 5 }],
  ['export', { ...MODEL, export_dir: 'out', bf16: true }],
  ['inference', MODEL],
  ['inference', { model_name_or_path: 'a', infer_backend: 'vllm' }],
  ['evaluation', { ...MODEL, task: 'mmlu_test', lang: 'en' }],
  ['webui', { 'top.model_name': 'Qwen3-4B', 'train.dataset': [] }],
])('a config is told to be one for %s: %j', (kind, args) => {
  expect(kindOf(args)).toBe(kind);
});

describe('a config to merge and export', () => {
  const merge = { ...MODEL, adapter_name_or_path: '/saves/a', export_dir: '/models/a' };

  test('is taken without what training needs', () => {
    expect(judged(merge)).toMatchObject({ kind: 'export', accepted: true, ids: [] });
    expect(run('lint', join(folder, 'config.yaml')).out).toContain('takes it as a config to merge or export a model');
  });

  test.each([
    [{ quantization_bit: 4 }, 'merge-into-quantized quantization_bit'],
    [{ export_dir: null }, 'export-dir export_dir'],
    [
      { export_quantization_bit: 4, export_quantization_dataset: 'data/c4.jsonl' },
      'export-adapter-quantization export_quantization_bit',
    ],
    [{ learning_rate: 1e-4 }, 'unknown-argument learning_rate'],
    [{ template: 'qwen33' }, 'template template'],
    [{ quantization_bit: 4, quantization_method: 'bitsandbytes' }, 'quantization-without-effect quantization_method'],
  ])('with %j has a fault', (changes, id) => {
    expect(judged({ ...merge, ...changes }).ids).toContain(id);
  });

  test('is not planned, nor imported, and both say why', () => {
    judged(merge);
    const planned = run('plan', join(folder, 'config.yaml'));
    expect(planned).toMatchObject({
      status: 1,
      out: '',
      err: expect.stringContaining('there is no training of it to plan'),
    });
    expect(run('import', folder, '--config', 'config.yaml')).toMatchObject({
      status: 1,
      err: expect.stringContaining('no training can be made of it'),
    });
  });
});

describe('a config to chat or serve', () => {
  test.each([
    [{}, undefined],
    [{ infer_backend: 'tgi' }, 'unknown-backend infer_backend'],
    [{ infer_backend: 'vllm', stage: 'rm' }, 'vllm-stage stage'],
    [{ infer_backend: 'vllm', quantization_bit: 4 }, 'vllm-quantization quantization_bit'],
    [{ infer_backend: 'vllm', rope_scaling: 'yarn' }, 'vllm-rope-scaling rope_scaling'],
    [{ infer_backend: 'vllm', adapter_name_or_path: 'a,b' }, 'vllm-adapters adapter_name_or_path'],
  ])('with %j is judged as that', (changes, id) => {
    const { kind, accepted, ids } = judged({ ...MODEL, infer_backend: 'huggingface', ...changes });
    expect({ kind, accepted }).toEqual({ kind: 'inference', accepted: id === undefined });
    expect(ids).toEqual(id === undefined ? [] : expect.arrayContaining([id]));
  });
});

test('an evaluation is known to 0.9.3 alone', () => {
  const args = { ...MODEL, task: 'mmlu_test', lang: 'en', n_shot: 5 };
  expect(judged(args)).toMatchObject({ kind: 'evaluation', accepted: false, ids: ['evaluation-gone task'] });
  expect(judged(args, '--llamafactory', '0.9.3')).toMatchObject({ accepted: true, ids: [] });
  expect(judged({ ...args, save_dir: folder }, '--llamafactory', '0.9.3').ids).toEqual([
    'evaluation-save-dir save_dir',
  ]);
});

test("LLaMA Board's own file is one finding, with what to take instead", () => {
  const board = { 'top.model_name': 'Qwen3-4B-Thinking', 'top.lang': 'en', 'train.dataset': ['identity'] };
  expect(judged(board)).toMatchObject({ kind: 'webui', accepted: false, ids: ['webui-config top.model_name'] });
  expect(run('lint', join(folder, 'config.yaml')).out).toContain('training_args.yaml');
});
