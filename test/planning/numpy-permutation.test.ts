import { createHash } from 'node:crypto';
import { numpyPermutation } from '../../src/planning/numpy-permutation';

/** `numpy.random.default_rng(seed).permutation(count).tolist()`, numpy 2.4.6. */
const NUMPYS: ReadonlyArray<readonly [count: number, seed: number, permutation: readonly number[]]> = [
  [1, 0, [0]],
  [2, 1, [0, 1]],
  [10, 42, [5, 6, 0, 7, 3, 2, 4, 9, 1, 8]],
  [
    37,
    42,
    [
      27, 18, 26, 5, 4, 23, 36, 7, 25, 32, 10, 22, 20, 34, 16, 6, 24, 29, 28, 9, 30, 19, 3, 0, 15, 17, 31, 12, 21, 11,
      14, 35, 2, 33, 1, 13, 8,
    ],
  ],
];

test.each(NUMPYS)('%i numbers are shuffled as numpy does, seed %i', (count, seed, permutation) => {
  expect([...numpyPermutation(count, seed)]).toEqual(permutation);
});

test('many numbers, too', () => {
  const text = numpyPermutation(5000, 12345).join(',');
  expect(createHash('sha256').update(text).digest('hex')).toBe(
    '7073658dc8ddf87a40f88760bbca2af88c6eed37b4b3aa72b5b182a3a063b359',
  );
});

test('no numbers, and one', () => {
  expect([...numpyPermutation(0, 1), ...numpyPermutation(1, 1)]).toEqual([0]);
});
