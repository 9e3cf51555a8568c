import { asJson } from '../run/as-json';
import { type Finding, Severity } from '../run/finding';
import { isMapping } from '../run/run';

/** What a field holds: a text, a list of one kind, or a mapping with these fields, whose others aren't looked at. */
type Shape = 'text' | readonly [Shape] | { readonly [field: string]: Shape };

const MAPPING: Shape = {};
const TEXTS: Shape = ['text'];
const MAPPINGS: Shape = [MAPPING];
const NAMED: Shape = { name: 'text' };

const SECURITY_CONTEXT: Shape = {
  capabilities: { add: TEXTS, drop: TEXTS },
  seccompProfile: MAPPING,
  sysctls: MAPPINGS,
};

const CONTAINER: Shape = {
  ...NAMED,
  command: TEXTS,
  args: TEXTS,
  env: [NAMED],
  envFrom: MAPPINGS,
  ports: MAPPINGS,
  resources: { limits: MAPPING, requests: MAPPING, claims: [NAMED] },
  securityContext: SECURITY_CONTEXT,
  volumeMounts: [{ ...NAMED, mountPath: 'text' }],
  volumeDevices: [{ ...NAMED, devicePath: 'text' }],
};

const TERMS: Shape = { matchExpressions: MAPPINGS, matchFields: MAPPINGS };

const AFFINITIES: Shape = {
  preferredDuringSchedulingIgnoredDuringExecution: MAPPINGS,
  requiredDuringSchedulingIgnoredDuringExecution: MAPPINGS,
};

/**
 * The fields that are merged or looked at, by what they hold.
 * Source: kubernetes/api core/v1/types.go.
 */
const POD_TEMPLATE: Shape = {
  metadata: { labels: MAPPING, annotations: MAPPING },
  spec: {
    containers: [CONTAINER],
    initContainers: [CONTAINER],
    volumes: [
      {
        ...NAMED,
        configMap: { name: 'text', items: [{ key: 'text', path: 'text' }] },
        persistentVolumeClaim: { claimName: 'text' },
        projected: { sources: [{ serviceAccountToken: MAPPING }] },
      },
    ],
    affinity: {
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: MAPPINGS,
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [TERMS] },
      },
      podAffinity: AFFINITIES,
      podAntiAffinity: AFFINITIES,
    },
    hostAliases: [{ ip: 'text' }],
    imagePullSecrets: [NAMED],
    nodeSelector: MAPPING,
    resourceClaims: [NAMED],
    schedulingGates: [NAMED],
    securityContext: SECURITY_CONTEXT,
    tolerations: MAPPINGS,
    topologySpreadConstraints: MAPPINGS,
  },
};

/** By what an item of a list is merged into another: without it, it would be a new one that has no name. */
const NEEDED = ['name', 'mountPath', 'devicePath', 'ip'];

/**
 * Fields of a patch to a pod template that hold something else than a pod has there, so that nothing can be merged.
 * @param at the prop that the patch is
 */
export function podShapeProblems(path: string, patch: unknown, at = 'podTemplate'): Finding[] {
  return misshapen(at, patch, POD_TEMPLATE).map(({ key, got, allowed }) => ({
    id: 'pod-template',
    severity: Severity.ERROR,
    path,
    key,
    message: 'a pod template holds something else here',
    got,
    allowed,
    change: 'write it as in the manifest of a pod; null takes a field out',
  }));
}

interface Misshapen {
  readonly key: string;
  readonly got: string;
  readonly allowed: string;
}

function misshapen(key: string, value: unknown, shape: Shape): Misshapen[] {
  if (!fits(value, shape))
    return [{ key, got: value === undefined ? 'nothing' : asJson(value), allowed: inWords(shape) }];
  if (Array.isArray(value)) {
    const [item] = shape as readonly [Shape];
    return value.flatMap((each, i) => [
      ...misshapen(`${key}[${i}]`, each, item),
      ...nameless(`${key}[${i}]`, each, item),
    ]);
  }
  if (shape === 'text') return [];
  const fields = value as Readonly<Record<string, unknown>>;
  // Null takes a field out, and undefined is none.
  return Object.entries(shape as Readonly<Record<string, Shape>>).flatMap(([field, inner]) =>
    (fields[field] ?? undefined) === undefined ? [] : misshapen(`${key}.${field}`, fields[field], inner),
  );
}

function nameless(key: string, item: unknown, shape: Shape): Misshapen[] {
  if (typeof item !== 'object' || item === null) return [];
  const fields = item as Readonly<Record<string, unknown>>;
  return NEEDED.filter((field) => field in (shape as object) && (fields[field] ?? undefined) === undefined).map(
    (field) => ({
      key: `${key}.${field}`,
      got: 'nothing',
      allowed: 'a text',
    }),
  );
}

function fits(value: unknown, shape: Shape): boolean {
  if (shape === 'text') return typeof value === 'string';
  return Array.isArray(shape) ? Array.isArray(value) : isMapping(value);
}

function inWords(shape: Shape): string {
  if (shape === 'text') return 'a text';
  if (!Array.isArray(shape)) return 'a mapping';
  return shape[0] === 'text' ? 'a list of texts' : 'a list of mappings';
}
