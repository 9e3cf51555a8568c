import { Size } from 'cdk8s';
import { bytesOf, bytesQuantity, quantity } from '../../src/kubernetes/quantity';

test.each([
  [Size.gibibytes(60), '60Gi'],
  [Size.tebibytes(1), '1024Gi'],
  [Size.mebibytes(1536), '1536Mi'],
  [Size.mebibytes(1024), '1Gi'],
  [Size.kibibytes(1), '1Mi'],
])('a size is written in the largest whole unit: %#', (size, text) => {
  expect(quantity(size)).toBe(text);
});

test.each([
  [0, '0Gi'],
  [1, '1Mi'],
  [2 ** 20, '1Mi'],
  [2 ** 20 + 1, '2Mi'],
  [2 ** 30, '1Gi'],
  [2.5 * 2 ** 30, '2560Mi'],
])('%d bytes are rounded up to %s', (bytes, text) => {
  expect(bytesQuantity(bytes)).toBe(text);
});

test('a size has its bytes', () => {
  expect([bytesOf(Size.gibibytes(1)), bytesOf(Size.kibibytes(3))]).toEqual([2 ** 30, 3072]);
});
