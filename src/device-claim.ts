import type { Size } from 'cdk8s';

/**
 * Cards by Dynamic Resource Allocation (resource.k8s.io/v1, Kubernetes 1.34 or later), in place of an extended resource:
 * a ResourceClaimTemplate that asks a driver for as many devices as the run has GPUs.
 */
export interface DeviceClaim {
  /** The DeviceClass, by name; the driver's installation makes it: `gpu.nvidia.com`, `mig.nvidia.com`, `gpu.amd.com`. */
  readonly deviceClassName: string;
  /**
   * The driver, which stands before its devices' attributes.
   * @default - `gpu.amd.com` for device classes of amd.com, else `gpu.nvidia.com`
   */
  readonly driver?: string;
  /**
   * The memory that each device has at least, as its driver reports it.
   * @default - any
   */
  readonly memory?: Size;
  /**
   * Names of products as the driver writes them, with blanks: `Tesla T10`. Any of them will do.
   * @default - any
   */
  readonly products?: string[];
  /**
   * Further CEL expressions that must hold of each device: `device.attributes['gpu.nvidia.com'].architecture == 'Hopper'`.
   * @default - none
   */
  readonly selectors?: string[];
}
