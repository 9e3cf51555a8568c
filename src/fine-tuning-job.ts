import { posix } from 'node:path';
import { Chart, type Duration, type Size } from 'cdk8s';
import { Construct } from 'constructs';
import { DeepSpeedZero3 } from './deepspeed-zero3';
import type { FineTuningJobProps } from './fine-tuning-job-props';
import { Gate } from './gate';
import { checkResolved } from './job/checks';
import { readCode } from './job/code';
import { resultArguments } from './job/identity';
import { type Prepared, prepare, preparedOf } from './job/prepare-job';
import type { ModelLocation, RequestedCpuPod, RequestedPod, RunRequest } from './job/request';
import { type ResolvedRun, resolveRun } from './job/resolve';
import { configFiles, launchFiles } from './job/run-files';
import {
  preflightJob,
  preflightReach,
  type RunConfigMaps,
  reachOf,
  trainingJob,
  trainingPodOf,
} from './job/training-job';
import { claimTemplateSpec } from './kubernetes/gpu-request';
import type { JobManifest } from './kubernetes/job';
import type { Reach } from './kubernetes/network-policy';
import { bytesOf } from './kubernetes/quantity';
import { gpuRequestOf } from './kubernetes/scheduling';
import { ModelCache } from './model-cache';
import { NetworkAccess } from './network-access';
import type { PlanNumbers } from './planning/plan';
import type { CpuPodProps, PodProps } from './pod-props';
import { checkedProps } from './run/props';
import { quantisedFilesOf } from './run/quantised-files';
import { type RunPlan, runPlan } from './run-plan';
import { SavesVolume } from './saves-volume';
import { TrainerImage } from './trainer-image';
import { chartBeside, claimObject } from './tree/claim';
import { makeClaimTemplate } from './tree/claim-template';
import { constructName, constructPath, nameParts } from './tree/construct-name';
import { contentConfigMap } from './tree/content-config-map';
import { labelDifferences } from './tree/differing-arguments';
import { acknowledgedSoFar, report, reportAcknowledgements, reportProblems, reportReferences } from './tree/findings';
import { makeJob } from './tree/job-object';
import { makeNetworkPolicy } from './tree/network-policy';
import { mountedInWave } from './tree/waves';

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
  /** Whether the pod waits for a Job that fetches the model or data, or installs packages. */
  public readonly prepared: boolean;

  /** Undefined: what a run must be given was not. */
  private readonly numbers?: PlanNumbers;
  private planned?: RunPlan;

  public constructor(scope: Construct, id: string, given: FineTuningJobProps) {
    super(scope, id);
    const { props, problems } = checkedProps('FineTuningJobProps', given);
    reportProblems(this, problems);
    if (props === undefined) {
      this.jobName = this.runDigest = this.outputDirectory = this.savesClaimName = '';
      this.prepared = false;
      return;
    }
    const volumes: Volumes = {
      models: props.modelCache ?? new ModelCache(this, 'models'),
      saves: props.saves ?? new SavesVolume(this, 'saves'),
    };
    const resolved = resolveRun(requestOf(this, props, volumes));
    reportAcknowledgements(this, resolved.acknowledge);
    report(this, checkResolved(resolved));
    const prepared = preparedOf(resolved);
    reserveSpace(resolved, prepared, volumes);
    this.numbers = resolved.numbers;
    this.runDigest = resolved.runDigest;
    this.outputDirectory = resolved.outputDirectory;
    this.savesClaimName = resolved.saves.claimName;
    this.prepared = prepared.request !== undefined;

    const files = configFiles(resolved);
    const objects = { maps: this.configMaps(props, resolved, files), claimTemplate: this.claimTemplate(resolved) };
    const pod = trainingPodOf(resolved, objects, prepared);
    const preflight = preflightJob(resolved, pod, files);
    const training = trainingJob(resolved, pod, preflight);
    report(this, training.findings);
    this.jobName = training.manifest.metadata.name;

    placeInWaves(resolved, prepared, volumes);
    const references = {
      path: resolved.path,
      namespace: Chart.of(this).namespace ?? '',
      existingClaims: existingClaims(resolved),
      existingConfigMaps: existingConfigMaps(resolved),
    };
    const filling = prepare(resolved.models.filled ? volumes.models : volumes.saves, resolved, prepared);
    if (filling !== undefined) {
      report(this, filling.findings);
      reportReferences(this, { ...references, pod: filling.pod, named: filling.named });
    }
    if (preflight !== undefined) {
      makeReachable(this, 'PreflightNetworkPolicy', preflight.manifest, preflightReach(resolved));
      makeJob(this, 'Preflight', preflight.manifest);
      report(this, preflight.findings);
      reportReferences(this, { ...references, pod: preflight.pod, named: preflight.named });
    }
    const place = resolved.waves ? new Construct(chartBeside(this, 'train'), constructName(this)) : this;
    makeReachable(place, 'NetworkPolicy', training.manifest, reachOf(resolved));
    // Wherever it stands, it is what `ApiObject.of(job)` means.
    const job = makeJob(place, 'Resource', training.manifest);
    // On the Job alone, so that a reason starts no new pod.
    for (const [rule, reason] of Object.entries(acknowledgedSoFar(this))) {
      job.metadata.addAnnotation(`acknowledge.cdk8s-llamafactory/${rule}`, reason);
    }
    const args = resultArguments(resolved.run.args);
    const sweep = JSON.stringify([resolved.model.name, args['dataset'], args['eval_dataset']]);
    labelDifferences(Chart.of(this), sweep, { job, args });
    this.node.defaultChild = job;
    reportReferences(this, { ...references, pod: training.pod, named: training.named });
  }

  /** What the run does and takes, as `cdk8s-llamafactory plan` prints it in JSON; what isn't known is left out. */
  public get plan(): RunPlan {
    const { numbers } = this;
    this.planned ??= numbers === undefined ? UNPLANNED : runPlan({ ...numbers, advice: numbers.advice() });
    return this.planned;
  }

  /** Makes the ConfigMaps that the run's pods mount. */
  private configMaps(
    props: FineTuningJobProps,
    { settled, code }: ResolvedRun,
    files: Readonly<Record<string, string>>,
  ): RunConfigMaps {
    const { zero2, zero3 } = settled;
    const made = zero3 === undefined ? undefined : new DeepSpeedZero3(this, 'zero3', zero3);
    const deepspeed = settled.deepspeed === undefined ? made : props.deepspeed;
    const ofZero2 = zero2 && { [zero2.file]: `${JSON.stringify(zero2.config, null, 2)}\n` };
    return {
      config: contentConfigMap(this, 'Config', files, 'config').name,
      launch: launchFiles(Chart.of(this)),
      deepspeed:
        ofZero2 === undefined ? deepspeed?.configMapName : contentConfigMap(this, 'Zero2', ofZero2, 'zero2').name,
      code:
        code === undefined || code.items.length === 0
          ? undefined
          : contentConfigMap(this, 'Code', code.files, 'code').name,
    };
  }

  /** Makes what GPUs are claimed from, where they are. */
  private claimTemplate({ nodes, run }: ResolvedRun): string | undefined {
    const { claim } = gpuRequestOf(nodes.scheduling);
    return claim === undefined
      ? undefined
      : makeClaimTemplate(this, 'ClaimTemplate', claimTemplateSpec(claim, run.gpus));
  }
}

/** The plan of a run that is none. */
const UNPLANNED: RunPlan = {
  schedule: { effectiveBatch: 0, logs: [], saves: [], evaluations: [], finalEvaluation: false, exact: false },
  advice: [],
};

/** The volumes of a run. */
interface Volumes {
  readonly models: ModelCache;
  readonly saves: SavesVolume;
}

/** What the props say, in plain data. */
function requestOf(job: Construct, props: FineTuningJobProps, { models, saves }: Volumes): RunRequest {
  const { model, nodePool, deepspeed, evaluationDataset } = props;
  const image = props.image ?? TrainerImage.official();
  const access = props.networkAccess ?? NetworkAccess.restricted();
  const code = props.code === undefined ? undefined : readCode(props.code);
  const location = models._locate(model);
  return {
    path: constructPath(job),
    nameParts: nameParts(job),
    model: {
      name: model.name,
      repository: model.repository,
      shape: model._shape,
      unplanned: model._unplanned,
      quantised: quantisedFilesOf(fetchedName(location)) ?? model._quantised,
    },
    location,
    image: { reference: image.reference, identity: image._identity, contents: image._contents },
    nodes: {
      card: nodePool.gpu._card,
      gpus: nodePool.gpus,
      cpus: nodePool.cpus,
      memoryBytes: bytes(nodePool.memory),
      scheduling: nodePool._scheduling,
    },
    models: { ...volumeOf(models), filled: models.filled },
    saves: { ...volumeOf(saves), subPath: saves._subPath },
    training: [props.dataset, ...(props.additionalDatasets ?? [])].map(({ _mounted }) => _mounted),
    evaluation: evaluationDataset === undefined ? [] : [evaluationDataset._mounted],
    adapter: props.adapter?._mounted,
    train: props.train ?? {},
    trainConfig: props.trainConfig?._read(image._contents.llamafactory),
    code,
    strategy: props.strategy,
    deepspeed: deepspeed?._file,
    gpus: props.gpus,
    cpus: props.cpus,
    memoryBytes: bytes(props.memory),
    sharedMemoryBytes: bytes(props.sharedMemory),
    ephemeralStorageBytes: bytes(props.ephemeralStorage),
    ...podOf(props),
    preparePod: cpuPodOf(props.preparePod),
    preflightPod: cpuPodOf(props.preflightPod),
    imagePullSecrets: props.imagePullSecrets,
    serviceAccountName: props.serviceAccountName,
    nodeOutageSeconds: seconds(props.nodeOutage),
    user: { runAsUser: props.runAsUser, runAsGroup: props.runAsGroup, fsGroup: props.fsGroup },
    cudaVisibleDevices: props.cudaVisibleDevices,
    virtualEnvironment: props.virtualEnvironment,
    packageIndex: props.packageIndex,
    backoffLimit: props.backoffLimit,
    activeDeadlineSeconds: seconds(props.activeDeadline),
    ttlSecondsAfterFinished: seconds(props.ttlAfterFinished),
    prepareTimeoutSeconds: seconds(props.prepareTimeout),
    gpuMonitorSeconds: seconds(props.gpuMonitor),
    evictionProtectionSeconds: seconds(props.evictionProtection),
    preflight: props.preflight ?? false,
    smoke: props.smoke ?? false,
    tensorBoard: props.tensorBoard ?? false,
    waves: (props.gate ?? Gate.wait())._waves,
    network: access._network,
    acknowledge: props.acknowledge ?? {},
    problems: [
      ...model._problems,
      ...(props.adapter?._problems ?? []),
      ...nodePool._problems,
      ...(props.preparePod?.nodePool?._problems ?? []),
      ...(props.preflightPod?.nodePool?._problems ?? []),
      ...image._problems,
      ...access._problems,
      ...(code?.problems ?? []),
    ],
  };
}

function podOf({ env, labels, annotations, priorityClassName, schedulerName, podTemplate }: PodProps): RequestedPod {
  return { env, labels, annotations, priorityClassName, schedulerName, podTemplate };
}

function cpuPodOf(props: CpuPodProps = {}): RequestedCpuPod {
  return { ...podOf(props), scheduling: props.nodePool?._scheduling };
}

function volumeOf(volume: ModelCache | SavesVolume): RunRequest['saves'] {
  const { room, deadlineSeconds } = volume._filling;
  return {
    claimName: volume.claimName,
    existing: volume._existing,
    sized: volume._sized,
    readWriteMany: volume._readWriteMany,
    room,
    prepareDeadlineSeconds: deadlineSeconds,
  };
}

/** The name of the repository that is fetched, which may be another than the model's: of its quantised files. */
function fetchedName({ fetch }: ModelLocation): string {
  return posix.basename(String(fetch?.what['repository'] ?? ''));
}

function bytes(size: Size | undefined): number | undefined {
  return size === undefined ? undefined : bytesOf(size);
}

function seconds(duration: Duration | undefined): number | undefined {
  return duration?.toSeconds();
}

/** bitsandbytes as it is installed. */
const PACKAGES_BYTES = 0.13e9;

/** Counts what a run will put on its volumes. */
function reserveSpace(resolved: ResolvedRun, { request }: Prepared, { models, saves }: Volumes): void {
  const { outputBytes, tokenizedBytes, modelBytes } = resolved.numbers.host;
  saves._reserve(resolved.path, outputBytes + (resolved.preflight ? tokenizedBytes : 0));
  const model = request?.model;
  if (model !== undefined && modelBytes > 0) {
    models._reserve(resolved.location.directory, modelBytes);
  }
  if (request?.packages !== undefined) {
    (resolved.models.filled ? models : saves)._reserve('packages', PACKAGES_BYTES);
  }
}

/** Puts the claims into the wave of the first pod that mounts them. */
function placeInWaves(resolved: ResolvedRun, { request }: Prepared, { models, saves }: Volumes): void {
  for (const volume of [models, saves]) {
    const filled = request !== undefined && volume.claimName === resolved.target.claimName;
    mountedInWave(claimObject(volume), !resolved.waves || resolved.preflight || filled ? 0 : 1);
  }
}

/** Makes the policy that says what the pods of a Job may reach, unless the run wants none. */
function makeReachable(scope: Construct, id: string, { metadata }: JobManifest, reach: Reach | undefined): void {
  if (reach !== undefined) makeNetworkPolicy(scope, id, metadata.name, metadata.labels, [reach]);
}

/** ConfigMaps that nothing here need make. */
function existingConfigMaps({ network: { caFile } }: ResolvedRun): string[] {
  return caFile !== undefined && 'configMap' in caFile ? [caFile.configMap] : [];
}

/** Claims that nothing here makes. */
function existingClaims({ models, saves, datasets, adapter }: ResolvedRun): string[] {
  return [
    ...(models.existing ? [models.claimName] : []),
    ...(saves.existing ? [saves.claimName] : []),
    ...(adapter?.claimName === undefined ? [] : [adapter.claimName]),
    ...datasets.flatMap((dataset) => dataset.volumes.flatMap(({ claim }) => (claim === undefined ? [] : [claim]))),
  ];
}
