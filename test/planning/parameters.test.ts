import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MODELS } from '../../src/planning/catalog/models';
import { modelFileBytes } from '../../src/planning/layers';
import { shapeOf } from '../../src/planning/memory';
import { settingsOf } from '../../src/planning/settings';
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

const lines = readFileSync(join(__dirname, '../../measurements/parameters.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Counted);

test('every model of the catalogue was counted', () => {
  expect(new Set(lines.map(({ model }) => model))).toEqual(new Set(Object.keys(MODELS)));
});

test.each(lines.map((line) => [line.model, line.transformers, line] as const))(
  '%s has and trains as many parameters as with transformers %s and PEFT',
  (name, transformers, counted) => {
    const model = MODELS[name];
    if (model === undefined) throw new Error(`no model ${name} in the catalogue`);
    const release = transformers.startsWith('5') ? '0.9.5' : '0.9.4';
    const planned = Object.entries(RUNS).map(([way, args]) => {
      const run = { ...seedRun(args), release, model } as const;
      return [way, shapeOf(run, model, settingsOf(run)).trainable];
    });
    expect({ parameters: modelFileBytes(model) / 2, ...Object.fromEntries(planned) }).toMatchObject({
      parameters: counted.parameters,
      ...Object.fromEntries(Object.keys(RUNS).map((way) => [way, counted[way as keyof Counted]])),
    });
  },
);
