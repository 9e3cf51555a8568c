import { Gpu, NodePool } from '../../src';
import { checkRun } from '../../src/judge/check-run';
import { DEFAULT_RELEASE } from '../../src/run/releases';
import type { Run } from '../../src/run/run';

const run = (changes: Partial<Run> = {}): Run => ({
  path: 'finetune/math',
  file: 'train_config.yaml',
  release: DEFAULT_RELEASE,
  args: {
    model_name_or_path: '/models/a',
    stage: 'sft',
    do_train: true,
    finetuning_type: 'lora',
    dataset: 'math',
    dataset_dir: '/etc/llamafactory',
    template: 'qwen3',
    output_dir: '/saves/a',
    report_to: 'none',
  },
  datasets: [{ name: 'math', entry: { file_name: '/data/math.json' } }],
  card: NodePool.of(Gpu.A100_80GB).gpu._card,
  gpus: 4,
  nodes: 1,
  ...changes,
});
const keysWith = (args: object) => checkRun(run({ args: { ...run().args, ...args } })).map(({ key }) => key);

test('an argument is called as the props call it', () => {
  expect(keysWith({ per_device_train_batch_sze: 1 })).toContain('train.perDeviceTrainBatchSze');
});

test('what a construct says is called as its prop', () => {
  const [finding] = checkRun(run({ datasets: [] })).filter(({ severity }) => severity === 'error');
  expect(finding).toEqual(expect.objectContaining({ path: 'finetune/math', key: 'dataset' }));
});

test('the parser’s refusals and the rules’ findings come together', () => {
  expect(keysWith({ stage: 'sftt', lora_rank: 'sixteen' })).toEqual(
    expect.arrayContaining(['train.stage', 'train.loraRank']),
  );
});

test('a good run has no errors', () => {
  expect(checkRun(run()).filter(({ severity }) => severity === 'error')).toEqual([]);
});
