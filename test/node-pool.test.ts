import { Size } from 'cdk8s';
import { Gpu, NodePool } from '../src';

const known = Gpu.custom({ name: 'X1', memory: Size.gibibytes(24), computeCapability: 8.6, products: ['X-1', 'X-1b'] });
const unknown = Gpu.custom({ name: 'X2', memory: Size.gibibytes(24), computeCapability: 8.6 });

test('nodes with a card are found by the labels of GPU feature discovery', () => {
  expect(NodePool.of(known)._scheduling).toEqual({
    products: ['X-1', 'X-1b'],
    labelledBy: undefined,
    knownAs: [],
    labels: {},
    tolerations: ['nvidia.com/gpu'],
    runtimeClassName: undefined,
  });
});

test('any node will do where there are no such labels', () => {
  expect(NodePool.anyNode(known)._scheduling.products).toEqual([]);
});

test('nodes of ACK are found by the label it has for the card', () => {
  expect(NodePool.ack(known)._scheduling).toEqual(
    expect.objectContaining({ products: ['X-1', 'X-1b'], labelledBy: 'ack' }),
  );
});

test('a card without labels cannot be found on ACK', () => {
  expect(NodePool.ack(unknown)._problems).toEqual([
    expect.objectContaining({
      key: 'NodePool.ack',
      message: expect.stringContaining('aliyun.accelerator/nvidia_name'),
    }),
  ]);
});

test('one node is found by its name, without other labels of the card', () => {
  expect(NodePool.hostname(known, 'server')._scheduling).toEqual(
    expect.objectContaining({ products: [], labels: { 'kubernetes.io/hostname': 'server' } }),
  );
});

test('labels, tolerations and the runtime class are those given', () => {
  const options = { labels: { zone: 'a' }, tolerations: ['team'], runtimeClassName: 'nvidia' };
  expect(NodePool.hostname(known, 'server', options)._scheduling).toEqual({
    products: [],
    labelledBy: undefined,
    knownAs: ['X-1', 'X-1b'],
    labels: { zone: 'a', 'kubernetes.io/hostname': 'server' },
    tolerations: ['nvidia.com/gpu', 'team'],
    runtimeClassName: 'nvidia',
  });
});

test('a node has four GPUs unless said otherwise', () => {
  expect([NodePool.of(known).gpus, NodePool.of(known, { gpus: 8 }).gpus]).toEqual([4, 8]);
});

test('what a node has is kept', () => {
  const pool = NodePool.of(known, { cpus: 32, memory: Size.gibibytes(128) });
  expect([pool.gpu, pool.cpus, pool.memory?.toGibibytes()]).toEqual([known, 32, 128]);
});

test.each([1, 4])('%d GPUs are no problem', (gpus) => {
  expect(NodePool.of(known, { gpus })._problems).toEqual([]);
});

test.each([0, -1, 1.5, Number.NaN])('%d GPUs are a problem', (gpus) => {
  expect(NodePool.of(known, { gpus })._problems).toEqual([
    {
      id: 'invalid-node-pool',
      key: 'NodePool.gpus',
      message: 'a node of the pool needs GPUs',
      got: String(gpus),
      allowed: 'a whole number from 1',
    },
  ]);
});

test('a card without labels cannot be found by them', () => {
  expect(NodePool.of(unknown)._problems).toEqual([
    {
      id: 'invalid-node-pool',
      key: 'NodePool.of',
      message: 'no value of the node label nvidia.com/gpu.product is known for X2',
      change: "add 'products' to Gpu.custom, or use NodePool.anyNode or NodePool.hostname",
    },
  ]);
});

test('a card without labels can be had by node', () => {
  expect([...NodePool.anyNode(unknown)._problems, ...NodePool.hostname(unknown, 'server')._problems]).toEqual([]);
});

test('problems of the card are those of the pool', () => {
  const broken = Gpu.custom({ name: 'X3', memory: Size.gibibytes(1), computeCapability: 0, products: ['X-3'] });
  expect(NodePool.of(broken)._problems.map(({ id }) => id)).toEqual(['invalid-gpu']);
});
