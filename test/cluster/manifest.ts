import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Container, KeyToPath, PodSpec, PodTemplateSpec } from 'kubernetes-types/core/v1';
import { parseAllDocuments } from 'yaml';

/** A Kubernetes object as it stands in a manifest, as far as the checks look at it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion?: string };
  readonly spec?: { readonly template?: PodTemplateSpec; readonly [field: string]: unknown };
  readonly data?: Readonly<Record<string, string>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** A workload and the template its pods are made from. */
export interface Workload {
  /** `Kind/name` */
  readonly name: string;
  readonly namespace?: string;
  readonly template: PodTemplateSpec;
}

/** The objects of every manifest in a folder, in the order kubectl reads them. */
export function readManifests(folder: string): Manifest[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')))
    .map((document): Manifest => document.toJS());
}

/** The namespaces that some objects are in. */
export function namespacesOf(manifests: readonly Manifest[]): string[] {
  return [...new Set(manifests.flatMap(({ metadata }) => metadata.namespace ?? []))];
}

/** The workloads among some objects. */
export function workloads(manifests: readonly Manifest[]): Workload[] {
  return manifests.flatMap(({ kind, metadata, spec }) =>
    spec?.template?.spec === undefined
      ? []
      : [{ name: `${kind}/${metadata.name}`, namespace: metadata.namespace, template: spec.template }],
  );
}

/** The GPUs that a pod is limited to, all its containers together. */
export function gpus(pod?: PodSpec): number {
  const counts = pod?.containers.map(({ resources }) => Number(resources?.limits?.['nvidia.com/gpu'] ?? 0)) ?? [];
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * What pod templates name and the manifests lack: ConfigMaps, Secrets (and keys of both), claims, service accounts.
 * No kubelet runs in the test cluster that would miss them.
 */
export function danglingReferences(manifests: readonly Manifest[]): string[] {
  const present = new Set(
    manifests.flatMap(({ kind, metadata: { namespace, name }, data }) => {
      const object = `${namespace}: ${kind}/${name}`;
      return [object, ...Object.keys(data ?? {}).map((key) => `${object}/${key}`)];
    }),
  );
  return workloads(manifests).flatMap(({ name, namespace, template }) =>
    references(template.spec ?? { containers: [] })
      .filter((reference) => !present.has(`${namespace}: ${reference}`))
      .map((reference) => `${name} names ${reference}, which is not in the manifests`),
  );
}

/** What a pod cannot start without, as `Kind/name` or `Kind/name/key`. */
function references(pod: PodSpec): string[] {
  const found: string[] = [];
  const add = (kind: string, source?: { name?: string; optional?: boolean }, keys: readonly string[] = []): void => {
    if (source?.name === undefined || source.optional) return;
    found.push(`${kind}/${source.name}`, ...keys.map((key) => `${kind}/${source.name}/${key}`));
  };
  const keys = (items: readonly KeyToPath[] = []): string[] => items.map(({ key }) => key);

  add('ServiceAccount', { name: pod.serviceAccountName });
  for (const secret of pod.imagePullSecrets ?? []) add('Secret', secret);
  for (const { configMap, secret, persistentVolumeClaim, projected } of pod.volumes ?? []) {
    add('ConfigMap', configMap, keys(configMap?.items));
    add('Secret', secret && { ...secret, name: secret.secretName }, keys(secret?.items));
    add('PersistentVolumeClaim', { name: persistentVolumeClaim?.claimName });
    for (const source of projected?.sources ?? []) {
      add('ConfigMap', source.configMap, keys(source.configMap?.items));
      add('Secret', source.secret, keys(source.secret?.items));
    }
  }
  const containers: readonly Container[] = [...(pod.initContainers ?? []), ...pod.containers];
  for (const { args = [], command = [], env, envFrom, volumeMounts } of containers) {
    for (const { configMapRef, secretRef } of envFrom ?? []) {
      add('ConfigMap', configMapRef);
      add('Secret', secretRef);
    }
    for (const { valueFrom } of env ?? []) {
      add('ConfigMap', valueFrom?.configMapKeyRef, [valueFrom?.configMapKeyRef?.key ?? '']);
      add('Secret', valueFrom?.secretKeyRef, [valueFrom?.secretKeyRef?.key ?? '']);
    }
    // Files of a ConfigMap: one mounted by its key, those of a folder as the command names them.
    for (const { mountPath, name, subPath } of volumeMounts ?? []) {
      const configMap = pod.volumes?.find((volume) => volume.name === name)?.configMap;
      if (configMap?.items !== undefined) continue;
      const folder = `${mountPath}/`;
      const named = [...command, ...args].filter((word) => word.startsWith(folder));
      add('ConfigMap', configMap, subPath === undefined ? named.map((word) => word.slice(folder.length)) : [subPath]);
    }
  }
  return found;
}

/**
 * The paths of what was sent and isn't in what was stored. The server may add fields, write a quantity in another way,
 * and leave out what says the same as nothing (`false`, `0`, an empty string or list).
 */
export function missing(sent: unknown, stored: unknown, path = ''): string[] {
  if (stored === undefined && (!sent || (Array.isArray(sent) && sent.length === 0))) return [];
  if (Array.isArray(sent)) {
    return Array.isArray(stored) && stored.length === sent.length
      ? sent.flatMap((item, index) => missing(item, stored[index], `${path}/${index}`))
      : [path];
  }
  if (isObject(sent)) {
    return isObject(stored)
      ? Object.entries(sent).flatMap(([key, value]) => missing(value, stored[key], `${path}/${key}`))
      : [path];
  }
  return sent === stored || (quantity(sent) !== undefined && quantity(sent) === quantity(stored)) ? [] : [path];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const UNITS = new Map([
  ['', 1],
  ['m', 1e-3],
  ...['k', 'M', 'G', 'T', 'P'].map((unit, index): [string, number] => [unit, 1000 ** (index + 1)]),
  ...['Ki', 'Mi', 'Gi', 'Ti', 'Pi'].map((unit, index): [string, number] => [unit, 1024 ** (index + 1)]),
]);

/** A Kubernetes quantity in its base unit; undefined if it isn't one. */
function quantity(value: unknown): number | undefined {
  const [, number, unit] = /^([\d.]+)([mkMGTP]?|[KMGTP]i)$/.exec(String(value)) ?? [];
  const factor = UNITS.get(unit ?? '');
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}
