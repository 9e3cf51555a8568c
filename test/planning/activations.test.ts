import { attentionKernel, layerActivations } from '../../src/planning/activations';
import { CARDS } from '../../src/planning/catalog/cards';
import { MODELS } from '../../src/planning/catalog/models';
import { linearsOf } from '../../src/planning/layers';
import { settingsOf } from '../../src/planning/settings';
import type { ModelShape } from '../../src/run/model-shape';
import type { Mapping, Run } from '../../src/run/run';
import { BARE_IMAGE, runOf } from '../judge/rules/rule-cases';

describe('the attention kernel', () => {
  const kernel = (args: Mapping, padded: boolean, more: Partial<Run> = {}) => {
    const run = runOf({ args, card: CARDS['T10'], model: MODELS['Qwen3-14B'], ...more });
    return attentionKernel(run, settingsOf(run), padded);
  };
  const ampere = { card: CARDS['A10'] };
  const ungrouped = { ...(MODELS['Qwen3-14B'] as ModelShape), keyValueHeads: 40 };
  const image = (transformers: string) => ({ image: { ...BARE_IMAGE, transformers } });

  test.each<[string, string, string, Mapping, Partial<Run>]>([
    // full batches, padded batches
    ['math', 'memory-efficient', 'on Turing', {}, {}],
    ['flash', 'memory-efficient', 'from Ampere on', {}, ampere],
    ['flash', 'memory-efficient', 'from Ampere on, by name', { flash_attn: 'sdpa' }, ampere],
    ['flash', 'flash', 'with FlashAttention 2', { flash_attn: 'fa2' }, ampere],
    ['math', 'math', 'eager', { flash_attn: 'disabled' }, {}],
    ['math', 'math', 'eager from Ampere on', { flash_attn: 'disabled' }, ampere],
    ['memory-efficient', 'memory-efficient', 'in 0.9.3', {}, { release: '0.9.3' }],
    ['math', 'memory-efficient', 'in 0.9.4', {}, { release: '0.9.4' }],
    ['memory-efficient', 'memory-efficient', 'with transformers 4.52', {}, image('4.52.4')],
    ['math', 'memory-efficient', 'with transformers 4.53', {}, image('4.53.0')],
    ['math', 'memory-efficient', 'with transformers 5.0', {}, image('5.0.0')],
    ['memory-efficient', 'memory-efficient', 'of a model without groups', {}, { model: ungrouped }],
  ])('is %s for full batches and %s for padded ones %s', (full, padded, _, args, more) => {
    expect([kernel(args, false, more), kernel(args, true, more)]).toEqual([full, padded]);
  });
});

describe('bytes that a block keeps, reckoned by hand', () => {
  const SMALL: ModelShape = {
    ...(MODELS['Qwen3-14B'] as ModelShape),
    hiddenSize: 8,
    intermediateSize: 24,
    attentionHeads: 4,
    keyValueHeads: 2,
    headDim: 4,
  };
  const MIXTURE: ModelShape = { ...SMALL, experts: { count: 4, perToken: 2, intermediateSize: 6 } };
  const LORA = { lora_rank: 2, lora_dropout: 0.1, quantization_bit: 4, fp16: true };
  const keeps = (
    args: Mapping = {},
    kernel: 'math' | 'memory-efficient' | 'flash' = 'math',
    model: ModelShape = SMALL,
    transformers = 4,
  ) =>
    layerActivations(
      model,
      linearsOf(model, transformers),
      settingsOf(runOf({ args: { ...LORA, ...args } })),
      kernel,
      10,
    );

  test('norms 64, query and key norms 96, activation 144, attention 192, inputs of LoRA 268', () => {
    // q, k, v, gate and up: 3 x 8 + 2 x 2 each; o: 3 x 16 + 4; down: 3 x 24 + 4
    expect(keeps()).toEqual({
      saved: 64 + 96 + 144 + 192 + 268,
      duringAttention: 32 + 96 + 3 * 28 + 48 + 192,
      mlpGradients: 12 * 24 + 48,
      mlpSummed: 3 * 24 + 48,
      scores: 4 * 4 * 10 * 10,
      forwardAttention: 192 + 16,
    });
  });

  test('liger keeps less of norms and activation', () => {
    const { saved, mlpGradients, mlpSummed } = keeps({ enable_liger_kernel: true });
    expect([saved, mlpGradients, mlpSummed]).toEqual([16 + 48 + 96 + 192 + 268, 24 + 48, 72 + 48]);
  });

  test('the memory-efficient kernel keeps repeated keys and no scores, flash keeps them grouped', () => {
    const efficient = keeps({}, 'memory-efficient');
    expect([efficient.saved, efficient.scores]).toEqual([64 + 96 + 144 + (8 * 16 + 16) + 268, 0]);
    expect(efficient.duringAttention).toBe(32 + 96 + 84 + 48 + 144 + 6 * 16);
    expect(keeps({}, 'flash').saved).toBe(64 + 96 + 144 + (4 * 16 + 4 * 8 + 16) + 268);
  });

  test('without dropout LoRA keeps no mask', () => {
    // 5 x 8 + 16 + 24 values less a byte
    expect(keeps().saved - keeps({ lora_dropout: 0 }).saved).toBe(80);
  });

  test('LoRA on q and v keeps the input of those', () => {
    expect(keeps({ lora_target: 'q_proj,v_proj' }).saved).toBe(64 + 96 + 144 + 192 + 2 * 28);
  });

  test('8 bits keep an input once for all that share it', () => {
    const { saved, duringAttention } = keeps({ quantization_bit: 8 });
    expect(saved - keeps().saved).toBe(2 * (8 + 16 + 8 + 24));
    expect(duringAttention - keeps().duringAttention).toBe(16);
  });

  test('so does what trains whole', () => {
    const { saved, duringAttention } = keeps({ finetuning_type: 'full', quantization_bit: undefined });
    expect(saved).toBe(64 + 96 + 144 + 192 + 112);
    expect(duringAttention).toBe(32 + 96 + 16 + 48 + 192);
  });

  test("DoRA keeps the base's output and the adapter's, and the input once more", () => {
    // outputs: q 16, k and v 8 each, o 8, gate and up 24 each, down 8; inputs: 5 x 8 + 16 + 24
    expect(keeps({ use_dora: true }).saved - keeps().saved).toBe(4 * 96 + 2 * 80);
  });

  test('Qwen2.5 has no norms on query and key', () => {
    expect(keeps().saved - keeps({}, 'math', { ...SMALL, queryKeyNorms: false }).saved).toBe(96);
  });

  test('a mixture keeps the chosen experts, and routes each token to them', () => {
    // q, k, v: 28 each; o: 52; the router: 28; two experts' gate and up: 28 each, down: 3 x 6 + 4
    const inputs = 3 * 28 + 52 + 28 + 2 * (28 + 28 + 22);
    expect(keeps({}, 'math', MIXTURE).saved).toBe(64 + 96 + 6 * 12 + 192 + inputs + 4 * 2 * 8);
  });

  test('fused experts get no LoRA', () => {
    expect(keeps({}, 'math', MIXTURE, 5).saved).toBe(64 + 96 + 6 * 12 + 192 + 3 * 28 + 52 + 4 * 2 * 8);
  });
});
