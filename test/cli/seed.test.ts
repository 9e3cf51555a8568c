import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { main } from '../../src/cli/main';
import type { Finding } from '../../src/run/finding';
import { REPOSITORY, temporaryFolder } from '../folder';

const SEED = join(REPOSITORY, 'test/fixtures/seed');
const folder = temporaryFolder();

function lint(path: string, ...options: string[]): readonly Finding[] {
  const out: string[] = [];
  main(['lint', path, ...options, '--format', 'json'], { out: (text) => out.push(text), err: () => {} });
  return JSON.parse(out.join('')).findings;
}

function named(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, id, key }) => `${severity} ${id} ${key}`);
}

describe('lint of the seed as written says', () => {
  const findings = lint(join(SEED, 'train_config.yaml'));

  test.each([
    ['pure_bf16 is given twice', 'error yaml-duplicate-key pure_bf16'],
    ['bitsandbytes is no method, so nothing is quantised', 'error quantization-without-effect quantization_method'],
    ['transformers 5 knows no save_safetensors', 'error unknown-argument save_safetensors'],
    ['DeepSpeed lacks the batch', 'error deepspeed-missing-keys train_micro_batch_size_per_gpu'],
    ['DeepSpeed lacks the accumulation', 'error deepspeed-missing-keys gradient_accumulation_steps'],
    ['DeepSpeed lacks the clipping', 'error deepspeed-missing-keys gradient_clipping'],
    ['activation_checkpointing is inert', 'warning deepspeed-inert-section activation_checkpointing'],
    [
      'round_robin_gradients is none of stage 3',
      'warning deepspeed-inert-section zero_optimization.round_robin_gradients',
    ],
    ["DeepSpeed's optimizer bypasses LoRA+", 'warning deepspeed-optimizer-bypass loraplus_lr_ratio'],
    ['no checkpoint before the end', 'warning saves-never-fire save_steps'],
    ['no evaluation before the end', 'warning evaluations-never-fire eval_steps'],
    ['freeze_trainable_layers is unused', 'advice no-effect-arguments freeze_trainable_layers'],
    ['chatml is not the template of qwen3', 'advice chatml-template template'],
    ['the tags name no system_tag', 'warning sharegpt-tags-incomplete math_train.tags'],
    ['report_to is unset', 'advice report-to-unset report_to'],
    ['no pod has the path of the model', 'warning host-path model_name_or_path'],
    ['no pod has the virtual environment', 'warning host-virtual-environment launch.sh'],
  ])('%s', (_, finding) => {
    expect(named(findings)).toContain(finding);
  });
});

describe('the seed', () => {
  test('has 120 steps with the data it was written for, of which 200 are never reached', () => {
    const path = copyOf('with-data');
    const rows = Array.from({ length: 200 }, (_, i) => ({
      messages: [
        { role: 'user', content: `${i} + ${i}?` },
        { role: 'assistant', content: `${2 * i}` },
      ],
    }));
    writeFileSync(join(folder, 'with-data/data/small_dataset.json'), JSON.stringify(rows));
    expect(lint(path).filter(({ id }) => id.endsWith('never-fire'))).toMatchObject([
      { message: 'the run has 120 optimizer steps, so no checkpoint is written before the last' },
      { message: 'the run has 120 optimizer steps, so nothing is evaluated before the last' },
    ]);
  });

  test('does not fit a T10 once it is quantised and not offloaded', () => {
    const path = copyOf('without-offload');
    rmSync(join(folder, 'without-offload/data/small_dataset.json'));
    const text = readFileSync(path, 'utf8').replace('method: bitsandbytes', 'method: bnb');
    writeFileSync(path, text.replace(/^deepspeed:.*$/m, ''));
    expect(named(lint(path))).toContain('error gpu-memory per_device_train_batch_size');
  });
});

function copyOf(name: string): string {
  cpSync(SEED, join(folder, name), { recursive: true });
  return join(folder, name, 'train_config.yaml');
}
