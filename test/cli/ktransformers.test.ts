import { join } from 'node:path';
import { main } from '../../src/cli/main';
import { temporaryFolder, write } from '../folder';

const folder = write(temporaryFolder(), {
  'train.yaml': JSON.stringify({
    model_name_or_path: 'Qwen/Qwen3-235B-A22B',
    stage: 'sft',
    do_train: true,
    dataset: 'own',
    template: 'qwen3',
    output_dir: '/saves/own',
    use_kt: true,
  }),
  'data/dataset_info.json': '{"own": {"file_name": "own.json"}}',
  'data/own.json': '[{"instruction": "why", "input": "", "output": "<think>\\nso\\n</think>\\n\\na"}]',
});

function run(command: string, ...more: string[]) {
  let out = '';
  const args = [command, join(folder, 'train.yaml'), '--gpu', 'RTX-4090', '--gpus', '1', ...more];
  const status = main(args, { out: (text) => (out += text), err: () => undefined });
  return { status, out };
}

test('a run of KTransformers is not planned, and the plan says so', () => {
  expect(run('plan').out).toContain('memory and speed are not planned: KTransformers (use_kt)');
});

test('it is no error, and its packages are nothing to take use_kt out for', () => {
  const { status, out } = run('lint', '--format', 'json');
  expect(status).toBe(0);
  const { findings } = JSON.parse(out) as { findings: { id: string; key: string; severity: string; fix: unknown[] }[] };
  expect(findings.filter(({ key }) => key === 'use_kt')).toMatchObject([
    { id: 'package-missing', severity: 'warning', fix: [] },
  ]);
  expect(findings.map(({ id }) => id)).not.toContain('gpu-memory');
});
