import { cardNamed } from '../../src/cli/cards';

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
