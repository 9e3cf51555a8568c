import { CARDS } from '../../src/planning/catalog/cards';
import { MODELS } from '../../src/planning/catalog/models';
import { choose } from '../../src/planning/choose';
import { formatPlan, plan, planSummary } from '../../src/planning/plan';
import type { Mapping, Run } from '../../src/run/run';
import { seedRun } from './runs';

// Every number of the plan to the last byte, so that a change moves none by accident. Whether they are right, the
// measurements say (memory.test.ts, document.test.ts): there a few per cent pass. After a change on purpose: `jest -u`.

const ZERO = (zero_optimization: Mapping): Pick<Run, 'deepspeed'> => ({
  deepspeed: { file: 'ds.json', config: { zero_optimization } },
});
const OFF = { quantization_bit: undefined, quantization_method: undefined };
const on = (args: Mapping, more: Partial<Run> = {}, strategy: 'ddp' | 'zero3-offload' = 'ddp'): Run => ({
  ...seedRun(args, strategy),
  ...more,
});
const sentences = Array.from({ length: 60 }, (_, i) => ({
  messages: [
    { role: 'user', content: `${i} `.repeat(3 * i) },
    { role: 'assistant', content: '四'.repeat(i) },
  ],
}));

const RUNS: Readonly<Record<string, Run>> = {
  'DDP on the T10': on({}),
  'ZeRO-3 with offload on the T10': seedRun(),
  'ZeRO-3': on({}, ZERO({ stage: 3 })),
  'ZeRO-2': on({}, ZERO({ stage: 2 })),
  'ZeRO-3 in 16 bits': on({ ...OFF, bf16: true, fp16: false }, { ...ZERO({ stage: 3 }), card: CARDS['A100-80GB'] }),
  'offload in 16 bits': on(OFF, {}, 'zero3-offload'),
  'DDP in 16 bits': on(OFF, { card: CARDS['H100'] }),
  '8 bits': on({ quantization_bit: 8 }),
  'no double quantisation': on({ double_quantization: false }),
  DoRA: on({ use_dora: true }),
  'rank 64 on two layers': on({ lora_rank: 64, lora_target: 'q_proj,v_proj' }),
  'no checkpointing': on({ disable_gradient_checkpointing: true, cutoff_len: 512 }),
  liger: on({ enable_liger_kernel: true }),
  'no evaluation': on({ eval_strategy: 'no', val_size: 0 }),
  'a large evaluation batch': on({ per_device_eval_batch_size: 16 }),
  'full, in bfloat16 throughout': on(
    { ...OFF, finetuning_type: 'full', pure_bf16: true, fp16: false },
    { model: MODELS['Qwen3-1.7B'], card: CARDS['A100-80GB'] },
  ),
  'full, mixed': on({ ...OFF, finetuning_type: 'full' }, { model: MODELS['Qwen3-0.6B'], ...ZERO({ stage: 2 }) }),
  'full, sharded': on(
    { ...OFF, finetuning_type: 'full', bf16: true },
    { ...ZERO({ stage: 3 }), card: CARDS['A100-80GB'] },
  ),
  freeze: on({ ...OFF, finetuning_type: 'freeze', freeze_trainable_layers: 4 }, { model: MODELS['Qwen3-4B'] }),
  OFT: on({ finetuning_type: 'oft' }, { model: MODELS['Qwen3-8B'] }),
  'a mixture of experts': on({}, { model: MODELS['Qwen3-30B-A3B'], card: CARDS['A100-80GB'] }),
  'Qwen2.5 with tied embeddings': on({}, { model: MODELS['Qwen2.5-1.5B-Instruct'] }),
  'one GPU': on({ gradient_accumulation_steps: 1 }, { gpus: 1 }),
  'two nodes': on({}, { nodes: 2, gpus: 8, card: CARDS['A100-40GB'] }),
  'flash kernels': on({ cutoff_len: 8192 }, { card: CARDS['A100-40GB'] }),
  packing: on({ packing: true }),
  'max_steps in a stream': on({ streaming: true, max_steps: 70, val_size: 0, eval_strategy: 'no' }),
  'steps by shares': on({ save_steps: 0.25, eval_steps: 0.3, logging_steps: 7, num_train_epochs: 2.5 }),
  'data at hand': on({ max_samples: 50 }, { datasets: [{ name: 'math', rows: sentences }] }),
  'many workers': on({ dataloader_num_workers: 8, preprocessing_num_workers: 16 }, { cpus: 4 }),
  'no card': on({}, { card: undefined }),
  'no model': on({}, { model: undefined }),
  'no data': on({ max_samples: undefined }, { datasets: [{ name: 'math' }] }),
};

/** One line a part: a changed number shows alone. */
function lines(run: Run): string[] {
  const { schedule, memory, throughput, advice } = plan(run);
  const { gpu, gpuForData, ...host } = memory ?? {};
  return [
    planSummary(run, plan(run)),
    ...Object.entries({ schedule, gpu, gpuForData, host, throughput }).map(
      ([name, part]) => `${name}: ${JSON.stringify(part)}`,
    ),
    ...advice.map((each) => JSON.stringify(each)),
  ];
}

test.each(Object.entries(RUNS))('the plan of a run: %s', (_, run) => {
  expect(lines(run)).toMatchSnapshot();
});

test.each(['DDP on the T10', 'data at hand', 'no card', 'no data'])('the plan in words: %s', (name) => {
  const run = RUNS[name] ?? seedRun();
  expect(formatPlan(plan(run), run.card?.name)).toMatchSnapshot();
});

test.each(['DDP on the T10', '8 bits', 'full, sharded', 'a mixture of experts'])('what AUTO chooses: %s', (name) => {
  const run = RUNS[name] ?? seedRun();
  const ways = [
    { strategy: 'ddp', deepspeed: undefined },
    { strategy: 'zero3-offload', deepspeed: seedRun().deepspeed },
  ] as const;
  const nodes = [undefined, 100e9, 20e9];
  expect(nodes.map((bytes) => JSON.stringify(choose(run, ways, bytes)))).toMatchSnapshot();
});
