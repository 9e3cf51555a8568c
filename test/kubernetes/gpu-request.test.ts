import {
  claimRequestOf,
  claimTemplateSpec,
  gpuAmounts,
  requestOf,
  resourceFault,
} from '../../src/kubernetes/gpu-request';

test.each([
  ['nvidia.com/gpu', 'nvidia', 'whole', undefined],
  ['nvidia.com/gpu.shared', 'nvidia', 'share', undefined],
  ['nvidia.com/mig-1g.10gb', 'nvidia', 'slice', '1g.10gb'],
  ['nvidia.com/mig-1g.10gb.me', 'nvidia', 'slice', '1g.10gb.me'],
  ['nvidia.com/mig-3g.40gb.shared', 'nvidia', 'share', '3g.40gb'],
  ['amd.com/gpu', 'amd', 'whole', undefined],
  ['gpus.example.com/a100', 'nvidia', 'whole', undefined],
])('%s is what its name says: %s, %s, %s', (resource, vendor, part, profile) => {
  expect(requestOf(resource)).toEqual({ resource, vendor, part, profile });
  expect(gpuAmounts(requestOf(resource), 2)).toEqual({ [resource]: '2' });
});

test('resources that count something else than cards are refused, and devices without CUDA or ROCm', () => {
  expect(resourceFault('aliyun.com/gpu-mem')?.message).toContain('GiB of memory');
  expect(resourceFault('huawei.com/Ascend910')?.message).toContain('CUDA');
  expect(resourceFault('nvidia.com/gpu')).toBeUndefined();
  expect(resourceFault('gpus.example.com/a100')).toBeUndefined();
});

const claim = (more: object = {}) =>
  claimRequestOf({ deviceClassName: 'gpu.nvidia.com', products: [], selectors: [], ...more });

test('a claim asks for nothing in the container’s amounts, and for so many devices in its template', () => {
  expect(gpuAmounts(claim(), 4)).toEqual({});
  expect(claimTemplateSpec(claim().claim as never, 4)).toEqual({
    spec: {
      devices: {
        requests: [
          { name: 'gpus', exactly: { deviceClassName: 'gpu.nvidia.com', allocationMode: 'ExactCount', count: 4 } },
        ],
      },
    },
  });
});

test('memory, products and expressions of one’s own must all hold of a device', () => {
  const more = { memoryBytes: 40 * 2 ** 30, products: ['NVIDIA A100', "it's"], selectors: ['device.driver != ""'] };
  expect(JSON.stringify(claimTemplateSpec(claim(more).claim as never, 1))).toContain(
    JSON.stringify(
      [
        "device.capacity['gpu.nvidia.com'].memory.compareTo(quantity('40Gi')) >= 0",
        "device.attributes['gpu.nvidia.com'].productName in ['NVIDIA A100', 'it\\'s']",
        'device.driver != ""',
      ].map((expression) => ({ cel: { expression } })),
    ),
  );
});

test.each([
  [{}, 'nvidia', 'whole', 'gpu.nvidia.com'],
  [{ deviceClassName: 'mig.nvidia.com' }, 'nvidia', 'slice', 'gpu.nvidia.com'],
  [{ deviceClassName: 'gpu.amd.com' }, 'amd', 'whole', 'gpu.amd.com'],
  [{ deviceClassName: 'big', driver: 'gpu.amd.com' }, 'amd', 'whole', 'gpu.amd.com'],
])('a device class says what its devices are: %j', (more, vendor, part, driver) => {
  expect(claim(more)).toEqual(expect.objectContaining({ vendor, part, claim: expect.objectContaining({ driver }) }));
});
