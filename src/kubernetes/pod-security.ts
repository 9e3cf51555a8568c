import type { Container, PodSpec, Volume } from 'kubernetes-types/core/v1';

/** A field that the Pod Security level `restricted` refuses. */
export interface Violation {
  /** The field, from the pod's spec down; containers by name. */
  readonly key: string;
  readonly got: string;
  readonly allowed: string;
}

/** The kinds of volumes that `restricted` allows. */
const VOLUMES = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

/** A field, what was got, whether that is allowed, what is. */
type Check = readonly [key: string, got: unknown, fine: boolean, allowed: string];

/**
 * What the Pod Security level `restricted` would refuse in a pod.
 * Source: kubernetes/pod-security-admission policy/check_*.go, v1.34.
 */
export function restrictedViolations(pod: PodSpec): Violation[] {
  const containers = [...(pod.initContainers ?? []), ...pod.containers];
  return [
    ...podChecks(pod),
    ...(pod.volumes ?? []).map(volumeCheck),
    ...containers.flatMap((container) => containerChecks(container, pod)),
  ]
    .filter(([, , fine]) => !fine)
    .map(([key, got, , allowed]) => ({ key, got: got === undefined ? 'nothing' : JSON.stringify(got), allowed }));
}

function podChecks(pod: PodSpec): Check[] {
  const security = pod.securityContext ?? {};
  return [
    ...(['hostNetwork', 'hostPID', 'hostIPC'] as const).map((key): Check => [key, pod[key], !pod[key], 'false']),
    ['securityContext.runAsUser', security.runAsUser, security.runAsUser !== 0, 'another user than 0'],
    ['securityContext.sysctls', security.sysctls, (security.sysctls ?? []).length === 0, 'none'],
  ];
}

function volumeCheck(volume: Volume): Check {
  const kinds = Object.keys(volume).filter((field) => field !== 'name');
  return [`volumes.${volume.name}`, kinds, kinds.every((kind) => VOLUMES.has(kind)), [...VOLUMES].join(', ')];
}

function containerChecks(container: Container, pod: PodSpec): Check[] {
  const security = container.securityContext ?? {};
  const { drop = [], add = [] } = security.capabilities ?? {};
  const seccomp = (security.seccompProfile ?? pod.securityContext?.seccompProfile)?.type;
  const nonRoot = security.runAsNonRoot ?? pod.securityContext?.runAsNonRoot;
  const under = (field: string): string => `${container.name}.securityContext.${field}`;
  return [
    [under('privileged'), security.privileged, !security.privileged, 'false'],
    [
      under('allowPrivilegeEscalation'),
      security.allowPrivilegeEscalation,
      security.allowPrivilegeEscalation === false,
      'false',
    ],
    [under('capabilities.drop'), drop, drop.includes('ALL'), '["ALL"]'],
    [under('capabilities.add'), add, add.every((name) => name === 'NET_BIND_SERVICE'), 'NET_BIND_SERVICE at most'],
    [under('seccompProfile.type'), seccomp, ['RuntimeDefault', 'Localhost'].includes(seccomp ?? ''), 'RuntimeDefault'],
    [under('runAsNonRoot'), nonRoot, nonRoot === true, 'true'],
    [under('runAsUser'), security.runAsUser, security.runAsUser !== 0, 'another user than 0'],
    [under('procMount'), security.procMount, (security.procMount ?? 'Default') === 'Default', 'Default'],
    [
      `${container.name}.ports`,
      container.ports,
      (container.ports ?? []).every((port) => !port.hostPort),
      'no hostPort',
    ],
  ];
}
