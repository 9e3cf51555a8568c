import { CpuPool } from '../src';

test('a CPU pool is any node that can run the image, those with GPUs last', () => {
  expect(CpuPool.of()._scheduling).toEqual({
    products: [],
    labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
    tolerations: [],
    avoidsGpus: true,
  });
});

test('labels and taints are as given, and a label that is given wins', () => {
  const labels = { 'kubernetes.io/arch': 'arm64', pool: 'cpu' };
  expect(CpuPool.of({ labels, tolerations: ['example.com/batch'] })._scheduling).toMatchObject({
    labels: { 'kubernetes.io/os': 'linux', ...labels },
    tolerations: ['example.com/batch'],
  });
});

test('labels and taints that Kubernetes does not take are problems', () => {
  const { _problems } = CpuPool.of({ labels: { pool: 'a b' }, tolerations: ['a b'] });
  expect(_problems.map(({ key }) => key)).toEqual(['CpuPool.labels.pool', 'CpuPool.tolerations']);
});
