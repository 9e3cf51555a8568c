import { type AskedFor, propProblems } from '../../src/job/prop-problems';

const asked = (changes: Partial<AskedFor> = {}): AskedFor => ({
  gpus: 4,
  cpus: 16,
  memoryBytes: 2 ** 31,
  sharedMemoryBytes: 2 ** 30,
  backoffLimit: 3,
  runAsUser: 1000,
  datasets: ['math', 'logic'],
  ...changes,
});

test('a run that a pod can have raises nothing', () => {
  expect(propProblems(asked())).toEqual([]);
});

test.each([{ gpus: 1 }, { cpus: 0.5 }, { backoffLimit: 0 }, { runAsUser: 1 }])('%j is still allowed', (changes) => {
  expect(propProblems(asked(changes))).toEqual([]);
});

test.each([
  ['gpus', 0, 'a run needs whole GPUs', 'a whole number from 1'],
  ['gpus', 1.5, 'a run needs whole GPUs', 'a whole number from 1'],
  ['cpus', 0, 'a pod needs CPU time', 'a positive number'],
  ['cpus', Number.NaN, 'a pod needs CPU time', 'a positive number'],
  ['cpus', Number.POSITIVE_INFINITY, 'a pod needs CPU time', 'a positive number'],
  ['backoffLimit', -1, 'a Job counts whole tries', 'a whole number from 0'],
  ['backoffLimit', 2.5, 'a Job counts whole tries', 'a whole number from 0'],
  ['runAsUser', 0, 'the pod must not run as root', 'a whole number from 1'],
])('%s of %d is a problem', (key, value, message, allowed) => {
  expect(propProblems(asked({ [key]: value }))).toEqual([
    { id: 'invalid-quantity', key, message, got: String(value), allowed },
  ]);
});

test.each([2 ** 31, 2 ** 31 + 1])('shared memory of %d bytes leaves nothing of 2 GiB', (sharedMemoryBytes) => {
  expect(propProblems(asked({ sharedMemoryBytes }))).toEqual([
    expect.objectContaining({ id: 'contradictory-props', key: 'sharedMemory', allowed: 'less than memory' }),
  ]);
});

test('shared memory and memory are both told, rounded up', () => {
  expect(propProblems(asked({ sharedMemoryBytes: 2 ** 31 + 1 }))[0]?.got).toBe('2049 MiB of 2048 MiB');
});

test('a time to wait is a problem where nothing waits', () => {
  expect(propProblems(asked({ uselessTimeout: true }))).toEqual([
    expect.objectContaining({ id: 'contradictory-props', key: 'prepareTimeout', allowed: 'one of the two' }),
  ]);
});

test('a data set that is there twice is a problem, told once', () => {
  expect(propProblems(asked({ datasets: ['a', 'b', 'a', 'a'] }))).toEqual([
    expect.objectContaining({ id: 'duplicate-dataset', key: 'dataset', got: 'a' }),
  ]);
});
