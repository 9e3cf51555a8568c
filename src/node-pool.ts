import type { Size } from 'cdk8s';
import { Gpu } from './gpu';
import { keyProblems, labelProblems, objectNameProblems } from './kubernetes/name-problems';
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
   * Keys of taints to tolerate beside `nvidia.com/gpu`.
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
   * `nvidia.com/gpu` or not. The card's label is `nvidia.com/gpu.product`.
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
    this._scheduling = {
      products: where.labelledBy === undefined ? [] : gpu._card.products,
      labelledBy: where.labelledBy === 'ack' ? 'ack' : undefined,
      knownAs: where.labelledBy === undefined ? gpu._card.products : [],
      labels: {
        ...options.labels,
        ...(where.hostname === undefined ? {} : { 'kubernetes.io/hostname': where.hostname }),
      },
      tolerations: ['nvidia.com/gpu', ...(options.tolerations ?? [])],
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
    ];
    if (where.labelledBy !== undefined && gpu._card.products.length === 0) {
      problems.push({
        id: 'invalid-node-pool',
        key: where.labelledBy === 'ack' ? 'NodePool.ack' : 'NodePool.of',
        message: `no value of the node label ${where.labelledBy === 'ack' ? 'aliyun.accelerator/nvidia_name' : 'nvidia.com/gpu.product'} is known for ${gpu.name}`,
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
