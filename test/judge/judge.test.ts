import { Gpu, NodePool } from '../../src';
import { judge } from '../../src/judge/judge';
import type { Run } from '../../src/run/run';

const run = (changes: Partial<Run> = {}): Run => ({
  path: 'finetune/math',
  file: 'train_config.yaml',
  release: '0.9.5',
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
const IN_PROPS = { written: { keys: new Set<string>(), floats: new Set<string>() } };
const judged = (changes: Partial<Run> = {}) => judge(run(changes), IN_PROPS).findings;
const keysWith = (args: object) => judged({ args: { ...run().args, ...args } }).map(({ key }) => key);

test('an argument is called as the props call it', () => {
  expect(keysWith({ per_device_train_batch_sze: 1 })).toContain('train.perDeviceTrainBatchSze');
});

test('what a construct says is called as its prop', () => {
  const [finding] = judged({ datasets: [] }).filter(({ severity }) => severity === 'error');
  expect(finding).toEqual(expect.objectContaining({ path: 'finetune/math', key: 'dataset' }));
});

test('the parser’s refusals and the rules’ findings come together', () => {
  expect(keysWith({ stage: 'sftt', lora_rank: 'sixteen' })).toEqual(
    expect.arrayContaining(['train.stage', 'train.loraRank']),
  );
});

test('a good run has no errors', () => {
  expect(judged().filter(({ severity }) => severity === 'error')).toEqual([]);
});
