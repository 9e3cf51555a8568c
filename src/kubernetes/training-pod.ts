import type { EnvVar, Volume, VolumeMount } from 'kubernetes-types/core/v1';
import { CLAIM, gpuAmounts } from './gpu-request';
import type { PatchablePod } from './patched-pod';
import { type ContainerSpec, type PodInput, type PodSettings, podSettings } from './pod-template';
import { bytesQuantity } from './quantity';
import type { PodResources } from './resources';
import { evictionAnnotations, gpuRequestOf } from './scheduling';
import { envVars, HOME, launcherEnv, OWNED_VARIABLES, TMP, writablePlaces } from './trainer-env';
import { type WayOut, wayOutEnv, wayOutMounts, wayOutVolumes } from './way-out';

/** Where things stand in the training pod. */
export const PATHS = {
  /** train_config.yaml and dataset_info.json. */
  config: '/etc/llamafactory',
  /** launch.sh and what it needs. */
  launch: '/opt/launch',
  deepspeed: '/etc/deepspeed',
  models: '/models',
  saves: '/saves',
  code: '/code',
  /** An adapter to go on from. */
  adapter: '/adapter',
} as const;

/** The container whose exit code says how training went. */
export const TRAINER = 'trainer';

/** What a patch must leave of the training pod. */
export const PATCHABLE_TRAINER: PatchablePod = {
  prop: 'podTemplate',
  container: TRAINER,
  program: 'launch.sh',
  undone: 'exit codes, the lock on the output directory and the diagnosis are its work',
  command: `bash ${PATHS.launch}/launch.sh`,
  ownedVariables: OWNED_VARIABLES,
};

/**
 * CUDA images ask for every GPU of the node, and where NVIDIA's runtime is the default it hands them out: containers
 * that asked Kubernetes for none must say that they want none.
 * Source: nvidia-container-toolkit, NVIDIA_VISIBLE_DEVICES.
 */
export const NO_GPUS = { NVIDIA_VISIBLE_DEVICES: 'void' } as const;

/** A claim as the pod mounts it. */
export interface MountedClaim {
  readonly claimName: string;
  readonly subPath?: string;
}

/** What the training pod is made of. */
export interface TrainingPod extends PodSettings {
  readonly image: string;
  /** Nodes of the run, each with a pod like this. */
  readonly nodes: number;
  readonly gpus: number;
  /** The ResourceClaimTemplate by which it claims them; undefined: they are an extended resource. */
  readonly claimTemplate?: string;
  readonly resources: PodResources;
  readonly models: MountedClaim;
  readonly saves: MountedClaim;
  readonly configMap: string;
  readonly launchConfigMap: string;
  readonly deepspeedConfigMap?: string;
  readonly codeConfigMap?: { readonly name: string; readonly items: ReadonlyArray<{ key: string; path: string }> };
  /** Data sets, and an adapter to go on from: mounted read-only. */
  readonly inputs: {
    readonly volumes: ReadonlyArray<{ readonly name: string; readonly configMap?: string; readonly claim?: string }>;
    readonly mounts: readonly VolumeMount[];
  };
  /** Marker files that must exist before training starts; empty: nothing to wait for. */
  readonly markers: readonly string[];
  /** How long the init container waits for them; 0: it only looks, and fails if one is missing. */
  readonly waitTimeoutSeconds: number;
  readonly outputDir: string;
  readonly pythonPath: readonly string[];
  readonly virtualEnvironment?: string;
  readonly cudaVisibleDevices?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly terminationGracePeriodSeconds: number;
  /** How long its node may be away; undefined: as the cluster has it. */
  readonly nodeOutageSeconds?: number;
  /** The samples that a smoke run before the training takes; undefined: there is none. */
  readonly smokeRows?: number;
  /** Whether TensorBoard runs beside the trainer. */
  readonly tensorBoard?: boolean;
  /** Seconds between two looks at the GPUs; undefined: none is taken. */
  readonly gpuMonitorSeconds?: number;
  /** How long node autoscalers leave it where it is; undefined: the annotations alone decide. */
  readonly evictionProtectionSeconds?: number;
  /** How the trainer gets to whom it reports to; empty: it doesn't, or directly. */
  readonly wayOut: WayOut;
}

/** The pod that trains, before it is hardened. */
export function trainingPod(pod: TrainingPod): PodInput {
  return {
    ...podSettings(pod),
    annotations: { ...pod.annotations, ...evictionAnnotations(pod.evictionProtectionSeconds) },
    gpus: pod.gpus,
    initContainers: [
      ...(pod.markers.length > 0 ? [waitFor(pod)] : []),
      ...(pod.tensorBoard ? [tensorBoardSidecar(pod)] : []),
    ],
    container: trainer(pod),
    volumes: volumes(pod),
    terminationGracePeriodSeconds: pod.terminationGracePeriodSeconds,
    nodeOutageSeconds: pod.nodeOutageSeconds,
    ...(pod.claimTemplate === undefined
      ? {}
      : { resourceClaims: [{ name: CLAIM, resourceClaimTemplateName: pod.claimTemplate }] }),
  };
}

function trainer(pod: TrainingPod): ContainerSpec {
  return {
    name: TRAINER,
    image: pod.image,
    command: ['bash', `${PATHS.launch}/launch.sh`],
    workingDir: HOME,
    env: [...wayOutEnv(pod.wayOut, []), ...trainerEnv(pod)],
    resources: {
      ...quantitiesOf(pod.resources),
      ...gpuAmounts(gpuRequestOf(pod.scheduling), pod.gpus),
    },
    ...(pod.claimTemplate === undefined ? {} : { claims: [CLAIM] }),
    mounts: [...runMounts(pod), { name: 'shm', mountPath: '/dev/shm' }, ...wayOutMounts(pod.wayOut)],
  };
}

/** What a container asks for, as Kubernetes writes it. */
export function quantitiesOf({ cpus, memoryBytes, ephemeralStorageBytes }: PodResources): Record<string, string> {
  return {
    cpu: String(cpus),
    memory: bytesQuantity(memoryBytes),
    'ephemeral-storage': bytesQuantity(ephemeralStorageBytes),
  };
}

/** The Python of the virtual environment, or the image's. */
export function pythonOf({ virtualEnvironment }: TrainingPod): string {
  return virtualEnvironment === undefined ? 'python3' : `${virtualEnvironment}/bin/python3`;
}

/** What a pod mounts to work on the run: everything but /dev/shm. */
export function runMounts(pod: TrainingPod): VolumeMount[] {
  return [
    { name: 'launch', mountPath: PATHS.launch, readOnly: true },
    { name: 'config', mountPath: PATHS.config, readOnly: true },
    ...(pod.deepspeedConfigMap === undefined
      ? []
      : [{ name: 'deepspeed', mountPath: PATHS.deepspeed, readOnly: true }]),
    ...(pod.codeConfigMap === undefined ? [] : [{ name: 'code', mountPath: PATHS.code, readOnly: true }]),
    ...pod.inputs.mounts.map((mount) => ({ ...mount, readOnly: true })),
    modelsMount(pod),
    { name: 'saves', mountPath: PATHS.saves, ...subPath(pod.saves) },
    { name: 'home', mountPath: HOME },
    { name: 'tmp', mountPath: TMP },
  ];
}

function trainerEnv(pod: TrainingPod): EnvVar[] {
  return [
    ...envVars(writablePlaces(), runEnv(pod), smokeEnv(pod), monitorEnv(pod), pod.env),
    ...(pod.nodes > 1 ? [RUN_UID] : []),
  ];
}

/** By the Job's uid the nodes of a run know each other: that of rank 0 takes the output folder, the others see for whom. */
const RUN_UID: EnvVar = {
  name: 'RUN_UID',
  valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']" } },
};

/** What the launcher reads of the run. */
export function runEnv(pod: TrainingPod): Record<string, string> {
  return launcherEnv({
    nodes: pod.nodes,
    gpus: pod.gpus,
    cpus: pod.resources.cpus,
    trainConfig: `${PATHS.config}/train_config.yaml`,
    outputDir: pod.outputDir,
    pythonPath: pod.pythonPath,
    virtualEnvironment: pod.virtualEnvironment,
    cudaVisibleDevices: pod.cudaVisibleDevices,
  });
}

/** What launch.sh reads to make the smoke run's data and to run it before the training. */
function smokeEnv({ smokeRows }: TrainingPod): Record<string, string> {
  if (smokeRows === undefined) return {};
  return { SMOKE_CONFIG: `${PATHS.config}/smoke_config.yaml`, SMOKE_ROWS: String(smokeRows) };
}

/** What launch.sh reads to sample the GPUs; RECORD_VRAM has LLaMA-Factory write its own peaks to trainer_log.jsonl. */
function monitorEnv({ gpuMonitorSeconds }: TrainingPod): Record<string, string> {
  if (gpuMonitorSeconds === undefined) return {};
  return { GPU_MONITOR_SECONDS: String(gpuMonitorSeconds), RECORD_VRAM: '1' };
}

/** What the init container that waits is called; with no time to wait it only looks. */
export function waitName(waitTimeoutSeconds: number): string {
  return waitTimeoutSeconds > 0 ? 'wait-for-prepare' : 'check-prepare';
}

/** The init container that waits for the markers. */
export function waitFor(pod: TrainingPod): ContainerSpec {
  return {
    name: waitName(pod.waitTimeoutSeconds),
    image: pod.image,
    command: ['sh', `${PATHS.launch}/wait-for.sh`, ...pod.markers],
    env: envVars(NO_GPUS, { WAIT_TIMEOUT_SECONDS: String(pod.waitTimeoutSeconds) }),
    resources: { cpu: '100m', memory: '64Mi', 'ephemeral-storage': '64Mi' },
    mounts: [
      { name: 'launch', mountPath: PATHS.launch, readOnly: true },
      modelsMount(pod),
      { name: 'saves', mountPath: PATHS.saves, ...subPath(pod.saves), readOnly: true },
    ],
  };
}

/**
 * TensorBoard as a native sidecar: it only reads the saves, listens where `kubectl port-forward` comes out and nobody
 * else, and ends when the trainer has ended.
 */
function tensorBoardSidecar(pod: TrainingPod): ContainerSpec {
  return {
    name: 'tensorboard',
    image: pod.image,
    restartPolicy: 'Always',
    command: [
      pythonOf(pod),
      '-m',
      'tensorboard.main',
      '--logdir',
      pod.outputDir,
      '--host',
      'localhost',
      '--port',
      '6006',
    ],
    env: envVars(NO_GPUS, { HOME: TMP, TMPDIR: TMP, PYTHONDONTWRITEBYTECODE: '1' }),
    resources: { cpu: '500m', memory: '1Gi', 'ephemeral-storage': '64Mi' },
    mounts: [
      { name: 'saves', mountPath: PATHS.saves, ...subPath(pod.saves), readOnly: true },
      { name: 'tmp', mountPath: TMP, subPath: 'tensorboard' },
    ],
  };
}

function modelsMount(pod: TrainingPod): VolumeMount {
  return { name: 'models', mountPath: PATHS.models, ...subPath(pod.models), readOnly: true };
}

/** The directory of a claim that is mounted, if not its root. */
export function subPath(claim: MountedClaim): { subPath?: string } {
  return claim.subPath === undefined ? {} : { subPath: claim.subPath };
}

function volumes(pod: TrainingPod): Volume[] {
  return [
    ...runVolumes(pod),
    { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: bytesQuantity(pod.resources.sharedMemoryBytes) } },
    ...wayOutVolumes(pod.wayOut),
  ];
}

/** The volumes behind {@link runMounts}. */
export function runVolumes(pod: TrainingPod): Volume[] {
  return [
    { name: 'launch', configMap: { name: pod.launchConfigMap, defaultMode: 0o555 } },
    { name: 'config', configMap: { name: pod.configMap } },
    ...(pod.deepspeedConfigMap === undefined
      ? []
      : [{ name: 'deepspeed', configMap: { name: pod.deepspeedConfigMap } }]),
    ...(pod.codeConfigMap === undefined
      ? []
      : [{ name: 'code', configMap: { name: pod.codeConfigMap.name, items: [...pod.codeConfigMap.items] } }]),
    ...pod.inputs.volumes.map(({ name, configMap, claim }) =>
      configMap === undefined
        ? { name, persistentVolumeClaim: { claimName: claim ?? '', readOnly: true } }
        : { name, configMap: { name: configMap } },
    ),
    // Read-only here, not only in the mount: else the kubelet would change the group of every file to fsGroup.
    { name: 'models', persistentVolumeClaim: { claimName: pod.models.claimName, readOnly: true } },
    { name: 'saves', persistentVolumeClaim: { claimName: pod.saves.claimName } },
    { name: 'home', emptyDir: { sizeLimit: bytesQuantity(pod.resources.ephemeralStorageBytes / 2) } },
    { name: 'tmp', emptyDir: { sizeLimit: bytesQuantity(pod.resources.ephemeralStorageBytes / 4) } },
  ];
}
