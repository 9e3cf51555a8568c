import { bytesQuantity } from './quantity';

/** How a pod asks for GPUs, in plain data. */
export interface GpuRequest {
  /** The extended resource of a device plugin; undefined: devices are claimed. */
  readonly resource?: string;
  /** What is claimed of a DRA driver; undefined: the extended resource is asked for. */
  readonly claim?: DeviceRequest;
  /** Whose cards they are. */
  readonly vendor: GpuVendor;
  /** What of a card one of them is. */
  readonly part: GpuPart;
  /** The MIG profile, where the resource's name says it: `1g.10gb`. */
  readonly profile?: string;
}

export type GpuVendor = 'nvidia' | 'amd';

/** All of a card, a MIG slice with memory of its own, or a share of a card whose memory others use too. */
export type GpuPart = 'whole' | 'slice' | 'share';

/** What a claim asks of each device. */
export interface DeviceRequest {
  readonly deviceClassName: string;
  /** The domain of the driver's attributes. */
  readonly driver: string;
  /** At least; undefined: any. */
  readonly memoryBytes?: number;
  /** Names of products; empty: any. */
  readonly products: readonly string[];
  /** Further CEL expressions; all must hold. */
  readonly selectors: readonly string[];
}

/** The resource of whole cards under NVIDIA's device plugin. */
export const NVIDIA_GPU = 'nvidia.com/gpu';

/** What a run asks for unless its pool says otherwise. */
export const WHOLE_NVIDIA_GPUS: GpuRequest = { resource: NVIDIA_GPU, vendor: 'nvidia', part: 'whole' };

/** The name of the claim inside a pod. */
export const CLAIM = 'gpus';

/** What a resource stands for, by its name alone. Source: NVIDIA k8s-device-plugin README.md, ROCm k8s-device-plugin. */
export function requestOf(resource: string): GpuRequest {
  const [, profile, shared] = /^nvidia\.com\/(?:mig-([0-9a-z.+]+?)|.+?)(\.shared)?$/.exec(resource) ?? [];
  return {
    resource,
    vendor: vendorOf(resource.split('/')[0] ?? ''),
    part: shared !== undefined ? 'share' : profile !== undefined ? 'slice' : 'whole',
    ...(profile === undefined ? {} : { profile }),
  };
}

/** What a claim stands for, by its device class. Source: the device classes of NVIDIA's and AMD's DRA drivers. */
export function claimRequestOf(claim: Omit<DeviceRequest, 'driver'> & { readonly driver?: string }): GpuRequest {
  const vendor = vendorOf(claim.driver ?? claim.deviceClassName);
  return {
    claim: { ...claim, driver: claim.driver ?? `gpu.${vendor}.com` },
    vendor,
    part: claim.deviceClassName === 'mig.nvidia.com' ? 'slice' : 'whole',
  };
}

function vendorOf(domain: string): GpuVendor {
  return domain === 'amd.com' || domain.endsWith('.amd.com') ? 'amd' : 'nvidia';
}

/** So many GPUs as a container asks for them; none where they are claimed. */
export function gpuAmounts({ resource }: GpuRequest, gpus: number): Record<string, string> {
  return resource === undefined ? {} : { [resource]: String(gpus) };
}

/** The `spec` of a ResourceClaimTemplate of resource.k8s.io/v1: so many devices for each pod. */
export function claimTemplateSpec(claim: DeviceRequest, gpus: number): object {
  const selectors = celExpressions(claim).map((expression) => ({ cel: { expression } }));
  const exactly = {
    deviceClassName: claim.deviceClassName,
    allocationMode: 'ExactCount',
    count: gpus,
    ...(selectors.length === 0 ? {} : { selectors }),
  };
  return { spec: { devices: { requests: [{ name: CLAIM, exactly }] } } };
}

/** What must hold of a device, as the scheduler evaluates it. */
function celExpressions({ driver, memoryBytes, products, selectors }: DeviceRequest): string[] {
  const domain = celString(driver);
  return [
    ...(memoryBytes === undefined
      ? []
      : [`device.capacity[${domain}].memory.compareTo(quantity(${celString(bytesQuantity(memoryBytes))})) >= 0`]),
    ...(products.length === 0
      ? []
      : [`device.attributes[${domain}].productName in [${products.map(celString).join(', ')}]`]),
    ...selectors,
  ];
}

function celString(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}

/** Resources that no number of cards is asked for by: what they count. */
const OTHER_UNITS: Readonly<Record<string, string>> = {
  'aliyun.com/gpu-mem': 'GiB of memory',
  'aliyun.com/gpu-core.percentage': 'hundredths of a card',
  'nvidia.com/gpumem': 'MiB of memory',
  'nvidia.com/gpumem-percentage': 'hundredths of memory',
  'nvidia.com/gpucores': 'hundredths of a card',
  'tke.cloud.tencent.com/qgpu-core': 'hundredths of a card',
  'tke.cloud.tencent.com/qgpu-memory': 'GiB of memory',
};

/** Devices on which neither CUDA nor ROCm runs, by the domain of their resource. */
const OTHER_MAKERS = [
  'aws.amazon.com',
  'cambricon.com',
  'cloud-tpus.google.com',
  'enflame.com',
  'google.com',
  'gpu.intel.com',
  'habana.ai',
  'huawei.com',
  'iluvatar.ai',
  'iluvatar.com',
  'kunlunxin.com',
  'metax-tech.com',
  'mthreads.com',
];

/** Why no GPUs can be had by a resource of this name; undefined: nothing is known against it. */
export function resourceFault(resource: string): { readonly message: string; readonly change: string } | undefined {
  const unit = OTHER_UNITS[resource];
  if (unit !== undefined) {
    return {
      message: `the resource counts ${unit}, and a run asks for a number of GPUs`,
      change: 'name a resource that counts cards or slices; a pool of shared cards is for serving',
    };
  }
  const domain = resource.split('/')[0] ?? '';
  if (!OTHER_MAKERS.includes(domain)) return undefined;
  return {
    message: 'what is made here runs on CUDA and ROCm, and these devices have neither',
    change: 'take NVIDIA or AMD cards',
  };
}
