import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MODELS } from '../../src/planning/catalog/models';
import { modelFileBytes } from '../../src/planning/layers';
import { shapeOf } from '../../src/planning/memory';
import { settingsOf } from '../../src/planning/settings';
import type { ModelShape } from '../../src/run/model-shape';
import type { Mapping } from '../../src/run/run';
import { seedRun } from './runs';

/** A line of measurements/parameters.jsonl, counted by tools/count-parameters.py. */
interface Counted {
  readonly model: string;
  readonly transformers: string;
  readonly parameters: number;
  readonly lora_all_rank_16: number;
  readonly lora_q_v_rank_4: number;
  readonly dora_attention_rank_8: number;
  readonly freeze_2_layers: number;
}

const RUNS: Readonly<Record<string, Mapping>> = {
  lora_all_rank_16: { lora_rank: 16, lora_target: 'all' },
  lora_q_v_rank_4: { lora_rank: 4, lora_target: 'q_proj,v_proj' },
  dora_attention_rank_8: { lora_rank: 8, lora_target: 'q_proj,k_proj,v_proj,o_proj', use_dora: true },
  freeze_2_layers: { finetuning_type: 'freeze', freeze_trainable_layers: 2, quantization_bit: undefined },
};

/** The same where queries, keys and values are one matrix. */
const PACKED: Readonly<Record<string, Mapping>> = {
  lora_q_v_rank_4: { lora_target: 'qkv_proj' },
  dora_attention_rank_8: { lora_target: 'qkv_proj,o_proj' },
};

const lines = readFileSync(join(__dirname, '../../measurements/parameters.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Counted);

/** What is counted: all but the names. */
const counted = (name: string) => {
  const { name: _, repository: __, modelScopeRepository: ___, ...numbers } = MODELS[name] as ModelShape;
  return JSON.stringify(numbers);
};

test('of every shape of the catalogue a model was counted', () => {
  const shapes = new Set(lines.map(({ model }) => counted(model)));
  expect(Object.keys(MODELS).filter((name) => !shapes.has(counted(name)))).toEqual([]);
});

test.each(lines.map((line) => [line.model, line.transformers, line] as const))(
  '%s has and trains as many parameters as with transformers %s and PEFT',
  (name, transformers, line) => {
    const model = MODELS[name];
    if (model === undefined) throw new Error(`no model ${name} in the catalogue`);
    const release = transformers.startsWith('5') ? '0.9.5' : '0.9.4';
    const planned = Object.entries(RUNS).map(([way, asked]) => {
      const args = model.packed.queryKeyValue ? { ...asked, ...PACKED[way] } : asked;
      const run = { ...seedRun(args), release, model } as const;
      return [way, shapeOf(run, model, settingsOf(run)).trainable];
    });
    expect({ parameters: modelFileBytes(model) / 2, ...Object.fromEntries(planned) }).toMatchObject({
      parameters: line.parameters,
      ...Object.fromEntries(Object.keys(RUNS).map((way) => [way, line[way as keyof Counted]])),
    });
  },
);
