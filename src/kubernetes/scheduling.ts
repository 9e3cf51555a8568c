import type { Affinity, NodeSelectorRequirement, PodSpec, Toleration } from 'kubernetes-types/core/v1';
import { type GpuRequest, WHOLE_NVIDIA_GPUS } from './gpu-request';

/** Where a pod may go, in plain data. */
export interface Scheduling {
  /** Allowed values of the node label that names the card; empty: any. */
  readonly products: readonly string[];
  /** Whose label that is: that of the cards' maker (GPU feature discovery, AMD's node labeller), or of Alibaba Cloud's ACK. */
  readonly labelledBy?: 'gfd' | 'ack';
  /** How GPUs are asked for; undefined: whole cards of NVIDIA's. */
  readonly request?: GpuRequest;
  /** The card's values of the label where any node will do: nodes that say they share such a card are left out. */
  readonly knownAs?: readonly string[];
  /** Node labels that must match. */
  readonly labels: Readonly<Record<string, string>>;
  /** Keys of taints tolerated. */
  readonly tolerations: readonly string[];
  readonly runtimeClassName?: string;
  /** Whether nodes with GPUs are the last that it should go to. */
  readonly avoidsGpus?: boolean;
}

/** Where a pod without GPUs may go if it is not to take the room of those that need them: any node that can run the image. */
export const CPU_NODES: Scheduling = {
  products: [],
  // Images with CUDA for other processors are rare, and nodes of several kinds in one cluster are not.
  labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
  tolerations: [],
  avoidsGpus: true,
};
/** How the cards there are asked for. */
export function gpuRequestOf({ request }: Scheduling): GpuRequest {
  return request ?? WHOLE_NVIDIA_GPUS;
}

/**
 * The scheduling fields of a pod.
 * @param gpus how many whole GPUs a node must have; 0 for a CPU pod that must land on the same kind of node, since a
 * volume of a node's own disk stays where it was first mounted
 * @param near a label of pods to be near: those that share a volume which one node at a time can attach
 */
export function schedulingFields(
  scheduling: Scheduling,
  gpus: number,
  near: Readonly<Record<string, string>> | undefined,
): Pick<PodSpec, 'affinity' | 'nodeSelector' | 'tolerations' | 'runtimeClassName'> {
  return {
    ...(Object.keys(scheduling.labels).length > 0 ? { nodeSelector: { ...scheduling.labels } } : {}),
    affinity: {
      ...(scheduling.avoidsGpus ? WITHOUT_GPUS : nodeAffinity(scheduling, gpus)),
      ...(near === undefined ? {} : podAffinity(near)),
    },
    tolerations: scheduling.tolerations.map((key) => ({ key, operator: 'Exists', effect: 'NoSchedule' })),
    ...(gpus > 0 && scheduling.runtimeClassName !== undefined ? { runtimeClassName: scheduling.runtimeClassName } : {}),
  };
}

/**
 * How long a pod stays bound to a node that is away; without them the API server's admission adds its own, 5 minutes.
 * Source: kubernetes plugin/pkg/admission/defaulttolerationseconds.
 */
export function outageTolerations(seconds: number | undefined): Toleration[] {
  if (seconds === undefined) return [];
  return ['not-ready', 'unreachable'].map((state) => ({
    key: `node.kubernetes.io/${state}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: seconds,
  }));
}

/**
 * Whole cards only, unless a share of one is asked for: a slice of a card is counted like a card, but holds a part of its
 * memory. NotIn is also true of nodes without the label, so it costs nothing in clusters that label no cards.
 */
function nodeAffinity(scheduling: Scheduling, gpus: number): Affinity {
  const matchExpressions = expressionsOf(scheduling, gpus);
  if (matchExpressions.length === 0) return {};
  return {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
  };
}

/**
 * Preferred only, since all nodes may have GPUs; where those are tainted, that keeps the pod off. The labels: of NVIDIA's
 * GPU operator, of GPU feature discovery, and of ACK. Less than being near to a volume's pods weighs.
 */
const WITHOUT_GPUS: Affinity = {
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 50,
        preference: {
          matchExpressions: ['nvidia.com/gpu.present', 'nvidia.com/gpu.product', 'aliyun.accelerator/nvidia_name'].map(
            (key) => ({ key, operator: 'DoesNotExist' }),
          ),
        },
      },
    ],
  },
};
function expressionsOf(scheduling: Scheduling, gpus: number): NodeSelectorRequirement[] {
  const request = gpuRequestOf(scheduling);
  if (scheduling.labelledBy === 'ack') return ackExpressions(scheduling);
  if (request.vendor === 'amd') return amdExpressions(scheduling);
  return gfdExpressions(scheduling, request, gpus);
}

/** Source: NVIDIA k8s-device-plugin docs/gpu-feature-discovery; older releases mark a shared card by its name alone. */
function gfdExpressions(
  { products, knownAs = [] }: Scheduling,
  { part, profile }: GpuRequest,
  gpus: number,
): NodeSelectorRequirement[] {
  const suffixed = (names: readonly string[]) => names.map((product) => `${product}-SHARED`);
  const product = (values: readonly string[]): NodeSelectorRequirement[] =>
    values.length === 0 ? [] : [{ key: 'nvidia.com/gpu.product', operator: 'In', values: [...values] }];
  if (part === 'share') return product([...products, ...suffixed(products)]);
  const shared = suffixed(knownAs);
  const count = profile === undefined ? 'nvidia.com/gpu.count' : `nvidia.com/mig-${profile}.count`;
  return [
    ...product(products),
    ...(shared.length === 0 ? [] : [{ key: 'nvidia.com/gpu.product', operator: 'NotIn', values: shared }]),
    { key: 'nvidia.com/gpu.sharing-strategy', operator: 'NotIn', values: ['time-slicing', 'mps'] },
    ...(products.length > 0 && gpus > 0 ? [{ key: count, operator: 'Gt', values: [String(gpus - 1)] }] : []),
  ];
}

/** Source: ROCm k8s-device-plugin cmd/k8s-node-labeller. It has no label for the number of cards. */
function amdExpressions({ products }: Scheduling): NodeSelectorRequirement[] {
  return products.length === 0 ? [] : [{ key: 'amd.com/gpu.product-name', operator: 'In', values: [...products] }];
}

/**
 * Nodes of ACK give out whole cards unless this label says otherwise.
 * Source: Alibaba Cloud, "Labels used by ACK to control GPUs".
 */
function ackExpressions({ products }: Scheduling): NodeSelectorRequirement[] {
  return [
    { key: 'aliyun.accelerator/nvidia_name', operator: 'In', values: [...products] },
    { key: 'ack.node.gpu.schedule', operator: 'NotIn', values: ['cgpu', 'core_mem', 'share', 'mps', 'topology'] },
  ];
}

/** Preferred only: a pod that has ended attracts nobody, and must not keep others from running. */
function podAffinity(near: Readonly<Record<string, string>>): Affinity {
  return {
    podAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { ...near } } },
        },
      ],
    },
  };
}

/**
 * Annotations that keep node autoscalers from moving a pod: the cluster autoscaler takes yes or no, Karpenter a duration
 * too.
 * Source: karpenter pkg/utils/pod/scheduling.go; kubernetes/autoscaler cluster-autoscaler FAQ.
 */
function keptByAutoscalers(karpenter: string): Record<string, string> {
  return { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false', 'karpenter.sh/do-not-disrupt': karpenter };
}

/** What a pod says that no node autoscaler may move as long as it runs. */
export const KEEP_RUNNING = keptByAutoscalers('true');

/** What a pod says that Karpenter may not move for so long. */
export function evictionAnnotations(seconds: number | undefined): Record<string, string> {
  return seconds === undefined ? {} : keptByAutoscalers(`${seconds}s`);
}
