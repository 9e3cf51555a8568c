import { Gpu, NodePool } from '../../src';
import { judge } from '../../src/judge/judge';
import { Severity } from '../../src/run/finding';
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

test('a crash in the parser is an error of its own, and the rules speak all the same', () => {
  const files = {
    read: () => {
      throw new Error('no');
    },
    kind: () => undefined,
    list: () => [],
  };
  const args = { ...run().args, new_special_tokens_config: 'tokens.yaml', overwrite_output_dir: true };
  const { findings, accepted } = judge(run({ args, release: '0.9.4' }), { files });
  expect(accepted).toBe(false);
  expect(findings[0]).toEqual({
    id: 'check-failed',
    severity: 'error',
    path: 'finetune/math',
    key: '',
    message: "the check itself failed, so what it looks for isn't known: no",
  });
  expect(findings.map(({ id }) => id)).toContain('overwrite-output-dir');
});

test('a run that can not be planned says why, and its findings come all the same', () => {
  const judgement = judge(run({ datasets: null as never }));
  expect(judgement.numbers).toMatchObject({ failed: { id: 'check-failed', key: 'plan', path: 'finetune/math' } });
  expect(judgement.plan).toEqual(judgement.numbers);
  expect(judgement.findings.map(({ id }) => id)).toContain('check-failed');
});

test('what else was found comes first, each thing once, and is acknowledged with the rest', () => {
  const further = {
    id: 'preflight-holds-gpus',
    severity: Severity.WARNING,
    path: 'finetune/math',
    key: 'preflight',
  } as const;
  const finding = { ...further, message: 'the pod holds its GPUs' };
  expect(judge(run(), { further: [finding, finding] }).findings.filter(({ id }) => id === finding.id)).toEqual([
    finding,
  ]);
  const judgement = judge(run(), { further: [finding], acknowledge: { 'preflight-holds-gpus': 'one user' } });
  expect(judgement.findings.map(({ id }) => id)).not.toContain('preflight-holds-gpus');
  expect(judgement.acknowledged).toEqual({ 'preflight-holds-gpus': 'one user' });
});
