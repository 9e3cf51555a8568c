import type { Duration, Size } from 'cdk8s';
import type { Adapter } from './adapter';
import type { DatasetVolume } from './dataset-volume';
import type { DeepSpeedZero3 } from './deepspeed-zero3';
import type { Gate } from './gate';
import type { TrainArguments } from './llamafactory/train-arguments';
import type { Model } from './model';
import type { ModelCache } from './model-cache';
import type { NetworkAccess } from './network-access';
import type { NodePool } from './node-pool';
import type { Strategy } from './planning/strategy';
import type { CpuPodProps, PodProps } from './pod-props';
import type { SavesVolume } from './saves-volume';
import type { TrainConfig } from './train-config';
import type { TrainerImage } from './trainer-image';

/** What presets and general runs have in common. */
export interface RunProps extends PodProps {
  /** The data set to train on. */
  readonly dataset: DatasetVolume;
  /**
   * More data sets to train on, mixed as `mixStrategy` says.
   * @default - none
   */
  readonly additionalDatasets?: DatasetVolume[];
  /**
   * A data set to evaluate on. With it, `valSize` must not be set.
   * @default - a part of the training data, `valSize`, is held back
   */
  readonly evaluationDataset?: DatasetVolume;
  /**
   * An adapter to go on from: `Adapter.fromSaves(earlier.outputDirectory)`, `Adapter.fromClaim({ … })`,
   * `Adapter.fromSource({ … })`.
   * @default - a new adapter is trained
   */
  readonly adapter?: Adapter;
  /**
   * GPUs of the run, one rank each.
   * @default - all GPUs of a node of the pool; one where they are MIG slices or shares of cards
   */
  readonly gpus?: number;
  /**
   * Where the model is.
   * @default - a claim of its own, filled from ModelScope by a CPU Job
   */
  readonly modelCache?: ModelCache;
  /**
   * Where adapters and checkpoints go.
   * @default - a claim of its own, as large as planned
   */
  readonly saves?: SavesVolume;
  /**
   * The image that trains.
   * @default - LLaMA-Factory's official image of the newest release known here
   */
  readonly image?: TrainerImage;
  /**
   * LLaMA-Factory's arguments, in camelCase. Model, data, directories and DeepSpeed are not among them: other props
   * set those. With `trainConfig`, what is said here replaces the file's value, key by key.
   * @default - LLaMA-Factory's own, for a preset the preset's
   */
  readonly train?: TrainArguments;
  /**
   * A train config that exists, in LLaMA-Factory's spelling: `TrainConfig.fromYaml('train_config.yaml')`. It stands
   * for all train arguments: no preset's defaults are put under it.
   * @default - none: `train` alone
   */
  readonly trainConfig?: TrainConfig;
  /**
   * A folder of your own Python files, relative to the working directory; it travels in a ConfigMap and stands on
   * PYTHONPATH.
   * @default - none
   */
  readonly code?: string;
  /**
   * The package index that the prepare Job installs from, for a mirror: `https://mirrors.example.com/pypi/simple`.
   * @default - pip's own
   */
  readonly packageIndex?: string;
  /**
   * CPU cores, requested and at most.
   * @default - 4 a GPU, and at most three less than a node of the pool has
   */
  readonly cpus?: number;
  /**
   * Memory, requested and at most; /dev/shm counts in it.
   * @default - what the plan says the ranks, the workers and what is offloaded take, a margin of 10 %, and /dev/shm, in
   * whole GiB; less than that is an error that shows the sum
   */
  readonly memory?: Size;
  /**
   * The size of /dev/shm, where the ranks of a node exchange data.
   * @default - as planned: twice what NCCL and the data loaders are reckoned to take
   */
  readonly sharedMemory?: Size;
  /**
   * Disk of the node for caches (compiled kernels, tokenised data), temporary files and logs, requested and at most.
   * @default - as planned: 8 GiB, more for large data and for data that aren't at hand
   */
  readonly ephemeralStorage?: Size;
  /**
   * `CUDA_VISIBLE_DEVICES` of the trainer. The device plugin gives the container its own GPUs and no others, so this
   * is seldom needed.
   * @default - unset
   */
  readonly cudaVisibleDevices?: string;
  /**
   * A virtual environment inside the image to activate, for example `/opt/venv`.
   * @default - none
   */
  readonly virtualEnvironment?: string;
  /**
   * How often a failed pod is replaced. Evictions and preemptions that Kubernetes marks as disruptions don't count;
   * errors that would only repeat end the Job at once. Others count: a pod that was deleted by hand, or evicted because
   * it wrote more to its node than it asked for.
   * @default 3
   */
  readonly backoffLimit?: number;
  /**
   * The longest the Job may take, retries, waiting for a node and pulling the image included. Nothing is taken from the
   * plan: its bounds leave those out and are wide on a card that nobody measured.
   * @default - no limit
   */
  readonly activeDeadline?: Duration;
  /**
   * When the finished Job, its pods and their logs are removed. Under GitOps leave it unset: a Job that vanishes is
   * made again.
   * @default - never
   */
  readonly ttlAfterFinished?: Duration;
  /**
   * Whether a CPU Job of the run's own image goes over the run before it trains: the trainer's own parser, tokenizer and
   * data pipeline. What they would refuse fails there, and the tokenised data is left on the saves volume. With
   * `Gate.waves()` no GPU is held meanwhile.
   * @default false
   */
  readonly preflight?: boolean;
  /**
   * What the pod of preflight is given, where there is one.
   * @default - nothing of its own
   */
  readonly preflightPod?: CpuPodProps;
  /**
   * What the pod of the prepare Job is given, where there is one. Runs share that Job if this is the same.
   * @default - nothing of its own
   */
  readonly preparePod?: CpuPodProps;
  /**
   * How training waits for the prepare Job and for preflight: in the pod, or before the pod is made.
   * @default Gate.wait(), which holds the GPUs meanwhile
   */
  readonly gate?: Gate;
  /**
   * How long the pod waits for the prepare Job and for preflight before it fails; it holds its GPUs meanwhile. Only with `Gate.wait()`.
   * @default - two hours
   */
  readonly prepareTimeout?: Duration;
  /**
   * What the pods may reach. Training needs no network, and the prepare Job a hub's and a package index's only, so that
   * is what they get.
   * @default NetworkAccess.restricted()
   */
  readonly networkAccess?: NetworkAccess;
  /**
   * Secrets with which the image is pulled, by name.
   * @default - none
   */
  readonly imagePullSecrets?: string[];
  /**
   * The ServiceAccount, by name. Its token is not mounted.
   * @default - the namespace's default
   */
  readonly serviceAccountName?: string;
  /**
   * Whether the pod first takes three steps on the longest samples, and trains only if they pass: what runs out of
   * memory does so in minutes. It runs in the training pod, so GPUs are taken once; a pod that is replaced does not
   * repeat it.
   * @default false
   */
  readonly smoke?: boolean;
  /**
   * Whether TensorBoard runs in the pod beside the trainer, which then reports to it:
   * `kubectl port-forward POD 6006`. It asks for half a CPU and 1 GiB, and the image must have tensorboard.
   * @default false
   */
  readonly tensorBoard?: boolean;
  /**
   * How often the GPUs' memory and utilisation are sampled while it trains, in whole seconds; the samples go beside the
   * adapter, and LLaMA-Factory's own peaks into trainer_log.jsonl.
   * @default - they aren't
   */
  readonly gpuMonitor?: Duration;
  /**
   * How long Karpenter may not move the training pod. Without it no node autoscaler moves it as long as it runs:
   * `karpenter.sh/do-not-disrupt: "true"`; the cluster autoscaler's `safe-to-evict: "false"` knows no duration. A pod
   * that is moved goes on from its last checkpoint.
   * @default - as long as it runs; `annotations` win
   */
  readonly evictionProtection?: Duration;
  /**
   * How long the training pod's node may be unreachable or not ready before Kubernetes gives the pod up. A node that
   * comes back later finds its pod deleted, and training goes on from the last checkpoint; one that comes back sooner
   * trains on. A dead node's pod is replaced only when the node is deleted or marked out of service, however short this
   * is: docs/running.md.
   * @default - as the cluster has it, most often 5 minutes
   */
  readonly nodeOutage?: Duration;
  /**
   * Reasons for which single warnings and pieces of advice on the run are right as they are, by the id of docs/RULES.md:
   * `{ 'report-to-unset': 'wandb is set up in the image' }`. They are silenced for this run, and the reasons stand in
   * annotations of the Job. Errors can't be acknowledged; an id that finds nothing is a finding itself.
   * @default - none
   */
  readonly acknowledge?: { readonly [id: string]: string };
  /**
   * The user's number; not 0.
   * @default 1000
   */
  readonly runAsUser?: number;
  /**
   * The group's number.
   * @default 1000
   */
  readonly runAsGroup?: number;
  /**
   * The group that owns the volumes written to.
   * @default 1000
   */
  readonly fsGroup?: number;
}

/** A LLaMA-Factory run with nothing assumed. */
export interface FineTuningJobProps extends RunProps {
  /** The model to fine-tune. */
  readonly model: Model;
  /** The nodes it may go to. */
  readonly nodePool: NodePool;
  /**
   * The DeepSpeed config.
   * @default - as `strategy` says; none of both: DDP
   */
  readonly deepspeed?: DeepSpeedZero3;
  /**
   * How the GPUs share the work. `Strategy.AUTO` sets the batch of a device and the accumulation too.
   * @default - as `deepspeed` says
   */
  readonly strategy?: Strategy;
}
