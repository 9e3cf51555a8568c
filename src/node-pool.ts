import type { Size } from 'cdk8s';
import type { DeviceClaim } from './device-claim';
import { Gpu } from './gpu';
import {
  claimRequestOf,
  type GpuRequest,
  NVIDIA_GPU,
  requestOf,
  resourceFault,
  WHOLE_NVIDIA_GPUS,
} from './kubernetes/gpu-request';
import { keyProblems, labelProblems, objectNameProblems } from './kubernetes/name-problems';
import { bytesOf } from './kubernetes/quantity';
import type { Scheduling } from './kubernetes/scheduling';
import type { Problem } from './run/finding';
import { argumentProblems, checkedProps } from './run/props';

/** What the nodes of a pool have, and what a pod needs to get onto them. */
export interface NodePoolOptions {
  /**
   * GPUs on each node.
   * @default 4
   */
  readonly gpus?: number;
  /**
   * CPU cores a pod can get on each node (`kubectl describe node`, Allocatable).
   * @default - unknown: asking for too many isn't noticed before the pod stays Pending
   */
  readonly cpus?: number;
  /**
   * Memory a pod can get on each node (`kubectl describe node`, Allocatable).
   * @default - unknown: asking for too much isn't noticed before the pod stays Pending
   */
  readonly memory?: Size;
  /**
   * A RuntimeClass that brings the GPUs into the container. k3s and RKE2 with the NVIDIA container toolkit need
   * `nvidia`; where the NVIDIA runtime is the node's default, none is needed.
   * @default - the node's default runtime
   */
  readonly runtimeClassName?: string;
  /**
   * The extended resource by which the device plugin hands out cards, slices or shares, as `kubectl describe node` shows
   * it: `nvidia.com/mig-1g.10gb`, `nvidia.com/gpu.shared`, `amd.com/gpu`, or what your platform calls them. The pool's
   * card is then what one of them is: for a slice, a `Gpu.custom` with the slice's memory. A name that isn't known stands
   * for whole NVIDIA cards.
   * @default nvidia.com/gpu
   */
  readonly resource?: string;
  /**
   * Cards by Dynamic Resource Allocation instead, from Kubernetes 1.34.
   * @default - an extended resource
   */
  readonly deviceClaim?: DeviceClaim;
  /**
   * Keys of taints to tolerate beside `nvidia.com/gpu` (`amd.com/gpu` for AMD's) and the resource's own name.
   * @default - none
   */
  readonly tolerations?: string[];
  /**
   * Node labels that must match too.
   * @default - none
   */
  readonly labels?: { readonly [label: string]: string };
}

/** Which nodes a run may go to, which card they have, and how much of everything. */
export class NodePool {
  /**
   * Nodes that GPU feature discovery has labelled with this card, whole cards only (no time slicing, no MPS), tainted
   * `nvidia.com/gpu` or not. The card's label is `nvidia.com/gpu.product`; for AMD's cards it is
   * `amd.com/gpu.product-name`, by AMD's node labeller.
   */
  public static of(gpu: Gpu, options: NodePoolOptions = {}): NodePool {
    return new NodePool(gpu, options, { labelledBy: 'gfd' });
  }

  /**
   * Nodes of Alibaba Cloud's ACK, by its own label for the card, `aliyun.accelerator/nvidia_name`, and whole cards only:
   * no node that `ack.node.gpu.schedule` sets to sharing (cgpu, core_mem, share, mps) or to topology-aware allocation.
   */
  public static ack(gpu: Gpu, options: NodePoolOptions = {}): NodePool {
    return new NodePool(gpu, options, { labelledBy: 'ack' });
  }

  /** Any node with enough GPUs, whole cards only: for clusters without GPU feature discovery, where all GPUs are of one kind. */
  public static anyNode(gpu: Gpu, options: NodePoolOptions = {}): NodePool {
    return new NodePool(gpu, options, {});
  }

  /**
   * One node by its name, `kubernetes.io/hostname`.
   * @param hostname as `kubectl get nodes` shows it
   */
  public static hostname(gpu: Gpu, hostname: string, options: NodePoolOptions = {}): NodePool {
    const [unsound] = argumentProblems({ kind: 'string' }, hostname, 'NodePool.hostname');
    return new NodePool(gpu, options, { hostname: unsound === undefined ? hostname : 'unknown' }, unsound);
  }

  /** The card. */
  public readonly gpu: Gpu;
  /** GPUs on each node. */
  public readonly gpus: number;
  /** CPU cores of each node, where known. */
  public readonly cpus?: number;
  /** Memory of each node, where known. */
  public readonly memory?: Size;
  /** @internal */
  public readonly _scheduling: Scheduling;

  /** @internal */
  public readonly _problems: readonly Problem[];

  private constructor(
    card: Gpu,
    given: NodePoolOptions,
    where: { labelledBy?: 'gfd' | 'ack'; hostname?: string },
    wrongName?: Problem,
  ) {
    const cardProblems = argumentProblems({ kind: 'class', name: 'Gpu' }, card, 'NodePool: the card');
    const gpu = cardProblems.length === 0 ? card : Gpu._unknown(cardProblems);
    const { sound: options, problems: unsound } = checkedProps('NodePoolOptions', given, 'NodePool.');
    this.gpu = gpu;
    this.gpus = options.gpus ?? 4;
    this.cpus = options.cpus;
    this.memory = options.memory;
    const request = requestFor(gpu, options);
    this._scheduling = {
      products: where.labelledBy === undefined ? [] : gpu._card.products,
      labelledBy: where.labelledBy === 'ack' ? 'ack' : undefined,
      request: request === WHOLE_NVIDIA_GPUS ? undefined : request,
      knownAs: where.labelledBy === undefined ? gpu._card.products : [],
      labels: {
        ...options.labels,
        ...(where.hostname === undefined ? {} : { 'kubernetes.io/hostname': where.hostname }),
      },
      tolerations: [...new Set([...taintsOf(request), ...(options.tolerations ?? [])])],
      runtimeClassName: options.runtimeClassName,
    };
    const problems: Problem[] = [
      ...gpu._problems,
      ...unsound,
      ...labelProblems('NodePool.labels', options.labels),
      ...(options.tolerations ?? []).flatMap((key) => keyProblems('NodePool.tolerations', key)),
      ...objectNameProblems('NodePool.runtimeClassName', options.runtimeClassName),
      ...(wrongName === undefined ? [] : [wrongName]),
      ...objectNameProblems('NodePool.hostname', where.hostname),
      ...resourceProblems(options),
    ];
    if (where.labelledBy !== undefined && gpu._card.products.length === 0) {
      const label = where.labelledBy === 'ack' ? 'aliyun.accelerator/nvidia_name' : PRODUCT_LABELS[request.vendor];
      problems.push({
        id: 'invalid-node-pool',
        key: where.labelledBy === 'ack' ? 'NodePool.ack' : 'NodePool.of',
        message: `no value of the node label ${label} is known for ${gpu.name}`,
        change: "add 'products' to Gpu.custom, or use NodePool.anyNode or NodePool.hostname",
      });
    }
    if (!Number.isInteger(this.gpus) || this.gpus < 1) {
      problems.push({
        id: 'invalid-node-pool',
        key: 'NodePool.gpus',
        message: 'a node of the pool needs GPUs',
        got: String(this.gpus),
        allowed: 'a whole number from 1',
      });
    }
    this._problems = problems;
  }
}

const PRODUCT_LABELS = { nvidia: 'nvidia.com/gpu.product', amd: 'amd.com/gpu.product-name' } as const;

/**
 * How the pool's cards are asked for. Under MIG's strategy `single`, and where shares keep the name of whole cards, it is
 * the label of the card alone that says what one of them is.
 * Source: NVIDIA k8s-device-plugin docs/gpu-feature-discovery.
 */
function requestFor(gpu: Gpu, { resource, deviceClaim }: Partial<NodePoolOptions>): GpuRequest {
  if (deviceClaim !== undefined) {
    const { deviceClassName, driver, memory, products = [], selectors = [] } = deviceClaim;
    const memoryBytes = memory === undefined ? undefined : bytesOf(memory);
    return claimRequestOf({ deviceClassName, driver, memoryBytes, products, selectors });
  }
  const request = resource === undefined || resource === NVIDIA_GPU ? WHOLE_NVIDIA_GPUS : requestOf(resource);
  if (request.part !== 'whole') return request;
  const { products } = gpu._card;
  if (products.some((product) => product.endsWith('-SHARED'))) return { ...request, part: 'share' };
  return products.some((product) => product.includes('-MIG-')) ? { ...request, part: 'slice' } : request;
}

/** Keys of the taints that nodes with such cards usually have. Source: the admission plugin ExtendedResourceToleration. */
function taintsOf({ vendor, resource }: GpuRequest): string[] {
  return [`${vendor}.com/gpu`, ...(resource === undefined ? [] : [resource])];
}

function resourceProblems({ resource, deviceClaim }: Partial<NodePoolOptions>): Problem[] {
  return [
    ...objectNameProblems('NodePool.deviceClaim.deviceClassName', deviceClaim?.deviceClassName),
    ...objectNameProblems('NodePool.deviceClaim.driver', deviceClaim?.driver),
    ...(resource === undefined ? [] : nameProblems(resource)),
    ...(resource === undefined || deviceClaim === undefined ? [] : [TWO_WAYS]),
  ];
}

const TWO_WAYS: Problem = {
  id: 'contradictory-props',
  key: 'NodePool.deviceClaim',
  message: 'cards are either an extended resource or claimed',
  got: 'resource, deviceClaim',
  allowed: 'one of the two',
  change: 'take one of them out',
};

function nameProblems(resource: string): Problem[] {
  const key = 'NodePool.resource';
  const fault = resourceFault(resource);
  if (fault !== undefined) return [{ id: 'invalid-node-pool', key, ...fault, got: resource }];
  const [domain = '', ...rest] = resource.split('/');
  if (
    rest.length !== 1 ||
    domain === 'kubernetes.io' ||
    domain.endsWith('.kubernetes.io') ||
    domain.startsWith('requests.')
  ) {
    return [
      {
        id: 'invalid-name',
        key,
        message: 'this is no name of an extended resource',
        got: JSON.stringify(resource),
        allowed: 'a domain other than kubernetes.io, a slash and a name, as under Allocatable in kubectl describe node',
      },
    ];
  }
  return keyProblems(key, resource);
}
