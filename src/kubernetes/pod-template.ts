import type { Container, EnvVar, PodTemplateSpec, Volume, VolumeMount } from 'kubernetes-types/core/v1';
import { outageTolerations, type Scheduling, schedulingFields } from './scheduling';

/** Whom the pod runs as. */
export interface PodUser {
  readonly runAsUser: number;
  readonly runAsGroup: number;
  readonly fsGroup: number;
}

/** One container, before it is hardened. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly env: readonly EnvVar[];
  readonly mounts: readonly VolumeMount[];
  readonly workingDir?: string;
  /** Requested and at most, as Kubernetes quantities. */
  readonly resources: Readonly<Record<string, string>>;
  /** The pod's claims that it uses, by name. */
  readonly claims?: readonly string[];
  /** `Always` for a native sidecar, which stands among the init containers and ends with the trainer. */
  readonly restartPolicy?: 'Always';
}

/** What all pods of a run have in common. */
export interface PodSettings {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly imagePullSecrets: readonly string[];
  readonly serviceAccountName?: string;
  readonly user: PodUser;
  readonly scheduling: Scheduling;
  /** A label of the pods it should be near: those that share a volume. Undefined: it may be anywhere. */
  readonly near?: Readonly<Record<string, string>>;
  readonly priorityClassName?: string;
  readonly schedulerName?: string;
}

/** The settings alone, of something that holds more. */
export function podSettings(from: PodSettings): PodSettings {
  const { labels, annotations, imagePullSecrets, serviceAccountName, user, scheduling, near } = from;
  const { priorityClassName, schedulerName } = from;
  return {
    labels,
    annotations,
    imagePullSecrets,
    serviceAccountName,
    user,
    scheduling,
    near,
    priorityClassName,
    schedulerName,
  };
}

/** A pod in plain data, before it is hardened. */
export interface PodInput extends PodSettings {
  readonly gpus: number;
  readonly initContainers: readonly ContainerSpec[];
  readonly container: ContainerSpec;
  readonly volumes: readonly Volume[];
  readonly terminationGracePeriodSeconds: number;
  readonly nodeOutageSeconds?: number;
  /** Claims of devices, each made from a ResourceClaimTemplate for this pod alone. */
  readonly resourceClaims?: ReadonlyArray<{ readonly name: string; readonly resourceClaimTemplateName: string }>;
}

/**
 * The pod template, within what the Pod Security level `restricted` allows: non-root, no capabilities, read-only root
 * file system, the runtime's seccomp profile, no service-account token.
 */
export function podTemplate(input: PodInput): PodTemplateSpec {
  const { tolerations: ofNodes = [], ...scheduled } = schedulingFields(input.scheduling, input.gpus, input.near);
  const tolerations = [...ofNodes, ...outageTolerations(input.nodeOutageSeconds)];
  return {
    metadata: {
      labels: { ...input.labels },
      ...(Object.keys(input.annotations).length > 0 ? { annotations: { ...input.annotations } } : {}),
    },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(input.serviceAccountName === undefined ? {} : { serviceAccountName: input.serviceAccountName }),
      ...(input.imagePullSecrets.length > 0
        ? { imagePullSecrets: input.imagePullSecrets.map((name) => ({ name })) }
        : {}),
      securityContext: {
        runAsNonRoot: true,
        ...input.user,
        // Without it the kubelet changes the group of every file at each start: minutes over 30 GB.
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      ...scheduled,
      // An empty list is not stored, and would be a change at each apply.
      ...(tolerations.length > 0 ? { tolerations } : {}),
      ...(input.priorityClassName === undefined ? {} : { priorityClassName: input.priorityClassName }),
      ...(input.schedulerName === undefined ? {} : { schedulerName: input.schedulerName }),
      terminationGracePeriodSeconds: input.terminationGracePeriodSeconds,
      ...(input.resourceClaims === undefined ? {} : { resourceClaims: [...input.resourceClaims] }),
      ...(input.initContainers.length > 0 ? { initContainers: input.initContainers.map(hardened) } : {}),
      containers: [hardened(input.container)],
      volumes: [...input.volumes],
    },
  };
}

/**
 * A text that Kubernetes hands to a container as it stands: in commands and variables it puts the variable NAME in the
 * place of $(NAME), and a single $ in that of two.
 * Source: kubernetes/third_party/forked/golang/expansion/expand.go.
 */
function literally(text: string): string {
  return text.replace(/\$(?=[$(])/g, '$$$$');
}

/** Variables as they stand, but for those that refer to one of a Secret: a proxy's address to its password. */
function literalVariables(variables: readonly EnvVar[]): EnvVar[] {
  const ofSecrets = variables.filter(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined).map(({ name }) => name);
  return variables.map((variable) => {
    const { value } = variable;
    const refers = ofSecrets.some((name) => value?.includes(`$(${name})`));
    return value === undefined || refers ? variable : { ...variable, value: literally(value) };
  });
}

function hardened(spec: ContainerSpec): Container {
  return {
    name: spec.name,
    image: spec.image,
    ...(spec.restartPolicy === undefined ? {} : { restartPolicy: spec.restartPolicy }),
    imagePullPolicy: 'IfNotPresent',
    command: spec.command.map(literally),
    ...(spec.workingDir === undefined ? {} : { workingDir: spec.workingDir }),
    ...(spec.env.length > 0 ? { env: literalVariables(spec.env) } : {}),
    // Requests equal limits: the kubelet evicts such a pod last.
    resources: {
      requests: { ...spec.resources },
      limits: { ...spec.resources },
      ...(spec.claims === undefined ? {} : { claims: spec.claims.map((name) => ({ name })) }),
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [...spec.mounts],
  };
}
