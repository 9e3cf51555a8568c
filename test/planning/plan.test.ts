import { parse } from '../../src/llamafactory/parser/parse';
import { modelFromConfig, unplannedBecause } from '../../src/planning/catalog/architectures';
import { CARDS } from '../../src/planning/catalog/cards';
import { MODELS } from '../../src/planning/catalog/models';
import { hostNeeds } from '../../src/planning/host';
import { formatPlan, plan } from '../../src/planning/plan';
import { scheduleOf } from '../../src/planning/schedule';
import { EditOperation } from '../../src/run/finding';
import { RELEASES } from '../../src/run/releases';
import type { Mapping, Run } from '../../src/run/run';
import { TrainerImage } from '../../src/trainer-image';
import { measurements, predictSeconds, runOf } from '../../tools/measured-runs';
import { seedRun } from './runs';

const WHOLE_IMAGE = { deepspeed: '0.16.9', bitsandbytes: '0.46.1', ligerKernel: '0.5.10', cudaToolkit: true };
const AUTO = {
  train_batch_size: 'auto',
  train_micro_batch_size_per_gpu: 'auto',
  gradient_accumulation_steps: 'auto',
  gradient_clipping: 'auto',
  fp16: { enabled: 'auto' },
};

/** The run with the edits to its train arguments written. */
function edited(run: Run, edits: ReturnType<typeof plan>['advice'][number]['edits']): Run {
  const args: Record<string, unknown> = { ...run.args };
  const config: Record<string, unknown> = {};
  let deepspeed = run.deepspeed;
  for (const { file, key, op, value } of edits) {
    if (file !== run.file) config[key] = value;
    else if (key === 'deepspeed') deepspeed = op === EditOperation.REMOVE ? undefined : { file: String(value), config };
    else args[key] = value;
  }
  return { ...run, args, deepspeed };
}

test('a batch beyond all reason is planned, not counted down from', () => {
  const run = seedRun();
  const args = { ...run.args, per_device_train_batch_size: 1e6, gradient_accumulation_steps: 1e9 };
  expect(plan({ ...run, args }).memory?.gpu.fits).toBe('does not fit');
});

const effective = (run: Run) => scheduleOf(run).effectiveBatch;

describe('a run that does not fit', () => {
  const run = seedRun({}, 'ddp');
  const { advice, memory } = plan(run);
  const fixes = advice.filter(({ id }) => id === 'make-it-fit');

  test('is said not to fit', () => {
    expect(memory?.gpu.fits).toBe('does not fit');
  });
  test('gets changes that make it fit once they are written', () => {
    expect(fixes.map(({ edits }) => plan(edited(run, edits)).memory?.gpu.fits)).toEqual(fixes.map(() => 'fits'));
    expect(fixes.length).toBeGreaterThan(1);
  });
  test('keeps its effective batch under each of them', () => {
    expect(fixes.map(({ edits }) => effective(edited(run, edits)))).toEqual(fixes.map(() => 32));
  });
  test('is first advised what runs on verified kernels', () => {
    expect(fixes[0]?.verified).toBe(true);
  });
  test('gets liger on Turing only as unverified', () => {
    const liger = fixes.filter(({ edits }) => edits.some(({ key }) => key === 'enable_liger_kernel'));
    expect(liger.map(({ verified }) => verified)).toEqual(liger.map(() => false));
  });
});

describe('other advice', () => {
  const ids = (run: Run) => plan(run).advice.map(({ id }) => id);
  test('a run that fits gets no changes to fit', () => {
    expect(ids(seedRun())).not.toContain('make-it-fit');
  });
  test("the seed's ZeRO-3 is quicker without DeepSpeed, at the same effective batch", () => {
    const run = seedRun();
    const quicker = plan(run).advice.find(({ id }) => id === 'quicker-strategy');
    const after = edited(run, quicker?.edits ?? []);
    expect([after.deepspeed, effective(after), plan(after).memory?.gpu.fits]).toEqual([undefined, 32, 'fits']);
    expect(quicker?.speedup).toBeGreaterThan(1.5);
  });
  test('a cutoff that no sample reaches is said so', () => {
    const rows = [{ messages: [{ role: 'user', content: 'a'.repeat(300) }] }];
    expect(ids({ ...seedRun(), datasets: [{ name: 'short', rows }] })).toContain('cutoff-above-data');
  });
  test('a run with nothing to mend is told of the quicker strategy alone', () => {
    expect(ids(seedRun({ save_steps: 0.1, eval_steps: 0.1, lr_scheduler_type: 'cosine' }))).toEqual([
      'quicker-strategy',
    ]);
  });
  test('a run of an unknown model is advised all the same', () => {
    expect(ids({ ...seedRun(), model: undefined })).toContain('save-on-the-way');
  });
  test('where there are data to evaluate on, none are held back', () => {
    const run = seedRun({ eval_strategy: 'no', val_size: 0 });
    const datasets = [...run.datasets, { name: 'held', rows: [{}], evaluation: true }];
    const found = plan({ ...run, datasets }).advice.find(({ id }) => id === 'no-evaluation');
    expect(found?.edits.map(({ key }) => key)).toEqual(['eval_strategy', 'eval_steps']);
  });
  test('a run that saves only at its end is told to save on the way', () => {
    expect(ids(seedRun())).toContain('save-on-the-way');
    expect(ids(seedRun({ save_steps: 0.1 }))).not.toContain('save-on-the-way');
  });
});

describe('what is advised, the trainer takes', () => {
  const variants: Mapping[] = [
    {},
    { cutoff_len: 8192 },
    { packing: true },
    { streaming: true, max_steps: 100, val_size: 20, max_samples: undefined },
    { quantization_bit: 8 },
    { quantization_bit: undefined, quantization_method: undefined },
    { lora_rank: 64, lora_alpha: 4, learning_rate: 1e-2, warmup_ratio: 0, lora_dropout: 0 },
    { eval_strategy: 'no', eval_steps: undefined, val_size: 0, disable_gradient_checkpointing: true },
  ];
  const cases = RELEASES.flatMap((release) =>
    (['ddp', 'zero3-offload'] as const).flatMap((strategy) =>
      variants.map((args) => [release, strategy, JSON.stringify(args), args] as const),
    ),
  );
  const base = { do_train: true, output_dir: 'out', dataset: 'math_train', template: 'qwen3', model_name_or_path: 'm' };

  test.each(cases)('%s %s %s', (release, strategy, _, args) => {
    const seed = seedRun({ ...base, ...args }, strategy);
    const deepspeed = seed.deepspeed && { file: seed.deepspeed.file, config: { ...seed.deepspeed.config, ...AUTO } };
    // what advice needs of the image it says
    const image = TrainerImage.custom('trainer:1', { ...WHOLE_IMAGE, llamafactory: release })._contents;
    const run: Run = { ...seed, release, image, deepspeed, args: { ...seed.args, deepspeed: deepspeed?.file } };
    const refusals = (of: Run) => parse(of).findings.map(({ id }) => id);
    const before = refusals(run);
    for (const { edits, id } of plan(run).advice) {
      const after = edited(run, edits);
      const then = { ...after, args: { ...after.args, deepspeed: after.deepspeed?.file } };
      expect([id, refusals(then).filter((refusal) => !before.includes(refusal))]).toEqual([id, []]);
    }
  });
});

describe('neat_packing, where full batches would take the math kernel', () => {
  const fits = { per_device_train_batch_size: 1, per_device_eval_batch_size: 1, cutoff_len: 1536 };
  const short = [{ name: 'short', rows: [{ messages: [{ role: 'user', content: 'a'.repeat(1400) }] }] }];
  const packing = (run: Run) => plan(run).advice.find(({ id }) => id === 'neat-packing');

  test('is advised, with what it brings', () => {
    const advice = packing(seedRun(fits, 'ddp'));
    expect(advice?.edits.map(({ key, value }) => [key, value])).toEqual([['neat_packing', true]]);
    expect(advice?.verified).toBe(true);
    expect(advice?.speedup).toBeGreaterThan(1.15);
  });

  test('is advised where a sample may fill a sequence', () => {
    const rows = [{ messages: [{ role: 'user', content: 'a'.repeat(1600) }] }];
    expect(packing({ ...seedRun(fits, 'ddp'), datasets: [{ name: 'long', rows }] })).toBeDefined();
  });

  test('is advised to a run that packs without masks', () => {
    expect(packing(seedRun({ ...fits, packing: true }, 'ddp'))).toBeDefined();
  });

  test.each<[string, Run]>([
    ['a run that has it', seedRun({ ...fits, neat_packing: true }, 'ddp')],
    ['a card with the flash kernel', { ...seedRun(fits, 'ddp'), card: CARDS['A100-80GB'] }],
    ['a release that refuses it', { ...seedRun(fits, 'ddp'), release: '0.9.4' }],
    ['a release that repeats the keys', { ...seedRun(fits, 'ddp'), release: '0.9.3' }],
    ['preferences, which cannot be packed so', seedRun({ ...fits, stage: 'dpo' }, 'ddp')],
    ['sequences so short that it gains little', seedRun({ ...fits, cutoff_len: 128 }, 'ddp')],
    ['data that fill no sequence', { ...seedRun(fits, 'ddp'), datasets: short }],
    ['eager attention', seedRun({ ...fits, flash_attn: 'disabled' }, 'ddp')],
    ['a run that does not fit', seedRun({}, 'ddp')],
  ])('is not advised to %s', (_, run) => {
    expect(packing(run)).toBeUndefined();
  });

  test('with whole sequences, if barely, or with shorter ones: one card has both', () => {
    const advised = plan({ ...seedRun(), gpus: 1 }).advice.filter(({ id }) => id === 'quicker-strategy');
    const settings = advised.map(({ edits }) => Object.fromEntries(edits.map(({ key, value }) => [key, value])));
    expect(settings.map(({ neat_packing, cutoff_len }) => [neat_packing, cutoff_len])).toEqual([
      [true, undefined],
      [true, 1536],
    ]);
    expect(advised.map(({ message }) => /tight|fits/.exec(message)?.[0])).toEqual(['tight', 'fits']);
  });

  test("with whole sequences took at least 1.5 times the seed's tokens a second under a T10's cap", () => {
    const under = measurements('whole-runs.jsonl').filter(
      (m) => m.card === 'H200' && m.cap_gib === 15.2 && m.sequence_tokens === 2048 && !m.liger_kernel,
    );
    const [seed, packed] = [
      under.find(({ strategy }) => strategy === 'zero3-offload'),
      under.find(({ neat_packing }) => neat_packing),
    ];
    const tokens = (m = seed) => (m?.per_device_train_batch_size ?? 0) * (m?.gradient_accumulation_steps ?? 0);
    expect(tokens(packed)).toBe(tokens(seed));
    // warm steps: the seed's quickest against the slowest with packing
    const quickest = Math.min(...(seed?.step_seconds ?? []).slice(1));
    expect(quickest / Math.max(...(packed?.step_seconds ?? [0]).slice(1))).toBeGreaterThan(1.5);
  });
});

describe('host memory is within 10 % of what was measured', () => {
  const runs = ['whole-runs.jsonl', 'several-ranks.jsonl']
    .flatMap(measurements)
    .filter((m) => m.host_used_bytes !== undefined && (m.outcome ?? 'trains') === 'trains');
  test.each(
    runs.map((m) => [`${m.strategy} ${m.quantization_bit} bits ${m.sequence_tokens} on ${m.world_size}`, m] as const),
  )('%s', (_, m) => {
    const run = runOf(m);
    if (run.model === undefined) throw new Error('the measured model is in the catalogue');
    const host = run.gpus * hostNeeds(run, run.model, scheduleOf(run)).perRankBytes;
    expect(Math.abs(host / (m.host_used_bytes ?? 0) - 1)).toBeLessThan(0.1);
  });
});

describe('a step takes as long as the bounds say', () => {
  const runs = measurements('whole-runs.jsonl').filter((m) => (m.step_seconds ?? []).length > 0);
  test.each(runs.map((m) => [`${m.strategy} ${m.quantization_bit} bits ${m.sequence_tokens}`, m] as const))(
    '%s',
    (_, m) => {
      const bounds = predictSeconds(m);
      const seconds = m.step_seconds?.at(-1) ?? 0;
      expect(seconds).toBeGreaterThanOrEqual(bounds?.least ?? Number.POSITIVE_INFINITY);
      expect(seconds).toBeLessThanOrEqual(bounds?.most ?? 0);
    },
  );
});

describe('the margin on host memory', () => {
  test('covers every run that was measured', () => {
    const short = measurements('whole-runs.jsonl').flatMap((m) => {
      const run = runOf(m);
      if (m.host_used_bytes === undefined || run.model === undefined) return [];
      const { podBytes, shmBytes } = hostNeeds(run, run.model, scheduleOf(run));
      return podBytes - shmBytes < m.host_used_bytes ? [m] : [];
    });
    expect(short).toEqual([]);
  });
  test('is a tenth of all but /dev/shm, and among the parts that add up to the pod', () => {
    const { parts, podBytes, shmBytes } = hostNeeds(seedRun(), seedRun().model, scheduleOf(seedRun()));
    expect(parts['margin']).toBeCloseTo((podBytes - shmBytes) / 11, -3);
    expect(Object.values(parts).reduce((sum, bytes) => sum + bytes, 0)).toBeCloseTo(podBytes, -3);
  });
});

describe('a run whose model is not known', () => {
  const host = hostNeeds(seedRun(), undefined, scheduleOf(seedRun()));
  test('is planned with what does not depend on it: ranks, worker, margin and /dev/shm', () => {
    expect(Object.keys(host.parts)).toEqual(['process', 'checkpoint', 'workers', 'margin', 'sharedMemory']);
    expect([host.modelBytes, host.parts['process']]).toEqual([0, 4 * 1.83e9 + 1.22e9]);
  });
});

describe('scratch on the node', () => {
  const ephemeral = (run: Run) => hostNeeds(run, run.model, scheduleOf(run)).ephemeralBytes;
  test('grows with the data, and counts 4 GB where they are not at hand', () => {
    const text = (count: number) => [
      { name: 'a', rows: Array.from({ length: count }, () => ({ text: 'a'.repeat(1e4) })) },
    ];
    const of = (datasets: Run['datasets']) => ephemeral({ ...seedRun({ max_samples: undefined }), datasets });
    expect(of([{ name: 'on-a-pvc' }])).toBe(16e9);
    expect(of(text(2000)) - of(text(1000))).toBeGreaterThan(2 * 3 * 1e7);
  });
  test('keeps no data of a run that streams', () => {
    const run = { ...seedRun({ streaming: true, max_steps: 9 }), datasets: [{ name: 'on-a-pvc' }] };
    expect(ephemeral(run)).toBe(8e9);
  });
});

describe('tokenised data beside the output', () => {
  const tokenized = (changes: Partial<Run>) => {
    const run = { ...seedRun({ max_samples: undefined }), ...changes };
    return hostNeeds(run, run.model, scheduleOf(run)).tokenizedBytes;
  };
  test('takes 13 bytes a token, of which a byte of text has one at most', () => {
    const rows = (count: number) => Array.from({ length: count }, () => ({ text: 'a'.repeat(1000) }));
    const more =
      tokenized({ datasets: [{ name: 'a', rows: rows(200) }] }) -
      tokenized({ datasets: [{ name: 'a', rows: rows(100) }] });
    expect(more / 100).toBeGreaterThanOrEqual(13 * 1000);
    expect(more / 100).toBeLessThan(13 * 1100);
  });
  test('is reckoned at 4 GB where the data is not at hand, and at nothing where they stream', () => {
    const datasets = [{ name: 'on-a-pvc' }];
    expect(tokenized({ datasets })).toBe(4e9);
    expect(tokenized({ datasets, args: seedRun({ streaming: true, max_steps: 9 }).args })).toBe(0);
  });
});

describe('host and disk', () => {
  const { memory } = plan(seedRun({ save_steps: 0.1, save_total_limit: 2 }));
  test("the seed fits its server's 60 GiB in 4 bits, and does not in 16", () => {
    const wide = plan(seedRun({ quantization_method: 'bitsandbytes' })).memory;
    expect(memory?.host.podBytes).toBeLessThan(60 * 2 ** 30);
    expect((wide?.host.podBytes ?? 0) / (memory?.host.podBytes ?? 1)).toBeGreaterThan(1.7);
  });
  test('shared memory counts in the pod', () => {
    expect(memory?.host.parts['sharedMemory']).toBe(memory?.shmBytes);
  });
  test('without known steps, ten checkpoints are counted, or as many as a ratio makes', () => {
    const of = (args: Record<string, unknown>) => {
      const memory = plan({ ...seedRun({ max_samples: undefined, ...args }), datasets: [] }).memory;
      return Math.floor((memory?.diskBytes ?? 0) / (memory?.checkpointBytes ?? 1));
    };
    expect([of({ save_steps: 100 }), of({ save_steps: 0.25 })]).toEqual([10, 4]);
  });
  test('the best checkpoint is kept beside the last', () => {
    const of = (args: Record<string, unknown>) =>
      plan(seedRun({ save_steps: 0.1, save_total_limit: 1, ...args })).memory;
    const more = (of({ load_best_model_at_end: true })?.diskBytes ?? 0) - (of({})?.diskBytes ?? 0);
    expect(more).toBeCloseTo(of({})?.checkpointBytes ?? 0, 0);
  });
  test('save_total_limit keeps that many checkpoints and one more while it is written', () => {
    const rest = (memory?.diskBytes ?? 0) - 3 * (memory?.checkpointBytes ?? 0);
    expect(rest).toBeGreaterThan(0);
    expect(rest).toBeLessThan(memory?.checkpointBytes ?? 0);
  });
});

describe('text', () => {
  const text = formatPlan(plan(seedRun()), 'T10');
  test('shows the steps, a bar and the verdict', () => {
    expect(text).toMatch(/steps +120, 6 an epoch, 12 of warm-up/);
    expect(text).toMatch(/logits and loss +7\.\d GB +#+/);
    expect(text).toMatch(/verdict: fits, margin \d\.\d GB/);
  });
  test('says that the plan needs the number of samples where it does', () => {
    expect(formatPlan(plan({ ...seedRun(), datasets: [] }))).toContain('give the number of samples');
  });
  test('a run of an unknown model has a schedule all the same', () => {
    const planned = plan({ ...seedRun(), model: undefined });
    expect([planned.schedule.optimizerSteps, planned.memory]).toEqual([120, undefined]);
  });
});

describe('catalogue', () => {
  test.each([
    ['Qwen2.5-0.5B-Instruct', 0.494],
    ['Qwen2.5-7B-Instruct', 7.616],
    ['Qwen2.5-72B-Instruct', 72.706],
    ['Qwen3-0.6B', 0.596],
    ['Qwen3-14B', 14.768],
    ['Qwen3-30B-A3B', 30.532],
    ['Qwen3-235B-A22B', 235.094],
  ])('%s has %d billion parameters, as its model card says', (name, billions) => {
    const files = hostNeeds(seedRun(), MODELS[name], scheduleOf(seedRun())).modelBytes;
    expect(files / 2 / 1e9).toBeCloseTo(billions, 2);
  });
  test('a config.json makes the shape that the catalogue has', () => {
    const config = {
      model_type: 'qwen3',
      hidden_size: 5120,
      intermediate_size: 17408,
      num_hidden_layers: 40,
      num_attention_heads: 40,
      num_key_value_heads: 8,
      head_dim: 128,
      vocab_size: 151936,
      tie_word_embeddings: false,
    };
    expect({ ...modelFromConfig('Qwen3-14B', config), repository: 'Qwen/Qwen3-14B' }).toEqual(MODELS['Qwen3-14B']);
  });
  test('a config.json of another architecture gives no shape, with what is known', () => {
    expect(modelFromConfig('x', { model_type: 'gemma2' })).toBeUndefined();
    expect(unplannedBecause({ model_type: 'gemma2' })).toMatch(/model_type gemma2; known: llama, mistral, qwen2/);
    expect(unplannedBecause({})).toMatch(/names no model_type/);
  });
  test('a mixture that transformers 5 saved has as many experts', () => {
    const experts = MODELS['Qwen3-30B-A3B']?.experts;
    const config = {
      model_type: 'qwen3_moe',
      hidden_size: 2048,
      intermediate_size: 6144,
      num_hidden_layers: 48,
      num_attention_heads: 32,
      vocab_size: 151936,
      num_local_experts: 128,
      num_experts_per_tok: 8,
      moe_intermediate_size: 768,
    };
    expect(modelFromConfig('x', config)?.experts).toEqual(experts);
  });
  test('blocks of another make than those that were measured give no shape either', () => {
    expect(unplannedBecause({ model_type: 'llama', attention_bias: true })).toMatch(/attention_bias is true/);
    expect(unplannedBecause({ model_type: 'llama', attention_bias: false })).toBeUndefined();
  });
  test('a missing number is named', () => {
    expect(() => modelFromConfig('x', { model_type: 'qwen3' })).toThrow(/hidden_size is undefined/);
  });
  test('product labels are NVML names with spaces as dashes', () => {
    expect([CARDS['T10']?.products, CARDS['RTX-4090']?.products]).toEqual([['Tesla-T10'], ['NVIDIA-GeForce-RTX-4090']]);
  });
});
