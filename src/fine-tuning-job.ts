import { ApiObject, Chart, type Duration, type Size } from 'cdk8s';
import { Construct } from 'constructs';
import { type Acknowledgements, acknowledge } from './acknowledgements';
import { settleStrategy } from './auto-strategy';
import { type Code, readCode } from './code';
import type { DatasetVolume, MountedDataset } from './dataset-volume';
import type { DeepSpeedZero3 } from './deepspeed-zero3';
import type { Problem } from './finding';
import { Gate } from './gate';
import { jobSpec } from './kubernetes/job';
import { JOB_NAME_LENGTH, NAME_LENGTH } from './kubernetes/names';
import { networkPolicySpec, networkTrackers } from './kubernetes/network-policy';
import { patchedPod } from './kubernetes/patched-pod';
import { type PodSettings, type PodUser, podTemplate } from './kubernetes/pod-template';
import { type PodResources, podResources, tooLittle, unavailable } from './kubernetes/resources';
import { KEEP_RUNNING } from './kubernetes/scheduling';
import { TERMINATION_GRACE_SECONDS } from './kubernetes/trainer-env';
import { PATHS, type TrainingPod, trainingPod } from './kubernetes/training-pod';
import { argumentsOf } from './llamafactory/arguments';
import { renderTrainConfig } from './llamafactory/render-train-config';
import { ModelCache, type ModelLocation } from './model-cache';
import { NetworkAccess } from './network-access';
import type { NodePool } from './node-pool';
import { type PlanNumbers, planNumbers, planSummary } from './planning/plan';
import { prepare } from './prepare-job';
import { checkRun, type Written } from './private/check-run';
import { claimObject } from './private/claim';
import { constructName, constructPath } from './private/construct-name';
import { contentConfigMap } from './private/content-config-map';
import { digest } from './private/digest';
import { report, reportNamed, reportProblems, reportReferences } from './private/findings';
import { labelsOf } from './private/labels';
import { annotationProblems, labelProblems, objectNameProblems, variableProblems } from './private/name-problems';
import { NamedObject } from './private/outside-patches';
import { type Given, ownedArguments } from './private/owned-arguments';
import { type AskedFor, propProblems } from './private/prop-problems';
import { bytesOf } from './private/quantity';
import { runtimeFile } from './private/runtime-file';
import { secretFindings, textsOf } from './private/secrets';
import { mountedInWave, SYNC_WAVE } from './private/waves';
import type { QwenModel } from './qwen-model';
import type { Mapping, Run } from './run';
import { runDigest } from './run-identity';
import { type RunPlan, runPlan } from './run-plan';
import { SavesVolume } from './saves-volume';
import { smokeFindings, smokeRows, smokeRun } from './smoke-config';
import type { Strategy } from './strategy';
import type { TrainArguments } from './train-arguments';
import type { ConfigArguments, TrainConfig } from './train-config';
import { TrainerImage } from './trainer-image';

/** What presets and general runs have in common. */
export interface RunProps {
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
   * GPUs of the run, one rank each.
   * @default - all GPUs of a node of the pool
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
   * More environment variables of the trainer, such as `NCCL_DEBUG`. No secrets: they would stand in the manifest.
   * @default - none
   */
  readonly env?: { readonly [name: string]: string };
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
   * How often a failed pod is replaced. Evictions and preemptions don't count; errors that would only repeat end the
   * Job at once.
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
   * How training waits for the prepare Job: in the pod, or before the pod is made.
   * @default Gate.wait(), which holds the GPUs meanwhile
   */
  readonly gate?: Gate;
  /**
   * How long the pod waits for the prepare Job before it fails; it holds its GPUs meanwhile. Only with `Gate.wait()`.
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
   * The PriorityClass of the training pod, by name; the platform has it. The prepare pod, which holds no GPU, has the
   * namespace's default.
   * @default - the cluster's default
   */
  readonly priorityClassName?: string;
  /**
   * How long Karpenter may not move the training pod. Without it no node autoscaler moves it as long as it runs:
   * `karpenter.sh/do-not-disrupt: "true"`; the cluster autoscaler's `safe-to-evict: "false"` knows no duration. A pod
   * that is moved goes on from its last checkpoint.
   * @default - as long as it runs; `annotations` win
   */
  readonly evictionProtection?: Duration;
  /**
   * Labels of the Job and its pod. The prepare Job, which runs share, has those of the volume it fills.
   * @default - none beside the library's own
   */
  readonly labels?: { readonly [label: string]: string };
  /**
   * Annotations of the Job and its pod. The prepare Job has those of the volume it fills.
   * @default - none beside the library's own
   */
  readonly annotations?: { readonly [annotation: string]: string };
  /**
   * Reasons for which single warnings and pieces of advice on the run are right as they are, by the id of the rule:
   * `{ 'report-to-unset': 'wandb is set up in the image' }`. They are silenced for this run, and the reasons stand in
   * annotations of the Job. Errors can't be acknowledged; an id that finds nothing is a finding itself.
   * @default - none
   */
  readonly acknowledge?: { readonly [id: string]: string };
  /**
   * What no prop says, merged into the training pod: `{ metadata, spec }` as Kubernetes spells it. Containers, volumes
   * and variables are merged by name, mounts by path; tolerations, affinities and unknown containers are added; null
   * takes a field out, and any other list replaces what was there. The trainer's container is called `trainer`. The
   * result is checked: GPUs, references, what the Pod Security level `restricted` refuses.
   * @default - nothing is changed
   */
  readonly podTemplate?: { readonly [field: string]: unknown };
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
  readonly model: QwenModel;
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

/**
 * Any LLaMA-Factory training run on one node: a ConfigMap with train_config.yaml, dataset_info.json, launch.sh and what they need, and
 * the Job that runs them. Nothing of the run changes after construction, since its names follow from its content.
 *
 * Two digests name it. `runDigest` covers what the result depends on and names the output directory; the Job's name
 * also covers the pod: a new label or a new version of this library makes a new Job that continues in the same
 * directory, and any change of the result makes a new run beside the old one.
 */
export class FineTuningJob extends Construct {
  /** The Job's name. */
  public readonly jobName: string;
  /** The digest of everything the result depends on. */
  public readonly runDigest: string;
  /** Where the adapter goes, as the pod sees it. */
  public readonly outputDirectory: string;
  /** The claim that holds {@link outputDirectory}. */
  public readonly savesClaimName: string;
  /** Whether the pod waits for a Job that fetches the model or installs packages. */
  public readonly prepared: boolean;

  private readonly numbers: PlanNumbers;
  private planned?: RunPlan;

  public constructor(scope: Construct, id: string, asked: FineTuningJobProps) {
    super(scope, id);
    const { props, chosen } = settleStrategy(this, asked);
    const resolved = this.resolve(props, chosen);
    const { run, image, saves } = resolved;
    this.numbers = planNumbers(run);
    const resources = this.resources(props, run, saves);
    reportProblems(this, propProblems(askedFor(props, resources, run)));
    reportProblems(this, [...nameProblems(props), ...networkProblems(props, run)]);
    report(this, secretFindings(run.path, manifestTexts(props)));
    const user: PodUser = {
      runAsUser: props.runAsUser ?? 1000,
      runAsGroup: props.runAsGroup ?? 1000,
      fsGroup: props.fsGroup ?? 1000,
    };
    const settings: Settings = {
      annotations: props.annotations ?? {},
      imagePullSecrets: props.imagePullSecrets ?? [],
      serviceAccountName: props.serviceAccountName,
      user,
      scheduling: props.nodePool._scheduling,
    };
    const gate = props.gate ?? Gate.wait();
    const prepared = this.prepare(props, resolved, settings, gate);
    const smoke = props.smoke ? smokeRun(run) : undefined;
    report(this, smoke === undefined ? [] : smokeFindings(run, smoke));
    const configMap = contentConfigMap(this, 'Config', configFiles(resolved, smoke), 'config');
    const { code } = resolved;
    const codeConfigMap =
      code === undefined || code.items.length === 0
        ? undefined
        : { ...contentConfigMap(this, 'Code', code.files, 'code'), items: code.items };

    this.runDigest = resolved.runDigest;
    this.outputDirectory = resolved.outputDirectory;
    this.savesClaimName = saves.claimName;
    this.prepared = prepared.markers.length > 0;

    const labels = {
      ...props.labels,
      ...labelsOf(this),
      'app.kubernetes.io/component': 'train',
      'app.kubernetes.io/version': run.release,
      'cdk8s-llamafactory/run': this.runDigest,
      ...prepared.near,
    };
    const rendered = podTemplate(
      trainingPod({
        ...settings,
        annotations: { ...KEEP_RUNNING, ...settings.annotations },
        labels,
        near: prepared.near,
        image: image.reference,
        gpus: run.gpus,
        resources,
        models: { claimName: resolved.modelCache.claimName },
        saves: { claimName: saves.claimName, subPath: saves._subPath },
        configMap: configMap.name,
        launchConfigMap: launchFiles(Chart.of(this)),
        deepspeedConfigMap: props.deepspeed?.configMapName,
        codeConfigMap,
        datasets: mountsOf(resolved.datasets),
        markers: prepared.markers,
        waitTimeoutSeconds: gate._waves ? 0 : (props.prepareTimeout?.toSeconds() ?? 7200),
        outputDir: this.outputDirectory,
        pythonPath: [...(codeConfigMap === undefined ? [] : [PATHS.code]), ...prepared.pythonPath],
        virtualEnvironment: props.virtualEnvironment,
        cudaVisibleDevices: props.cudaVisibleDevices,
        env: props.env ?? {},
        terminationGracePeriodSeconds: TERMINATION_GRACE_SECONDS,
        priorityClassName: props.priorityClassName,
        smokeRows: smoke === undefined ? undefined : smokeRows(smoke),
        tensorBoard: props.tensorBoard,
        gpuMonitorSeconds: props.gpuMonitor?.toSeconds(),
        evictionProtectionSeconds: props.evictionProtection?.toSeconds(),
      }),
    );
    const patched = props.podTemplate === undefined ? undefined : patchedPod(run.path, rendered, props.podTemplate);
    report(this, patched?.findings ?? []);
    const template = patched?.template ?? rendered;
    this.jobName = constructName(this, {
      suffix: digest({ template, run: this.runDigest }),
      maxLength: JOB_NAME_LENGTH,
    });
    const { _destinations: destinations } = accessOf(props);
    if (destinations !== undefined) {
      new ApiObject(this, 'NetworkPolicy', {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: this.jobName, labels },
        spec: networkPolicySpec({
          jobName: this.jobName,
          destinations: destinations.map(({ cidr, ports }) => ({ cidr, ports: ports ?? [443] })),
          ports: [],
          peers: run.nodes > 1,
        }),
      });
    }
    const object = new NamedObject(this, 'Resource', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: this.jobName,
        labels,
        annotations: {
          [PLAN_ANNOTATION]: planSummary(run, this.numbers, chosen),
          ...props.annotations,
          ...acknowledgedIn(resolved.acknowledged),
          ...(gate._waves && this.prepared ? { [SYNC_WAVE]: '1' } : {}),
        },
      },
      spec: jobSpec(template, {
        backoffLimit: props.backoffLimit ?? 3,
        activeDeadlineSeconds: props.activeDeadline?.toSeconds(),
        ttlSecondsAfterFinished: props.ttlAfterFinished?.toSeconds(),
        failurePolicy: true,
      }),
    });
    reportNamed({ object, part: 'spec.template', content: template });
    reportReferences(this, {
      path: run.path,
      namespace: Chart.of(this).namespace ?? '',
      pod: template.spec ?? { containers: [] },
      existingClaims: existingClaims(resolved),
      named: patched?.named,
    });
  }

  /** What the run does and takes, as `cdk8s-llamafactory plan` prints it in JSON; what isn't known is left out. */
  public get plan(): RunPlan {
    this.planned ??= runPlan({ ...this.numbers, advice: this.numbers.advice() });
    return this.planned;
  }

  /** Props with their defaults, and the run they describe. */
  private resolve(props: FineTuningJobProps, chosen: string | undefined): ResolvedRun {
    const image = props.image ?? TrainerImage.official();
    const modelCache = props.modelCache ?? new ModelCache(this, 'models');
    const saves = props.saves ?? new SavesVolume(this, 'saves');
    const training = [props.dataset, ...(props.additionalDatasets ?? [])];
    const evaluation = props.evaluationDataset === undefined ? [] : [props.evaluationDataset];
    const datasets = [...training, ...evaluation].map((dataset) => dataset._mounted);
    const location = modelCache._locate(props.model);
    const code = props.code === undefined ? undefined : readCode(props.code);
    const given = argumentsOf(props.train ?? {});
    const file = props.trainConfig?._read(image._contents.llamafactory);
    const args = { ...file?.args, ...given.args };
    const written = writtenIn(file, given.args);
    const requirements = neededPackages(args, image);
    const gpus = props.gpus ?? props.nodePool.gpus;
    const { deepspeed } = props;
    reportProblems(this, [
      ...props.model._problems,
      ...props.nodePool._problems,
      ...image._problems,
      ...(code?.problems ?? []),
      ...given.problems,
      ...(file?.problems ?? []),
    ]);

    const trained: Mapping = {
      model_name_or_path: `${PATHS.models}/${location.directory}`,
      ...args,
      ...(props.tensorBoard ? { report_to: withTensorBoard(args['report_to']) } : {}),
      dataset: namesOf(training),
      ...(evaluation.length > 0 ? { eval_dataset: namesOf(evaluation) } : {}),
      dataset_dir: PATHS.config,
    };
    const identity = runDigest({
      args: trained,
      deepspeed: deepspeed?._config,
      datasets,
      model: location.identity,
      release: image._contents.llamafactory,
      image: image._identity,
      packages: requirements === undefined ? undefined : withoutComments(requirements),
      code: code?.files,
      worldSize: gpus,
    });
    const outputDirectory = `${PATHS.saves}/${constructName(this)}/${identity}`;
    const run: Run = {
      path: constructPath(this),
      file: 'train_config.yaml',
      release: image._contents.llamafactory,
      args: {
        ...trained,
        output_dir: outputDirectory,
        ...(deepspeed === undefined ? {} : { deepspeed: `${PATHS.deepspeed}/${deepspeed._file}` }),
      },
      deepspeed: deepspeed === undefined ? undefined : { file: deepspeed._file, config: deepspeed._config },
      datasets: datasets.map(({ name, entry, rows, rowsReported }, i) => ({
        name,
        entry,
        rows,
        rowsReported,
        evaluation: i >= training.length,
      })),
      card: props.nodePool.gpu._card,
      gpus,
      nodes: 1,
      model: props.model._shape,
      image: image._contents,
    };
    const found = [
      // Of a file that holds nothing all that can be said is that.
      ...(file?.readable === false ? [] : checkRun(run, written)),
      ...(file === undefined ? [] : ownedArguments(file.owned, givenBy(props, run))),
    ];
    const { findings, used } = acknowledge(found, props.acknowledge ?? {}, run.path);
    report(this, findings);
    return {
      run,
      written,
      acknowledged: used,
      chosen,
      runDigest: identity,
      outputDirectory,
      image,
      modelCache,
      saves,
      datasets,
      location,
      code,
      requirements,
    };
  }

  /** The CPU Job that fetches and installs what the run needs, if anything: under the volume it fills. */
  private prepare(props: FineTuningJobProps, resolved: ResolvedRun, settings: Settings, gate: Gate): Prepared {
    const { modelCache, saves, location, requirements, image } = resolved;
    // A model that is there already is mounted read-only: packages go beside the adapters then.
    const target = modelCache.filled
      ? { claimName: modelCache.claimName, mountPath: PATHS.models }
      : { claimName: saves.claimName, subPath: saves._subPath, mountPath: PATHS.saves };
    const near = { 'cdk8s-llamafactory/volume': labelValue(target.claimName) };
    const model =
      location.fetch === undefined
        ? undefined
        : {
            source: location.fetch,
            repository: location.fetch._options.repository ?? props.model.repository,
            directory: `${PATHS.models}/${location.directory}`,
          };
    const packages =
      requirements === undefined
        ? undefined
        : {
            requirements,
            directory: `${target.mountPath}/.packages/${digest(requirements)}`,
            indexUrl: props.packageIndex,
          };
    const nothing = model === undefined && packages === undefined;
    for (const volume of [modelCache, saves]) {
      const early = nothing || !gate._waves || volume.claimName === target.claimName;
      mountedInWave(claimObject(volume), early ? 0 : 1);
    }
    if (nothing) return { markers: [], pythonPath: [], near };
    const volume = modelCache.filled ? modelCache : saves;
    const markers = prepare(volume, {
      ownFile: gate._waves,
      restricted: accessOf(props)._destinations !== undefined,
      request: { model, packages },
      target,
      ...settings,
      ...volume._filling,
      near,
      image: image.reference,
    });
    return { markers, pythonPath: packages === undefined ? [] : [packages.directory], near };
  }

  /** What the pod asks for, as planned unless a prop says otherwise; what is too little or too much is reported. */
  private resources(props: FineTuningJobProps, run: Run, saves: SavesVolume): PodResources {
    const need = this.numbers.host;
    const bytes = (size: Size | undefined) => (size === undefined ? undefined : bytesOf(size));
    const { gpus, cpus, memory } = props.nodePool;
    const node = { gpus, cpus, memoryBytes: bytes(memory) };
    const given = {
      cpus: props.cpus,
      memoryBytes: bytes(props.memory),
      sharedMemoryBytes: bytes(props.sharedMemory),
      ephemeralStorageBytes: bytes(props.ephemeralStorage),
    };
    const resources = podResources(run.gpus, need, given, node);
    report(this, [
      ...tooLittle(run.path, run.gpus, need, resources),
      ...unavailable(run.path, run.gpus, resources, need, node),
      ...saves._reserve(run.path, need.outputBytes),
    ]);
    return resources;
  }
}

/** On the Job: the plan in one line. It is in no digest, since it follows from what is. */
const PLAN_ANNOTATION = 'cdk8s-llamafactory/plan';

/** A run with every default filled in. */
interface ResolvedRun {
  readonly run: Run;
  readonly written: Written;
  /** Why findings on the run are silent. */
  readonly acknowledged: Acknowledgements;
  /** Why the batch was chosen, if it was. */
  readonly chosen: string | undefined;
  readonly runDigest: string;
  readonly outputDirectory: string;
  readonly image: TrainerImage;
  readonly modelCache: ModelCache;
  readonly saves: SavesVolume;
  readonly datasets: readonly MountedDataset[];
  readonly location: ModelLocation;
  readonly code: Code | undefined;
  /** What the prepare Job installs. */
  readonly requirements: string | undefined;
}

/** What both pods are given as it stands. */
type Settings = Omit<PodSettings, 'labels' | 'near'>;

/** What the training pod has to know of the prepare Job. */
interface Prepared {
  /** Files that must exist before training may start. */
  readonly markers: readonly string[];
  readonly pythonPath: readonly string[];
  /** A label of all pods that share the volume. */
  readonly near: Readonly<Record<string, string>>;
}

/** What the run may reach: its prop, or its default. */
function accessOf({ networkAccess }: FineTuningJobProps): NetworkAccess {
  return networkAccess ?? NetworkAccess.restricted();
}

/** What is wrong with the network a run is given: a tracker that it can't reach would hold it up, or end it. */
function networkProblems(props: FineTuningJobProps, run: Run): Problem[] {
  const access = accessOf(props);
  const trackers = networkTrackers(run.args, props.env ?? {});
  if (access._destinations?.length !== 0 || trackers.length === 0) return access._problems;
  return [
    {
      id: 'tracker-unreachable',
      key: 'train.reportTo',
      message: 'the run reports to a tracker, and its network policy lets it reach nothing but DNS',
      got: trackers.join(', '),
      allowed: 'none, tensorboard, or a tracker whose addresses networkAccess names',
      change:
        "name its addresses: networkAccess: NetworkAccess.restricted([{ cidr: '203.0.113.7/32' }]), or take NetworkAccess.unrestricted()",
    },
  ];
}

/** Names and keys that Kubernetes takes no part of. */
function nameProblems(props: FineTuningJobProps): Problem[] {
  return [
    ...objectNameProblems('serviceAccountName', props.serviceAccountName),
    ...objectNameProblems('priorityClassName', props.priorityClassName),
    ...(props.imagePullSecrets ?? []).flatMap((name) => objectNameProblems('imagePullSecrets', name)),
    ...labelProblems('labels', props.labels),
    ...annotationProblems('annotations', props.annotations),
    ...variableProblems('env', props.env),
  ];
}

/** Texts that reach the manifest by no ConfigMap; a variable with its name, by which some secrets are known. */
function manifestTexts(props: FineTuningJobProps): Record<string, string> {
  const { env = {}, labels = {}, annotations = {}, podTemplate: patch = {} } = props;
  const variables = Object.entries(env).map(([name, value]) => [`env.${name}`, `${name}=${value}`]);
  return {
    ...Object.fromEntries(variables),
    ...textsOf({ labels, annotations, podTemplate: patch, packageIndex: props.packageIndex }, ''),
  };
}

/** What a run reports to, TensorBoard added. */
function withTensorBoard(reportTo: unknown): unknown {
  const others = [reportTo].flat().filter((each) => each !== undefined && each !== 'none' && each !== 'tensorboard');
  return others.length === 0 ? 'tensorboard' : [...others, 'tensorboard'];
}

/** What is asked for, to be checked; what follows from the node pool is checked there. */
function askedFor(props: FineTuningJobProps, resources: PodResources, run: Run): AskedFor {
  return {
    ...resources,
    gpus: props.gpus ?? 1,
    cpus: props.cpus ?? 1,
    backoffLimit: props.backoffLimit ?? 3,
    runAsUser: props.runAsUser ?? 1000,
    datasets: run.datasets.map(({ name }) => name),
    ...(props.gate?._waves && props.prepareTimeout !== undefined ? { uselessTimeout: true } : {}),
  };
}

/** What comes from the train config as it stands: all that the props don't replace. */
function writtenIn(file: ConfigArguments | undefined, replaced: Mapping): Written {
  const left = (keys: Iterable<string>) => new Set([...keys].filter((key) => !(key in replaced)));
  return { keys: left(Object.keys(file?.args ?? {})), floats: left(file?.floats ?? []) };
}

/** What the props say of the arguments that constructs set. */
function givenBy({ model, deepspeed }: FineTuningJobProps, run: Run): Given {
  const namesOfAll = (evaluation: boolean) =>
    run.datasets.filter((dataset) => (dataset.evaluation === true) === evaluation).map(({ name }) => name);
  return {
    path: run.path,
    models: [model.name, model.repository.split('/').at(-1) ?? model.name],
    datasets: namesOfAll(false),
    evaluation: namesOfAll(true),
    deepspeed: deepspeed !== undefined,
  };
}

/** Annotations with the reasons of what was acknowledged: on the Job alone, so that a reason starts no new pod. */
function acknowledgedIn(reasons: Acknowledgements): Record<string, string> {
  return Object.fromEntries(
    Object.entries(reasons).map(([id, reason]) => [`acknowledge.cdk8s-llamafactory/${id}`, reason]),
  );
}

/** What the run's own ConfigMap holds. */
function configFiles({ run, written, datasets, chosen }: ResolvedRun, smoke: Run | undefined): Record<string, string> {
  const info = Object.fromEntries(datasets.map(({ name, entry }) => [name, entry]));
  const reasons = chosen === undefined ? undefined : { per_device_train_batch_size: chosen };
  return {
    'train_config.yaml': renderTrainConfig(run.args, run.release, { written, reasons }),
    'dataset_info.json': `${JSON.stringify(info, null, 2)}\n`,
    ...(smoke === undefined ? {} : { 'smoke_config.yaml': renderTrainConfig(smoke.args, smoke.release, { written }) }),
  };
}

const LAUNCH_FILES = [
  'launch.sh',
  'diagnose.py',
  'exit-codes.json',
  'lease.py',
  'longest-samples.py',
  'output.py',
  'wait-for.sh',
  'watch.py',
];
const launchConfigMaps = new WeakMap<Chart, string>();

/** The ConfigMap with launch.sh and what it needs: one for all runs of a chart. */
function launchFiles(chart: Chart): string {
  let name = launchConfigMaps.get(chart);
  if (name === undefined) {
    const files = Object.fromEntries(LAUNCH_FILES.map((file) => [file, runtimeFile(file)]));
    name = contentConfigMap(chart, 'cdk8s-llamafactory-launch', files, 'launch').name;
    launchConfigMaps.set(chart, name);
  }
  return name;
}

/** What the prepare Job installs: bitsandbytes, where the run quantises with it and the image lacks it. */
function neededPackages(args: Mapping, image: TrainerImage): string | undefined {
  const quantises = args['quantization_bit'] !== undefined && (args['quantization_method'] ?? 'bnb') === 'bnb';
  if (!quantises || image._contents.bitsandbytes !== undefined) return undefined;
  return runtimeFile('requirements/bitsandbytes.txt');
}

/** A comment doesn't change what is installed. */
function withoutComments(requirements: string): string {
  return requirements.replace(/^#.*\n/gm, '');
}

function namesOf(datasets: readonly DatasetVolume[]): string {
  return datasets.map((dataset) => dataset.name).join(',');
}

function mountsOf(datasets: readonly MountedDataset[]): TrainingPod['datasets'] {
  return {
    volumes: datasets.flatMap((dataset) => dataset.volumes),
    mounts: datasets.flatMap((dataset) => dataset.mounts),
  };
}

/** Claims that nothing here makes. */
function existingClaims({ modelCache, saves, datasets }: ResolvedRun): string[] {
  return [
    ...(modelCache._existing ? [modelCache.claimName] : []),
    ...(saves._existing ? [saves.claimName] : []),
    ...datasets.flatMap((dataset) => dataset.volumes.flatMap(({ claim }) => (claim === undefined ? [] : [claim]))),
  ];
}

/** The name of a claim can be longer than a label may be. */
function labelValue(claimName: string): string {
  return claimName.length <= NAME_LENGTH && !claimName.includes('.') ? claimName : digest(claimName);
}
