import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import { isMapping, type Mapping } from '../run/run';

/**
 * The field by which two lists of a pod template are merged, by the list's own field name. Lists that are not here
 * replace what was there, as `kubectl patch` does.
 * Source: patchMergeKey in kubernetes/api core/v1/types.go; listMapKey for claims.
 */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  imagePullSecrets: 'name',
  env: 'name',
  resourceClaims: 'name',
  claims: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  ports: 'containerPort',
  hostAliases: 'ip',
};

/**
 * Lists that a patch adds to. Kubernetes itself would replace them; here they hold what the run needs, so replacing
 * one would drop it.
 */
const ADDED_TO = new Set([
  'tolerations',
  'envFrom',
  'topologySpreadConstraints',
  'schedulingGates',
  'preferredDuringSchedulingIgnoredDuringExecution',
  'requiredDuringSchedulingIgnoredDuringExecution',
]);

/**
 * A pod template with a patch merged into it: mappings by their keys, containers, volumes, variables and mounts by
 * their names, tolerations and affinities added; null takes a field out. Node selector terms are alternatives, so each
 * of the patch is joined with each that was there: both must hold.
 */
export function mergePodTemplate(template: PodTemplateSpec, patch: Mapping): PodTemplateSpec {
  return mergeMapping(template as Mapping, patch) as PodTemplateSpec;
}

function mergeMapping(base: Mapping, patch: Mapping): Mapping {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else if (value !== undefined) merged[key] = mergeValue(key, base[key], value);
  }
  return merged;
}

function mergeValue(key: string, base: unknown, patch: unknown): unknown {
  if (Array.isArray(base) && Array.isArray(patch)) return mergeList(key, base, patch);
  if (isMapping(base) && isMapping(patch)) return mergeMapping(base, patch);
  return patch;
}

function mergeList(key: string, base: readonly unknown[], patch: readonly unknown[]): unknown[] {
  if (key === 'nodeSelectorTerms') return patch.flatMap((term) => base.map((known) => joinTerms(known, term)));
  if (ADDED_TO.has(key)) return [...base, ...patch];
  const by = MERGE_KEYS[key];
  if (by === undefined) return [...patch];
  const merged = [...base];
  for (const item of patch) {
    const at = merged.findIndex((known) => isMapping(known) && isMapping(item) && known[by] === item[by]);
    if (at < 0) merged.push(item);
    else merged[at] = mergeItem(key, merged[at] as Mapping, item as Mapping);
  }
  return merged;
}

/**
 * A volume has one source, a variable a value or a reference, and a mount's other fields belong to its volume: what the
 * patch says of another kind takes the place of what was there.
 */
function mergeItem(list: string, base: Mapping, patch: Mapping): Mapping {
  if (list === 'volumeMounts' && patch['name'] !== undefined && patch['name'] !== base['name']) return patch;
  if (list === 'volumes' || list === 'env') {
    const said = Object.keys(patch).filter((field) => field !== 'name' && patch[field] !== null);
    if (said.length > 0 && !said.some((field) => field in base)) return patch;
  }
  return mergeMapping(base, patch);
}

function joinTerms(base: unknown, patch: unknown): Mapping {
  const lists = (field: string) =>
    [base, patch].flatMap((term) => {
      const list = isMapping(term) ? term[field] : undefined;
      return Array.isArray(list) ? list : [];
    });
  return Object.fromEntries(
    ['matchExpressions', 'matchFields'].flatMap((field) => {
      const list = lists(field);
      return list.length === 0 ? [] : [[field, list]];
    }),
  );
}
