import { faultOfProps, SUBJECT_COUNT } from './props';

// A few of what `npm run fuzz` makes.
test('whatever props are given, nothing is thrown and no check fails', () => {
  const printed = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const faults = Array.from({ length: 6 * SUBJECT_COUNT }, (_, i) => faultOfProps(7, i));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  } finally {
    printed.mockRestore();
  }
}, 120_000);

// What `npm run fuzz` found.
test.each([273, 682, 791, 1363, 2111])('nothing is thrown at input %i of seed 11', (index) => {
  expect(faultOfProps(11, index)).toBeUndefined();
});
