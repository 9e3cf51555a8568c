import { MODELS } from '../../src/planning/catalog/models';
import { baseWeights, linearsOf, modelFileBytes } from '../../src/planning/layers';
import { settingsOf } from '../../src/planning/settings';
import type { ModelShape } from '../../src/run/model-shape';
import { quantisedFilesOf } from '../../src/run/quantised-files';
import type { Run } from '../../src/run/run';
import { runOf } from '../judge/rules/rule-cases';

const model = MODELS['Qwen2.5-72B-Instruct'] as ModelShape;
const awq = quantisedFilesOf('Qwen2.5-72B-Instruct-AWQ');
const weights = (part: Partial<Run>) => {
  const { weights, scales } = baseWeights(model, linearsOf(model, 5), settingsOf(runOf({ model, ...part })));
  return (weights + scales) / 1e9;
};

test('four bits a weight, and a scale and an offset for 128 of them: 41.4 GB of 72B', () => {
  expect(modelFileBytes(model, awq) / 1e9).toBeCloseTo(41.4, 0);
  expect(weights({ quantised: awq })).toBeCloseTo(41.4, 0);
});

test('quantization_bit changes nothing about them', () => {
  const args = { quantization_bit: 8, double_quantization: false };
  expect(weights({ quantised: awq, args })).toBe(weights({ quantised: awq }));
});

test('eight bits take twice as much, and 16 bits where the release undoes them', () => {
  expect(weights({ quantised: quantisedFilesOf('Qwen2.5-72B-Instruct-GPTQ-Int8') })).toBeCloseTo(76.9, 0);
  const fp8 = quantisedFilesOf('Qwen2.5-72B-Instruct-FP8');
  expect(weights({ quantised: fp8 })).toBe(weights({}));
  expect(weights({ quantised: fp8, release: '0.9.3' })).toBeLessThan(80);
});
