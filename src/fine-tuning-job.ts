import { Chart, type Size } from 'cdk8s';
import { Construct } from 'constructs';
import type { PodSpec, PodTemplateSpec } from 'kubernetes-types/core/v1';
import type { MountedDataset } from './dataset-volume';
import type { FineTuningJobProps } from './fine-tuning-job-props';
import { Gate } from './gate';
import { settleStrategy } from './job/auto-strategy';
import { preflight, preflightDirectory } from './job/preflight-job';
import { type FetchInto, prepare } from './job/prepare-job';
import { propProblems } from './job/prop-problems';
import { type ResolvedRun, resolveRun } from './job/resolved-run';
import { configFiles, launchFiles } from './job/run-files';
import { runNetworkPolicy } from './job/run-network-policy';
import { accessOf, askedFor, manifestTexts, nameProblems, networkProblems, sourceProblems } from './job/run-problems';
import { smokeFindings, smokeRows, smokeRun } from './job/smoke-config';
import type { Acknowledgements } from './judge/acknowledgements';
import { attempt, guarded } from './judge/guarded';
import { secretFindings } from './judge/secrets';
import { podFailurePolicy } from './kubernetes/failure-policy';
import { jobSpec } from './kubernetes/job';
import { JOB_NAME_LENGTH, NAME_LENGTH } from './kubernetes/names';
import { type PatchedPod, patchedPod } from './kubernetes/patched-pod';
import { type PodSettings, type PodUser, podTemplate } from './kubernetes/pod-template';
import { bytesOf } from './kubernetes/quantity';
import { type PodResources, podResources, preflightResources, tooLittle, unavailable } from './kubernetes/resources';
import { KEEP_RUNNING } from './kubernetes/scheduling';
import { TERMINATION_GRACE_SECONDS } from './kubernetes/trainer-env';
import { PATHS, TRAINER, type TrainingPod, trainingPod, waitName } from './kubernetes/training-pod';
import { QUANTISED } from './planning/layers';
import { type PlanNumbers, planNumbers, planSummary } from './planning/plan';
import { settingsOf } from './planning/settings';
import { digest } from './run/digest';
import type { Run } from './run/run';
import { type RunPlan, runPlan } from './run-plan';
import { chartBeside, claimObject } from './tree/claim';
import { constructName } from './tree/construct-name';
import { contentConfigMap } from './tree/content-config-map';
import { acknowledgedSoFar, report, reportNamed, reportProblems, reportReferences } from './tree/findings';
import { labelsOf } from './tree/labels';
import { NamedObject } from './tree/outside-patches';
import { mountedInWave, SYNC_WAVE } from './tree/waves';

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

  private readonly numbers: PlanNumbers;
  private planned?: RunPlan;

  public constructor(scope: Construct, id: string, asked: FineTuningJobProps) {
    super(scope, id);
    const { props, chosen } = settleStrategy(this, asked);
    const resolved = resolveRun(this, props, chosen);
    const { run, image, saves } = resolved;
    this.numbers = this.numbersOf(resolved);
    const { resources, beforehand } = this.resources(props, run);
    const { outputBytes, tokenizedBytes } = this.numbers.host;
    saves._reserve(run.path, outputBytes + (props.preflight ? tokenizedBytes : 0));
    reportProblems(this, [
      ...guarded(run.path, 'props', () => propProblems(askedFor(props, resources, run))),
      ...guarded(run.path, 'names', () => nameProblems(props)),
      ...guarded(run.path, 'networkAccess', () => networkProblems(props, run)),
      ...guarded(run.path, 'source', () => sourceProblems(resolved)),
      ...guarded(run.path, 'secrets', () => secretFindings(run.path, manifestTexts(props))),
    ]);
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
    const files = configFiles(resolved, smoke);
    const configMap = contentConfigMap(this, 'Config', files, 'config');
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
    const pod: TrainingPod = {
      ...settings,
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
      waitTimeoutSeconds: props.prepareTimeout?.toSeconds() ?? 7200,
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
    };
    const references = {
      path: run.path,
      namespace: Chart.of(this).namespace ?? '',
      existingClaims: existingClaims(resolved),
    };
    const looked = beforehand === undefined ? undefined : this.preflight(props, pod, beforehand, files);
    if (looked !== undefined) reportReferences(this, { ...references, pod: looked.spec });
    const waiting = gate._waves ? 0 : pod.waitTimeoutSeconds;
    const rendered = podTemplate(
      trainingPod({
        ...pod,
        annotations: { ...KEEP_RUNNING, ...settings.annotations },
        markers: [...pod.markers, ...(looked === undefined ? [] : [looked.marker])],
        waitTimeoutSeconds: waiting,
      }),
    );
    const patched = this.patched(run, rendered, props.podTemplate);
    const template = patched?.template ?? rendered;
    this.jobName = constructName(this, {
      suffix: digest({ template, run: this.runDigest }),
      maxLength: JOB_NAME_LENGTH,
    });
    const place = gate._waves ? new Construct(chartBeside(this, 'train'), constructName(this)) : this;
    runNetworkPolicy(place, 'NetworkPolicy', { name: this.jobName, labels, peers: run.nodes > 1 }, props);
    const object = new NamedObject(place, 'Resource', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: this.jobName,
        labels,
        annotations: {
          [PLAN_ANNOTATION]: planSummary(run, this.numbers, chosen),
          ...props.annotations,
          ...acknowledgedIn(acknowledgedSoFar(this)),
          ...(gate._waves ? { [SYNC_WAVE]: '1' } : {}),
        },
      },
      spec: jobSpec(template, {
        backoffLimit: props.backoffLimit ?? 3,
        activeDeadlineSeconds: props.activeDeadline?.toSeconds(),
        ttlSecondsAfterFinished: props.ttlAfterFinished?.toSeconds(),
        failurePolicy: podFailurePolicy(TRAINER, looked === undefined ? undefined : waitName(waiting)),
      }),
    });
    // Wherever it stands, it is what `ApiObject.of(job)` means.
    this.node.defaultChild = object;
    reportNamed({ object, part: 'spec.template', content: template });
    reportReferences(this, { ...references, pod: template.spec ?? { containers: [] }, named: patched?.named });
  }

  /** What the run does and takes, as `cdk8s-llamafactory plan` prints it in JSON; what isn't known is left out. */
  public get plan(): RunPlan {
    this.planned ??= runPlan({ ...this.numbers, advice: this.numbers.advice() });
    return this.planned;
  }

  /** The plan's numbers; of a run that can't be planned, what is wrong is reported and the model alone is planned. */
  private numbersOf({ judged: { numbers }, run }: ResolvedRun): PlanNumbers {
    if ('value' in numbers) return numbers.value;
    report(this, [numbers.failed]);
    return planNumbers({ ...run, args: {}, datasets: [] });
  }

  /** The pod with the user's patch, if there is one that can be merged; what is wrong with it is reported. */
  private patched(
    run: Run,
    rendered: PodTemplateSpec,
    patch: FineTuningJobProps['podTemplate'],
  ): PatchedPod | undefined {
    if (patch === undefined) return undefined;
    const patched = attempt(run.path, 'podTemplate', () => patchedPod(run.path, rendered, patch));
    report(this, 'failed' in patched ? [patched.failed] : patched.value.findings);
    return 'failed' in patched ? undefined : patched.value;
  }

  /** The CPU Job that fetches and installs what the run needs, if anything: under the volume it fills. */
  private prepare(props: FineTuningJobProps, resolved: ResolvedRun, settings: Settings, gate: Gate): Prepared {
    const { modelCache, saves, location, requirements, image, target } = resolved;
    const near = { 'cdk8s-llamafactory/volume': labelValue(target.claimName) };
    const model =
      location.fetch === undefined
        ? undefined
        : { ...location.fetch, directory: `${PATHS.models}/${location.directory}` };
    const data = fetchedData(resolved.datasets);
    const packages =
      requirements === undefined
        ? undefined
        : {
            requirements,
            directory: `${target.mountPath}/.packages/${digest(requirements)}`,
            indexUrl: props.packageIndex,
          };
    const nothing = model === undefined && data.length === 0 && packages === undefined;
    for (const volume of [modelCache, saves]) {
      const early = !gate._waves || props.preflight || (!nothing && volume.claimName === target.claimName);
      mountedInWave(claimObject(volume), early ? 0 : 1);
    }
    if (nothing) return { markers: [], pythonPath: [], near };
    const volume = modelCache.filled ? modelCache : saves;
    const { modelBytes } = this.numbers.host;
    if (model !== undefined && modelBytes > 0 && !QUANTISED.test(String(model.what['repository'] ?? ''))) {
      volume._reserve(location.directory, modelBytes);
    }
    if (packages !== undefined) volume._reserve('packages', PACKAGES_BYTES);
    const markers = prepare(volume, {
      restricted: accessOf(props)._destinations !== undefined,
      request: { model, data, packages },
      target,
      ...settings,
      ...volume._filling,
      near,
      image: image.reference,
    });
    return { markers, pythonPath: packages === undefined ? [] : [packages.directory], near };
  }

  /** The CPU Job in which the trainer goes over the run first: its pod, and the marker that it leaves. */
  private preflight(
    props: FineTuningJobProps,
    run: TrainingPod,
    resources: PodResources,
    { 'train_config.yaml': config, 'dataset_info.json': info }: Readonly<Record<string, string>>,
  ): { readonly spec: PodSpec; readonly marker: string } {
    const { computeCapability } = props.nodePool.gpu._card;
    const lookedAt = { run: this.runDigest, env: run.env, computeCapability, config, info };
    const directory = preflightDirectory(this, lookedAt);
    const { spec } = preflight(this, { run, resources, directory, computeCapability }, props);
    return { spec: spec ?? { containers: [] }, marker: `${directory}/.complete` };
  }

  /** What the pod asks for, as planned unless a prop says otherwise; what is too little or too much is reported. */
  private resources(props: FineTuningJobProps, run: Run): Resources {
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
    const beforehand = props.preflight
      ? preflightResources(settingsOf(run).preprocessingWorkers, podResources(run.gpus, need, given, node), node)
      : undefined;
    // A pod that waits keeps its cores, and one that it waits for must find some on the same node.
    const beside = props.gate?._waves ? 0 : (beforehand?.cpus ?? 0);
    const resources = podResources(run.gpus, need, given, node, beside);
    report(this, [
      ...tooLittle(run.path, run.gpus, need, resources),
      ...unavailable(run.path, run.gpus, resources, need, node),
    ]);
    return { resources, beforehand };
  }
}

/** On the Job: the plan in one line. It is in no digest, since it follows from what is. */
const PLAN_ANNOTATION = 'cdk8s-llamafactory/plan';

/** What both pods are given as it stands. */
type Settings = Omit<PodSettings, 'labels' | 'near'>;

/** What the pods of a run ask for. */
interface Resources {
  readonly resources: PodResources;
  /** The preflight pod's; undefined: there is none. */
  readonly beforehand: PodResources | undefined;
}

/** What the training pod has to know of the prepare Job. */
interface Prepared {
  /** Files that must exist before training may start. */
  readonly markers: readonly string[];
  readonly pythonPath: readonly string[];
  /** A label of all pods that share the volume. */
  readonly near: Readonly<Record<string, string>>;
}

/** bitsandbytes as it is installed. */
const PACKAGES_BYTES = 0.13e9;

/** Annotations with the reasons of what was acknowledged: on the Job alone, so that a reason starts no new pod. */
function acknowledgedIn(reasons: Acknowledgements): Record<string, string> {
  return Object.fromEntries(
    Object.entries(reasons).map(([id, reason]) => [`acknowledge.cdk8s-llamafactory/${id}`, reason]),
  );
}

function mountsOf(datasets: readonly MountedDataset[]): TrainingPod['datasets'] {
  return {
    volumes: datasets.flatMap((dataset) => dataset.volumes),
    mounts: datasets.flatMap((dataset) => dataset.mounts),
  };
}

/** What is fetched, once for each directory and in one order: runs that share data share the Job. */
function fetchedData(datasets: readonly MountedDataset[]): FetchInto[] {
  const fetched = datasets.flatMap(({ fetch }) => (fetch === undefined ? [] : [fetch]));
  const places = new Map(fetched.map((fetch) => [fetch.directory, fetch]));
  return [...places.keys()].sort().flatMap((directory) => places.get(directory) ?? []);
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
