import { cardNamed, computeCapability, memoryAmount } from '../../src/cli/cards';

test.each([
  ['T10', 'T10'],
  ['t10', 'T10'],
  ['rtx 4090', 'RTX-4090'],
  ['a100_80gb', 'A100-80GB'],
  ['NVIDIA-A10', 'A10'],
])('%s means %s', (name, card) => {
  expect(cardNamed(name)).toMatchObject({ name: card });
});

test('a card of several sizes asks which', () => {
  expect(cardNamed('v100')).toEqual({ fault: 'the card v100 comes in several sizes: V100-16GB, V100-32GB' });
});

test('an unknown card names the nearest', () => {
  expect(cardNamed('T1O')).toEqual({ fault: expect.stringContaining('did you mean T10?') });
  expect(cardNamed('')).toEqual({ fault: expect.stringContaining('no card') });
});

test('a card that is like none has all of them named', () => {
  expect(cardNamed('GeForce 256')).toEqual({
    fault: expect.stringMatching(/^the catalogue has no card GeForce 256 \(it has T10, T4, .*, [^ ]+\)$/),
  });
});

test.each([
  ['24Gi', 24 * 2 ** 30],
  ['24GiB', 24 * 2 ** 30],
  ['23028Mi', 23028 * 2 ** 20],
  ['23028 MiB', 23028 * 2 ** 20],
  ['80G', 80e9],
  ['9.5Gi', 9.5 * 2 ** 30],
])('a memory of %s is %d bytes', (text, bytes) => {
  expect(memoryAmount(text)?.bytes).toBe(bytes);
});

test.each(['24', '24gb', 'Gi', '24Ti', '512Mi', '2000Gi', '-1Gi', ''])('%j is no memory of a card', (text) => {
  expect(memoryAmount(text)).toBeUndefined();
});

test('a compute capability has a major and a minor', () => {
  expect(['7.5', '12.0', '8', '0.5', '8.95', 'sm_90'].map(computeCapability)).toEqual([
    7.5,
    12,
    ...Array(4).fill(undefined),
  ]);
});
