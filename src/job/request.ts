import type { Restriction } from '../kubernetes/network-policy';
import type { PodUser } from '../kubernetes/pod-template';
import type { Scheduling } from '../kubernetes/scheduling';
import type { MountedClaim } from '../kubernetes/training-pod';
import type { WayOut } from '../kubernetes/way-out';
import type { TrainArguments } from '../llamafactory/train-arguments';
import type { Strategy } from '../planning/strategy';
import type { Card } from '../run/card';
import type { Problem } from '../run/finding';
import type { ModelShape } from '../run/model-shape';
import type { QuantisedFiles } from '../run/quantised-files';
import type { ImageContents, Mapping } from '../run/run';
import type { Code } from './code';

/** Where bytes come from: a repository of a hub, or files of a web server. */
export type Origin = HubOrigin | HttpOrigin;

/** A repository of a hub. */
export interface HubOrigin {
  readonly hub: 'modelscope' | 'huggingface';
  readonly repository?: string;
  readonly revision: string;
  readonly endpoint?: string;
  /** The key of a Secret that holds an access token. */
  readonly token?: { readonly secretName: string; readonly key: string };
}

/** Files of a web server, each with its SHA-256. */
export interface HttpOrigin {
  readonly hub: 'http';
  readonly endpoint: string;
  readonly files: { readonly [name: string]: string };
}

/** What is fetched, and from where. */
export interface Fetch {
  readonly origin: Origin;
  /** What the bytes depend on, as prepare.py reads it. */
  readonly what: Mapping;
}

/** What is fetched, and to which directory. */
export interface FetchInto extends Fetch {
  readonly directory: string;
  readonly bounds?: FetchBounds;
}

/** How much may be fetched, and how long it may take, all tries together. */
export interface FetchBounds {
  /** Undefined: what the disk holds. */
  readonly maxBytes?: number;
  readonly maxSeconds: number;
}

/** Where a run finds its model, and what must be fetched first. */
export interface ModelLocation {
  /** The directory inside the volume. */
  readonly directory: string;
  /** What the prepare Job fetches; undefined: it is there already. */
  readonly fetch?: Fetch;
  /** What the result of a run depends on. */
  readonly identity: unknown;
}

/** A data set as a pod sees it. */
export interface MountedDataset {
  readonly name: string;
  readonly entry: Mapping;
  readonly rows?: readonly unknown[];
  /** Whether faults of the rows are reported. */
  readonly rowsReported?: boolean;
  /** What the result of a run depends on. */
  readonly identity: unknown;
  /**
   * What the prepare Job fetches, and to which directory of the volume that it fills. Which one that is the run knows:
   * until then `entry.file_name` begins with the directory.
   */
  readonly fetch?: FetchInto;
  readonly volumes: ReadonlyArray<{ readonly name: string; readonly configMap?: string; readonly claim?: string }>;
  readonly mounts: ReadonlyArray<{ readonly name: string; readonly mountPath: string; readonly subPath?: string }>;
}

/** An adapter that a run goes on from, as the pod sees it. */
export interface MountedAdapter {
  /** Its directory; empty: where the prepare Job puts it. */
  readonly path: string;
  /** What the result of a run depends on. */
  readonly identity: unknown;
  /** The claim that is mounted for it; undefined: it is on a volume that the run mounts anyway. */
  readonly claimName?: string;
  /** Files that must exist before training may start. */
  readonly markers: readonly string[];
  /** What the prepare Job fetches; where it puts it the run knows. */
  readonly fetch?: Fetch & {
    /** What its adapter_config.json must name as its base; undefined: the run's model. */
    readonly baseModel?: string;
  };
}

/** A train config as one release reads it, the arguments that constructs set kept apart. */
export interface ConfigArguments {
  /** False if there is no mapping in the file: then nothing can be said of the run. */
  readonly readable: boolean;
  /** What goes through to the trainer as it stands. */
  readonly args: Mapping;
  /** The keys whose value is a whole number written as a float: `2.0`. */
  readonly floats: ReadonlySet<string>;
  /** What the file says where constructs decide; keys without a value are left out. */
  readonly owned: Mapping;
  /** Why the file or a part of it can't be read. */
  readonly problems: readonly Problem[];
}

/** A claim that a run mounts. */
export interface RequestedClaim extends MountedClaim {
  /** Whether it exists in the cluster already, and nothing here makes it. */
  readonly existing: boolean;
  /** Whether its size was given. */
  readonly sized: boolean;
  /** Whether pods on several nodes may mount it at once; undefined: not known. */
  readonly readWriteMany?: boolean;
  /** What it can hold; undefined: not known. */
  readonly room?: Room;
  /** How long the Job that fills it may take; undefined: as what it fetches asks for. */
  readonly prepareDeadlineSeconds?: number;
}

/** What a claim can hold. */
export interface Room {
  /** The size that was given. */
  readonly bytes?: number;
  /** The least that is planned where none was, in GiB. */
  readonly smallest: number;
}

/** What a pod of a run is given. */
export interface RequestedPod {
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly priorityClassName?: string;
  readonly schedulerName?: string;
  readonly podTemplate?: Mapping;
}

/** What a pod is given that holds no GPU. */
export interface RequestedCpuPod extends RequestedPod {
  /** The nodes it may go to, `run`: those of the run; undefined: as its volumes allow. */
  readonly scheduling?: Scheduling | 'run';
}

/** What pods may reach, and how they get there. */
export interface RequestedNetwork extends WayOut {
  /** Undefined: no network policy. */
  readonly restricted?: Restriction;
}

/** What a run asks for, in plain data: its props without constructs and value classes, defaults not filled in. */
export interface RunRequest extends RequestedPod {
  /** Where findings point: the construct's path. */
  readonly path: string;
  /** What the names of its objects are made from. */
  readonly nameParts: readonly string[];
  readonly model: {
    readonly name: string;
    readonly repository: string;
    /** Undefined: not known. */
    readonly shape: ModelShape | undefined;
    /** Why it has no shape, where that is no fault; undefined: it has one, or a problem says why not. */
    readonly unplanned?: string;
    /** How its files are quantised already; undefined: they are not. */
    readonly quantised: QuantisedFiles | undefined;
  };
  readonly location: ModelLocation;
  readonly image: {
    readonly reference: string;
    /** What the result of a run depends on. */
    readonly identity: string;
    readonly contents: ImageContents;
  };
  readonly nodes: {
    readonly card: Card;
    /** GPUs on each. */
    readonly gpus: number;
    /** CPU cores of each; undefined: not known. */
    readonly cpus?: number;
    /** Memory of each; undefined: not known. */
    readonly memoryBytes?: number;
    readonly scheduling: Scheduling;
  };
  /** Where models are; `filled`: by a Job made here, which may put data and packages there too. */
  readonly models: RequestedClaim & { readonly filled: boolean };
  readonly saves: RequestedClaim;
  /** The data sets to train on. */
  readonly training: readonly MountedDataset[];
  /** The data sets to evaluate on. */
  readonly evaluation: readonly MountedDataset[];
  /** The adapter to go on from; undefined: a new one is trained. */
  readonly adapter?: MountedAdapter;
  readonly train: TrainArguments;
  readonly trainConfig?: ConfigArguments;
  readonly code?: Code;
  readonly strategy?: Strategy;
  /** The DeepSpeed config that is given. */
  readonly deepspeed?: { readonly file: string; readonly config: Mapping };
  readonly gpus?: number;
  readonly cpus?: number;
  readonly memoryBytes?: number;
  /** /dev/shm. */
  readonly sharedMemoryBytes?: number;
  readonly ephemeralStorageBytes?: number;
  readonly preparePod: RequestedCpuPod;
  readonly preflightPod: RequestedCpuPod;
  readonly imagePullSecrets?: readonly string[];
  readonly serviceAccountName?: string;
  readonly nodeOutageSeconds?: number;
  readonly user: Partial<PodUser>;
  readonly cudaVisibleDevices?: string;
  readonly virtualEnvironment?: string;
  readonly packageIndex?: string;
  readonly backoffLimit?: number;
  readonly activeDeadlineSeconds?: number;
  readonly ttlSecondsAfterFinished?: number;
  readonly prepareTimeoutSeconds?: number;
  readonly gpuMonitorSeconds?: number;
  readonly evictionProtectionSeconds?: number;
  readonly preflight: boolean;
  readonly smoke: boolean;
  readonly tensorBoard: boolean;
  /** Whether the training Job is applied by itself, after what it waits for. */
  readonly waves: boolean;
  readonly network: RequestedNetwork;
  readonly acknowledge: Readonly<Record<string, string>>;
  /** What is wrong with the values themselves. */
  readonly problems: readonly Problem[];
}
