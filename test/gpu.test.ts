import { Size } from 'cdk8s';
import { Gpu } from '../src';
import { CARDS } from '../src/planning/catalog/cards';

const custom = (changes: object = {}) =>
  Gpu.custom({ name: 'X1', memory: Size.gibibytes(24), computeCapability: 8.6, ...changes });

test.each([
  [Gpu.T10, 'T10', 16384, 7.5],
  [Gpu.T4, 'T4', 15360, 7.5],
  [Gpu.V100_16GB, 'V100-16GB', 16160, 7.0],
  [Gpu.V100_32GB, 'V100-32GB', 32510, 7.0],
  [Gpu.A10, 'A10', 23028, 8.6],
  [Gpu.L20, 'L20', 46068, 8.9],
  [Gpu.A100_40GB, 'A100-40GB', 40960, 8.0],
  [Gpu.A100_80GB, 'A100-80GB', 81920, 8.0],
  [Gpu.H20, 'H20', 97871, 9.0],
  [Gpu.H100, 'H100', 81559, 9.0],
  [Gpu.H200, 'H200', 143771, 9.0],
  [Gpu.RTX_4090, 'RTX-4090', 24564, 8.9],
])('a card of the catalogue has its name, memory and compute capability: %#', (gpu, name, mebibytes, capability) => {
  expect(gpu.name).toBe(name);
  expect(gpu.memory.toMebibytes()).toBe(mebibytes);
  expect(gpu._card.computeCapability).toBe(capability);
});

test('every card of the catalogue can be named', () => {
  const named = Object.keys(CARDS).filter((name) => Reflect.get(Gpu, name.replaceAll('-', '_')) instanceof Gpu);
  expect(named).toEqual(Object.keys(CARDS));
});

test('the T10 goes by the label of its driver’s name', () => {
  expect(Gpu.T10._card.products).toEqual(['Tesla-T10']);
});

test('a card of one’s own is what was said of it', () => {
  const gpu = custom({ products: ['X-1'], bandwidthGigabytesPerSecond: 600, fp16TeraflopsPerSecond: 125 });
  expect(gpu._card).toEqual({
    name: 'X1',
    memoryBytes: 24 * 2 ** 30,
    computeCapability: 8.6,
    bandwidthBytesPerSecond: 600e9,
    fp16FlopsPerSecond: 125e12,
    products: ['X-1'],
  });
  expect(gpu._problems).toEqual([]);
});

test('a card whose speed and labels nobody said has none', () => {
  expect(custom()._card).toEqual(
    expect.objectContaining({ bandwidthBytesPerSecond: 0, fp16FlopsPerSecond: 0, products: [] }),
  );
  expect(custom()._problems).toEqual([]);
});

test.each([
  ['computeCapability', 0],
  ['computeCapability', Number.NaN],
  ['bandwidthGigabytesPerSecond', -1],
  ['bandwidthGigabytesPerSecond', 0],
  ['fp16TeraflopsPerSecond', Number.POSITIVE_INFINITY],
])('%s of %d is a problem', (key, value) => {
  expect(custom({ [key]: value })._problems).toEqual([
    {
      id: 'invalid-gpu',
      key: `Gpu.custom('X1').${key}`,
      message: 'the card needs a positive number here',
      got: String(value),
      allowed: 'a positive number',
    },
  ]);
});
