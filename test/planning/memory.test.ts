import { gpuMemory, PLANNER_ERROR, verdict } from '../../src/planning/memory';
import { settingsOf } from '../../src/planning/settings';
import { DEFAULT_RELEASE, type Release } from '../../src/run/releases';
import { type Measurement, measurements, predict, runOf } from '../../tools/measured-runs';
import { seedRun } from './runs';

const name = (m: Measurement) =>
  `${m.model} ${m.strategy} ${m.quantization_bit ?? 4} bits ${m.per_device_train_batch_size} x ${m.sequence_tokens} ` +
  `rank ${m.lora_rank}${m.liger_kernel ? ' liger' : ''}${m.gradient_checkpointing ? '' : ' without checkpointing'}` +
  `${m.world_size > 1 ? ` on rank ${m.rank} of ${m.world_size}` : ''}`;
const trains = (m: Measurement) => m.outcome === undefined || m.outcome === 'trains';
const all = ['peaks.jsonl', 'unseen-points.jsonl', 'whole-runs.jsonl', 'several-ranks.jsonl'].flatMap(measurements);

describe('the peak of steps and evaluation is within 3 % of what was measured', () => {
  const full = all.filter((m) => trains(m) && m.sample_tokens === undefined);
  test.each(full.map((m) => [name(m), m] as const))('%s', (_, measured) => {
    const planned = predict(measured);
    const peak = Math.max(planned.stepAllocatedBytes, planned.evaluationAllocatedBytes);
    expect(Math.abs(peak / measured.peak_allocated_bytes - 1)).toBeLessThan(0.03);
  });
});

// In a few steps the longest samples of short data may not have met in a batch. Under offload short batches took 0.5 GB
// more than their parts; loading decides what those runs need.
describe('the longest batch of the data needs what was measured, or more', () => {
  const short = all.filter(({ sample_tokens }) => sample_tokens !== undefined);
  test.each(short.map((m) => [name(m), m] as const))('%s', (_, measured) => {
    const { stepAllocatedBytes, stepReservedBytes } = predict(measured);
    expect(stepReservedBytes).toBeGreaterThan(measured.peak_allocated_bytes);
    const ratio = stepAllocatedBytes / measured.peak_allocated_bytes;
    expect(ratio).toBeGreaterThan(measured.strategy === 'ddp' ? 0.97 : 0.85);
    expect(ratio).toBeLessThan(1.15);
  });
});

describe('the load peak is within 5 % of what was measured', () => {
  const loaded = all.filter((m) => m.load_allocated_bytes !== undefined);
  test.each(loaded.map((m) => [name(m), m] as const))('%s', (_, measured) => {
    expect(Math.abs(predict(measured).loadBytes / (measured.load_allocated_bytes ?? 0) - 1)).toBeLessThan(0.05);
  });
});

describe('under an allocator cap', () => {
  const capped = all.filter((m) => m.cap_gib !== undefined && m.cap_gib > 0);
  const need = (m: Measurement) =>
    m.expandable_segments === false ? predict(m).stepReservedFixedSegmentsBytes : predict(m).stepReservedBytes;
  test.each(capped.filter((m) => !trains(m)).map((m) => [name(m), m] as const))(
    'no run that died is said to fit: %s',
    (_, m) => {
      expect(need(m)).toBeGreaterThan((m.cap_gib ?? 0) * 2 ** 30);
    },
  );
  test.each(capped.filter((m) => trains(m) && m.expandable_segments === true).map((m) => [name(m), m] as const))(
    'no run that trained is said not to fit: %s',
    (_, m) => {
      expect(need(m)).toBeLessThan((m.cap_gib ?? 0) * 2 ** 30);
    },
  );
});

describe('the need is at most 10 % above the smallest allocator cap that trained, and never below it', () => {
  const swept = all.filter((m) => m.smallest_cap_bytes !== undefined);
  test.each(swept.map((m) => [name(m), m] as const))('%s', (_, measured) => {
    const { stepReservedBytes } = predict(measured);
    const smallest = measured.smallest_cap_bytes ?? 0;
    expect(stepReservedBytes).toBeGreaterThanOrEqual(smallest);
    expect(stepReservedBytes).toBeLessThan(1.1 * smallest);
  });

  test('was looked for on six runs at least', () => {
    expect(swept.length).toBeGreaterThanOrEqual(6);
  });
});

describe('parts and verdict', () => {
  test('the parts add up to the step peak', () => {
    const { parts, stepAllocatedBytes } = gpuMemory(seedRun(), seedRun().model);
    expect(Object.values(parts).reduce((sum, bytes) => sum + bytes, 0)).toBeCloseTo(stepAllocatedBytes, 0);
  });

  test("a margin below the planner's own error is tight", () => {
    expect(verdict(100, 100 / (1 + PLANNER_ERROR / 2))).toBe('tight');
    expect(verdict(100, 90)).toBe('fits');
    expect(verdict(100, 100.1)).toBe('does not fit');
  });

  test.each(['bitsandbytes', null])('%s in place of bnb leaves the model in 16 bits', (method) => {
    const run = seedRun({ quantization_method: method }, 'ddp');
    expect(gpuMemory(run, run.model).parts['weights']).toBeGreaterThan(29e9);
  });
});

test('gradient_checkpointing keeps the activations away, whatever disable_gradient_checkpointing says', () => {
  const part = (args: Record<string, unknown>) => {
    const run = seedRun({ disable_gradient_checkpointing: true, ...args }, 'ddp');
    return Object.keys(gpuMemory(run, run.model).parts).find(
      (name) => name === 'checkpoints' || name === 'activations',
    );
  };
  expect(part({})).toBe('activations');
  expect(part({ gradient_checkpointing: false })).toBe('activations');
  expect(part({ gradient_checkpointing: true })).toBe('checkpoints');
});

test('without a method the default, bnb, quantises', () => {
  const run = seedRun({ quantization_method: undefined }, 'ddp');
  expect(gpuMemory(run, run.model).parts['weights']).toBeLessThan(11e9);
});

describe('attention', () => {
  const memory = (args: Record<string, unknown>, release: Release = DEFAULT_RELEASE) => {
    const run = { ...seedRun(args, 'ddp'), release };
    return gpuMemory(run, run.model);
  };
  test('on Turing a full batch of grouped queries falls back to the math kernel', () => {
    expect(memory({ cutoff_len: 8192 }).attention).toBe('math');
  });

  test('with the transformers of 0.9.3 keys are repeated, so the memory-efficient kernel serves', () => {
    expect(memory({ cutoff_len: 8192 }, '0.9.3').attention).toBe('memory-efficient');
  });

  test("neat_packing's masks keep off the math kernel, and stay for all batches of a step", () => {
    const [once, twice] = [1, 2].map((gradient_accumulation_steps) =>
      memory({ cutoff_len: 8192, neat_packing: true, gradient_accumulation_steps }),
    );
    expect(once?.attention).toBe('memory-efficient');
    expect([once?.parts['masks'], twice?.parts['masks']]).toEqual([4 * 8192 ** 2, 8 * 8192 ** 2]);
    expect(memory({ neat_packing: true, flash_attn: 'fa2' }).parts['masks']).toBe(0);
    expect(memory({ packing: true }).parts['masks']).toBe(0);
  });

  test('on the math kernel a block grows with the square of the length', () => {
    const layer = (cutoff_len: number) => memory({ cutoff_len }).parts['layer'] ?? 0;
    expect(layer(16384) / layer(8192)).toBeGreaterThan(3.8);
  });
});

describe('several GPUs', () => {
  const memory = (gpus: number, strategy: 'ddp' | 'zero2' | 'zero3') => {
    const measured = { ...(all[0] as Measurement), strategy, world_size: gpus };
    const run = runOf(measured);
    if (run.model === undefined) throw new Error('the measured model is in the catalogue');
    return gpuMemory(run, run.model, settingsOf(run));
  };
  test('plain data parallelism adds a bucket for every gradient', () => {
    expect(memory(4, 'ddp').parts['buckets']).toBe(memory(4, 'ddp').parts['gradients']);
    expect(memory(1, 'ddp').parts['buckets']).toBe(0);
  });

  test('ZeRO-2 shares the optimizer, not the weights', () => {
    expect(memory(4, 'zero2').parts['optimizer']).toBe((memory(1, 'zero2').parts['optimizer'] ?? 0) / 4);
    expect(memory(4, 'zero2').parts['weights']).toBe(memory(1, 'zero2').parts['weights']);
  });

  test('ZeRO-2 starts with ten bytes a trained parameter on one rank, with six on two and more', () => {
    const trained = (memory(1, 'zero2').parts['trainable'] ?? 0) / 2;
    const load = (gpus: number) => memory(gpus, 'zero2').loadBytes / trained;
    expect(load(1) - load(2)).toBeCloseTo(4, 6);
    expect(load(2)).toBeCloseTo(load(4), 6);
  });

  test('ZeRO-3 shares the weights but loads the quantised model whole', () => {
    expect(memory(4, 'zero3').parts['weights']).toBe((memory(1, 'zero3').parts['weights'] ?? 0) / 4);
    expect(memory(4, 'zero3').loadBytes).toBeGreaterThan(memory(1, 'ddp').loadBytes);
  });

  test('DDP sends the whole model to the other ranks as it starts', () => {
    expect(memory(2, 'ddp').loadBytes).toBeGreaterThan(memory(1, 'ddp').loadBytes + 1.5e9);
    expect(memory(4, 'ddp').loadBytes).toBe(memory(2, 'ddp').loadBytes);
  });
});
