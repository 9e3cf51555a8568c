import type { PodSpec } from 'kubernetes-types/core/v1';
import { type Finding, Severity } from '../run/finding';
import type { NamedObject } from './duplicates';

/** A pod and the objects outside the tree that it may refer to. */
export interface PodReferences {
  readonly path: string;
  readonly namespace: string;
  readonly pod: PodSpec;
  /** Claims that exist in the cluster already, named by `fromClaim`. */
  readonly existingClaims: readonly string[];
  /** ConfigMaps that may exist in the cluster already. */
  readonly existingConfigMaps?: readonly string[];
  /** ConfigMaps and claims that the user's own pod template names: perhaps they exist in the cluster. */
  readonly named?: readonly string[];
}

/** A ConfigMap that Kubernetes makes in every namespace. */
const EVERYWHERE = 'kube-root-ca.crt';

/** ConfigMaps, keys, claims and volumes that a pod names and nothing makes. */
export function missingReferences(pods: readonly PodReferences[], objects: readonly NamedObject[]): Finding[] {
  const byName = new Map(objects.map((object) => [`${object.kind}/${object.namespace}/${object.name}`, object]));
  return pods.flatMap((references) => [...missingVolumes(references), ...missingObjects(references, byName)]);
}

function missingVolumes({ path, pod }: PodReferences): Finding[] {
  const volumes = new Set((pod.volumes ?? []).map((volume) => volume.name));
  const containers = [...(pod.initContainers ?? []), ...pod.containers];
  return containers.flatMap((container) =>
    (container.volumeMounts ?? [])
      .filter((mount) => !volumes.has(mount.name))
      .map((mount) => ({
        id: 'missing-reference',
        severity: Severity.ERROR,
        path,
        key: `${container.name}.volumeMounts`,
        message: `no volume '${mount.name}' in the pod, which the container mounts at ${mount.mountPath}`,
        allowed: [...volumes].join(', '),
      })),
  );
}

function missingObjects(
  { path, namespace, pod, existingClaims, existingConfigMaps = [], named = [] }: PodReferences,
  byName: ReadonlyMap<string, NamedObject>,
): Finding[] {
  const missing = (key: string, message: string, allowed?: string, name = ''): Finding => ({
    id: 'missing-reference',
    severity: named.includes(name) ? Severity.WARNING : Severity.ERROR,
    path,
    key,
    message,
    allowed,
  });
  return (pod.volumes ?? []).flatMap((volume) => {
    const key = `volumes.${volume.name}`;
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && !existingClaims.includes(claim)) {
      return byName.has(`PersistentVolumeClaim/${namespace}/${claim}`)
        ? []
        : [missing(key, `nothing makes the PersistentVolumeClaim '${claim}' in this namespace`, undefined, claim)];
    }
    const { name, optional } = volume.configMap ?? {};
    if (name === undefined || name === EVERYWHERE || optional === true) return [];
    const configMap = byName.get(`ConfigMap/${namespace}/${name}`);
    if (configMap === undefined) {
      if (existingConfigMaps.includes(name)) return [];
      return [missing(key, `nothing makes the ConfigMap '${name}' in this namespace`, undefined, name)];
    }
    const items = volume.configMap?.items ?? [];
    if (items.length === 0) return [];
    const keys = configMap.keys();
    return items
      .filter((item) => !keys.includes(item.key))
      .map((item) => missing(key, `the ConfigMap '${configMap.name}' has no key '${item.key}'`, keys.join(', ')));
  });
}
