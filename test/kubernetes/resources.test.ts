import { defaultResources, type ResourceInput, unavailable } from '../../src/kubernetes/resources';

const GiB = 2 ** 30;
const input = (changes: Partial<ResourceInput> = {}): ResourceInput => ({
  gpus: 4,
  weightsBytes: 30e9,
  fourBit: true,
  offloadParam: false,
  offloadOptimizer: false,
  ...changes,
});

test('without offload, memory is the base, the ranks and /dev/shm', () => {
  expect(defaultResources(input())).toEqual({
    cpus: 16,
    memoryBytes: 32 * GiB,
    sharedMemoryBytes: 4 * GiB,
    ephemeralStorageBytes: 20 * GiB,
    memorySum: 'base 4 + 4 ranks 24 + /dev/shm 4',
  });
});

test('offloaded 4-bit weights count with their buffers, rounded up to whole GiB', () => {
  // 30e9 × 0.35 × 1.5 = 15.75e9 bytes = 14.67 GiB
  expect(defaultResources(input({ offloadParam: true })).memoryBytes).toBe((32 + 15) * GiB);
});

test('offloaded 16-bit weights count whole', () => {
  // 30e9 × 1.5 = 45e9 bytes = 41.9 GiB
  expect(defaultResources(input({ offloadParam: true, fourBit: false })).memoryBytes).toBe((32 + 42) * GiB);
});

test('an offloaded optimizer counts 2 GiB', () => {
  expect(defaultResources(input({ offloadOptimizer: true })).memoryBytes).toBe((32 + 2) * GiB);
});

test('the sum is told part by part', () => {
  expect(defaultResources(input({ offloadParam: true, offloadOptimizer: true })).memorySum).toBe(
    'base 4 + 4 ranks 24 + offloaded weights 15 + offloaded optimizer 2 + /dev/shm 4',
  );
});

test('one GPU takes a quarter of the CPUs, ranks and /dev/shm of four', () => {
  expect(defaultResources(input({ gpus: 1 }))).toEqual(
    expect.objectContaining({ cpus: 4, memoryBytes: 11 * GiB, sharedMemoryBytes: GiB }),
  );
});

const asked = { gpus: 4, cpus: 16, memoryBytes: 49 * GiB, memorySum: 'base 4 + more 45' };

test('a node that has just what is asked for will do', () => {
  expect(unavailable('p', asked, { gpus: 4, cpus: 16, memoryBytes: 49 * GiB })).toEqual([]);
});

test('what a node has and nobody said is not checked', () => {
  expect(unavailable('p', asked, { gpus: 4 })).toEqual([]);
});

test.each([
  [
    'GPUs',
    { gpus: 3 },
    { key: 'gpus', message: 'no node of the pool has so many GPUs', got: '4', allowed: 'at most 3' },
  ],
  [
    'CPUs',
    { gpus: 4, cpus: 15 },
    { key: 'cpus', message: 'no node of the pool has so many CPUs', got: '16', allowed: 'at most 15' },
  ],
  [
    'memory',
    { gpus: 4, memoryBytes: 48.5 * GiB },
    {
      key: 'memory',
      message: 'no node of the pool has so much memory; the run asks for base 4 + more 45 GiB',
      got: '49.0 GiB',
      allowed: 'at most 48.5 GiB',
    },
  ],
])('too little %s is an error with both numbers', (_, node, expected) => {
  const findings = unavailable('finetune/math', asked, node);
  expect(findings).toEqual([
    expect.objectContaining({ id: 'node-too-small', severity: 'error', path: 'finetune/math', ...expected }),
  ]);
  expect(findings[0]?.change).toBeTruthy();
});
