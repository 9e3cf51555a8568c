import {
  type NodeCapacity,
  type PodResources,
  podResources,
  preflightResources,
  tooLittle,
  unavailable,
} from '../../src/kubernetes/resources';
import { type HostNeeds, hostNeeds } from '../../src/planning/host';
import { scheduleOf } from '../../src/planning/schedule';
import { seedRun } from '../planning/runs';

const GiB = 2 ** 30;
const need: HostNeeds = {
  perRankBytes: 6 * GiB,
  podBytes: 30.5 * GiB,
  parts: { process: 16 * GiB, offloadedWeights: 8 * GiB, workers: 2 * GiB, margin: 2.5 * GiB, sharedMemory: 2 * GiB },
  shmBytes: 2 * GiB,
  outputBytes: 5 * GiB,
  tokenizedBytes: GiB,
  checkpointBytes: GiB,
  ephemeralBytes: 7.5 * GiB,
  modelBytes: 28 * GiB,
};
const node: NodeCapacity = { gpus: 4 };
const asked = (given: Partial<PodResources> = {}, of: NodeCapacity = node) => podResources(4, need, given, of);
const found = (given: Partial<PodResources>) =>
  tooLittle('finetune/math', 4, need, asked(given)).map(({ id, severity }) => [id, severity]);

describe('where nothing is said', () => {
  test('memory, /dev/shm and disk are as planned, in whole gibibytes', () => {
    expect(asked()).toEqual({
      cpus: 16,
      memoryBytes: 31 * GiB,
      sharedMemoryBytes: 2 * GiB,
      ephemeralStorageBytes: 8 * GiB,
    });
  });

  test('three CPUs of a node are left to others', () => {
    expect(asked({}, { gpus: 4, cpus: 16 }).cpus).toBe(13);
  });

  test('what another pod of the run has beside it is left too', () => {
    expect(podResources(4, need, {}, { gpus: 4, cpus: 16 }, 4).cpus).toBe(9);
  });

  test('one CPU is asked for at least', () => {
    expect(asked({}, { gpus: 4, cpus: 2 }).cpus).toBe(1);
  });

  test('nothing is too little', () => {
    expect(found({})).toEqual([]);
  });
});

test('what is given is taken', () => {
  const given = { cpus: 3, memoryBytes: 40 * GiB, sharedMemoryBytes: GiB, ephemeralStorageBytes: 50 * GiB };
  expect(asked(given)).toEqual(given);
});

test('a larger /dev/shm counts in the memory', () => {
  expect(asked({ sharedMemoryBytes: 6 * GiB }).memoryBytes).toBe(35 * GiB);
});

describe('less memory than the run takes', () => {
  test('is an error that shows the sum, part by part', () => {
    expect(tooLittle('finetune/math', 4, need, asked({ memoryBytes: 20 * GiB }))).toEqual([
      expect.objectContaining({
        id: 'memory-too-small',
        severity: 'error',
        path: 'finetune/math',
        key: 'memory',
        message:
          'the kernel kills a rank that has no memory left; the run takes 4 ranks 16.0 + offloaded weights 8.0 + workers 2.0 + margin 2.5 + /dev/shm 2.0 GiB',
        got: '20.0 GiB',
        allowed: 'at least 28.0 GiB, 31 GiB with the margin',
      }),
    ]);
  });

  test('is a warning where only the margin lacks', () => {
    expect(tooLittle('finetune/math', 4, need, asked({ memoryBytes: 29 * GiB }))).toEqual([
      expect.objectContaining({
        id: 'memory-too-small',
        severity: 'warning',
        message: expect.stringMatching(/^the run takes all of this memory but .*: 4 ranks 16\.0 \+ /),
      }),
    ]);
  });

  test('is no error from where the margin begins, and nothing from its end', () => {
    const bytes = (memoryBytes: number) => found({ memoryBytes }).map(([, severity]) => severity);
    expect([28 * GiB - 1, 28 * GiB, 30.5 * GiB - 1, 30.5 * GiB].map(bytes)).toEqual([
      ['error'],
      ['warning'],
      ['warning'],
      [],
    ]);
  });

  test('is reckoned with the /dev/shm given', () => {
    expect(found({ memoryBytes: 31 * GiB, sharedMemoryBytes: 8 * GiB })).toEqual([['memory-too-small', 'error']]);
  });
});

test.each([
  ['shared-memory-too-small', { sharedMemoryBytes: 0.9 * GiB }],
  ['ephemeral-storage-too-small', { ephemeralStorageBytes: 3 * GiB }],
])('%s: less than half of what is planned is an error', (id, given) => {
  expect(found(given)).toEqual([[id, 'error']]);
});

test('the headroom of /dev/shm and disk may be given away', () => {
  expect(found({ sharedMemoryBytes: GiB, ephemeralStorageBytes: 4 * GiB })).toEqual([]);
});

test("the seed's run fits the 58 GiB that its author's server can give, with the CPU Job's 4 beside it", () => {
  const run = seedRun();
  const planned = hostNeeds(run, run.model, scheduleOf(run));
  expect(podResources(4, planned, {}, { gpus: 4, cpus: 40 }).memoryBytes).toBeLessThan(54 * GiB);
});

describe('a node', () => {
  const findings = (of: NodeCapacity) => unavailable('finetune/math', 4, asked(), need, of);

  test('that has just what is asked for will do', () => {
    expect(findings({ gpus: 4, cpus: 16, memoryBytes: 31 * GiB })).toEqual([]);
  });

  test('of which nobody said what it has is not checked', () => {
    expect(findings({ gpus: 4 })).toEqual([]);
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
      { gpus: 4, memoryBytes: 30.5 * GiB },
      {
        key: 'memory',
        message:
          'no node of the pool has so much memory; the run takes 4 ranks 16.0 + offloaded weights 8.0 + workers 2.0 + margin 2.5 + /dev/shm 2.0 GiB',
        got: '31.0 GiB',
        allowed: 'at most 30.5 GiB',
      },
    ],
  ])('with too few %s is an error with both numbers', (_, of, expected) => {
    const [finding, ...others] = findings(of);
    expect(finding).toEqual(
      expect.objectContaining({ id: 'node-too-small', severity: 'error', path: 'finetune/math', ...expected }),
    );
    expect(finding?.change).toBeTruthy();
    expect(others).toEqual([]);
  });
});

describe('preflight', () => {
  const cores = (workers: number, cpus?: number) => preflightResources(workers, asked(), { gpus: 4, cpus }).cpus;

  test.each([
    [1, 2],
    [4, 4],
    [16, 8],
  ])('for %d processes that tokenise asks for %d cores', (workers, cpus) => {
    expect(cores(workers)).toBe(cpus);
  });

  test('leaves three cores of a node to others, and has one itself', () => {
    expect([cores(16, 8), cores(16, 2)]).toEqual([5, 1]);
  });

  test('asks for 4 GiB and one a core, and for the disk of the training pod', () => {
    expect(preflightResources(4, asked(), node)).toEqual({ ...asked(), cpus: 4, memoryBytes: 8 * GiB });
  });
});
