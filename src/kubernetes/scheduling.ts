import type { Affinity, PodSpec } from 'kubernetes-types/core/v1';

/** Where a pod may go, in plain data. */
export interface Scheduling {
  /** Allowed values of `nvidia.com/gpu.product`; empty: any. */
  readonly products: readonly string[];
  /** Node labels that must match. */
  readonly labels: Readonly<Record<string, string>>;
  /** Keys of taints tolerated. */
  readonly tolerations: readonly string[];
  readonly runtimeClassName?: string;
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
  near: Readonly<Record<string, string>>,
): Pick<PodSpec, 'affinity' | 'nodeSelector' | 'tolerations' | 'runtimeClassName'> {
  return {
    ...(Object.keys(scheduling.labels).length > 0 ? { nodeSelector: { ...scheduling.labels } } : {}),
    affinity: { ...nodeAffinity(scheduling, gpus), ...podAffinity(near) },
    tolerations: scheduling.tolerations.map((key) => ({ key, operator: 'Exists', effect: 'NoSchedule' })),
    ...(gpus > 0 && scheduling.runtimeClassName !== undefined ? { runtimeClassName: scheduling.runtimeClassName } : {}),
  };
}

function nodeAffinity({ products }: Scheduling, gpus: number): Affinity {
  if (products.length === 0) return {};
  const matchExpressions = [
    { key: 'nvidia.com/gpu.product', operator: 'In', values: [...products] },
    // A slice of a card is counted like a card, but holds a part of its memory.
    { key: 'nvidia.com/gpu.sharing-strategy', operator: 'NotIn', values: ['time-slicing', 'mps'] },
    ...(gpus > 0 ? [{ key: 'nvidia.com/gpu.count', operator: 'Gt', values: [String(gpus - 1)] }] : []),
  ];
  return {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
  };
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
