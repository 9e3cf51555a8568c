import type { PodSpec } from 'kubernetes-types/core/v1';
import { podFailurePolicy } from '../kubernetes/failure-policy';
import { type JobManifest, jobName, jobOf } from '../kubernetes/job';
import { ownLabels } from '../kubernetes/labels';
import { objectName } from '../kubernetes/names';
import { type Reach, trainingReach } from '../kubernetes/network-policy';
import type { PatchedPod } from '../kubernetes/patched-pod';
import { podTemplate } from '../kubernetes/pod-template';
import { PATCHABLE_PREFLIGHT, PREFLIGHT, preflightPod } from '../kubernetes/preflight-pod';
import { KEEP_RUNNING } from '../kubernetes/scheduling';
import { TERMINATION_GRACE_SECONDS } from '../kubernetes/trainer-env';
import { PATCHABLE_TRAINER, PATHS, TRAINER, type TrainingPod, trainingPod, waitName } from '../kubernetes/training-pod';
import { planSummary } from '../planning/plan';
import { digest } from '../run/digest';
import type { Finding } from '../run/finding';
import { SYNC_WAVE } from '../tree/waves';
import { patchedTemplate } from './patched-template';
import { cpuPlacement } from './placement';
import type { Prepared } from './prepare-job';
import type { ResolvedRun } from './resolve';
import { smokeRows } from './smoke-config';

/** The ConfigMaps of a run, by what they hold. */
export interface RunConfigMaps {
  readonly config: string;
  readonly launch: string;
  readonly deepspeed?: string;
  readonly code?: string;
}

/** The objects that a run's pods name, beside its volumes. */
export interface RunObjects {
  readonly maps: RunConfigMaps;
  /** The ResourceClaimTemplate by which GPUs are claimed; undefined: they are an extended resource. */
  readonly claimTemplate?: string;
}

/** On the Job: the plan in one line. It is in no digest, since it follows from what is. */
const PLAN_ANNOTATION = 'cdk8s-llamafactory/plan';

/** The pod that trains, which waits for what is prepared. */
export function trainingPodOf(
  resolved: ResolvedRun,
  { maps, claimTemplate }: RunObjects,
  prepared: Prepared,
): TrainingPod {
  const { run, code, smokeRun } = resolved;
  return {
    labels: { ...resolved.labels, ...labelsOf(resolved, 'train', prepared.near) },
    annotations: resolved.annotations,
    imagePullSecrets: resolved.imagePullSecrets,
    serviceAccountName: resolved.serviceAccountName,
    user: resolved.user,
    scheduling: resolved.nodes.scheduling,
    near: prepared.near,
    image: resolved.image.reference,
    nodes: run.nodes,
    gpus: run.gpus,
    claimTemplate,
    resources: resolved.resources,
    models: { claimName: resolved.models.claimName },
    saves: { claimName: resolved.saves.claimName, subPath: resolved.saves.subPath },
    configMap: maps.config,
    launchConfigMap: maps.launch,
    deepspeedConfigMap: maps.deepspeed,
    codeConfigMap: maps.code === undefined ? undefined : { name: maps.code, items: code?.items ?? [] },
    inputs: inputsOf(resolved),
    markers: [...prepared.markers, ...(resolved.adapter?.markers ?? [])],
    waitTimeoutSeconds: resolved.waitSeconds,
    outputDir: resolved.outputDirectory,
    pythonPath: [...(maps.code === undefined ? [] : [PATHS.code]), ...prepared.pythonPath],
    virtualEnvironment: resolved.virtualEnvironment,
    cudaVisibleDevices: resolved.cudaVisibleDevices,
    env: resolved.env,
    terminationGracePeriodSeconds: TERMINATION_GRACE_SECONDS,
    priorityClassName: resolved.priorityClassName,
    nodeOutageSeconds: resolved.nodeOutageSeconds,
    schedulerName: resolved.schedulerName,
    wayOut: resolved.trackers.length === 0 ? {} : resolved.network,
    smokeRows: smokeRun === undefined ? undefined : smokeRows(smokeRun),
    tensorBoard: resolved.tensorBoard,
    gpuMonitorSeconds: resolved.gpuMonitorSeconds,
    evictionProtectionSeconds: resolved.evictionProtectionSeconds,
  };
}

/** The library's own labels of a run's pod. */
function labelsOf(
  { nameParts, run, runDigest }: ResolvedRun,
  component: string,
  near: TrainingPod['near'],
): Record<string, string> {
  return {
    ...ownLabels(objectName(nameParts)),
    'app.kubernetes.io/component': component,
    'app.kubernetes.io/version': run.release,
    'cdk8s-llamafactory/run': runDigest,
    ...near,
  };
}

/** What the pod mounts read-only: data sets, and an adapter that is on a claim. */
function inputsOf({ datasets, adapter }: ResolvedRun): TrainingPod['inputs'] {
  const name = 'adapter';
  const claim = adapter?.claimName;
  return {
    volumes: [...datasets.flatMap(({ volumes }) => volumes), ...(claim === undefined ? [] : [{ name, claim }])],
    mounts: [
      ...datasets.flatMap(({ mounts }) => mounts),
      ...(claim === undefined ? [] : [{ name, mountPath: PATHS.adapter }]),
    ],
  };
}

/** A Job of a run, whose pod the user may have patched. */
export interface PatchedJob {
  readonly manifest: JobManifest;
  readonly pod: PodSpec;
  /** What is wrong with the pod after the user's patch. */
  readonly findings: readonly Finding[];
  /** ConfigMaps and claims that the patch names: they need not be made here. */
  readonly named: readonly string[];
}

/** A CPU Job that goes over a run, and the file that says it has. */
export interface PreflightJob extends PatchedJob {
  readonly marker: string;
}

/**
 * A CPU Job in which the trainer goes over a run: parser, tokenizer and data. It leaves the tokenised data on the saves
 * volume, and a marker that training waits for. Undefined where none is asked for.
 * @param files what the run's ConfigMap holds
 */
export function preflightJob(
  resolved: ResolvedRun,
  run: TrainingPod,
  files: Readonly<Record<string, string>>,
): PreflightJob | undefined {
  const { preflightResources: resources, preflightPod: asked, nameParts, runDigest } = resolved;
  if (resources === undefined) return undefined;
  const { computeCapability } = resolved.nodes.card;
  const { 'train_config.yaml': config, 'dataset_info.json': info } = files;
  // A directory for all that the trainer's parser and data pipeline look at: another pod finds the work done, and
  // another argument does not.
  const env = { ...run.env, ...asked.env };
  const lookedAt = digest({ run: runDigest, env, computeCapability, config, info });
  const directory = `${PATHS.saves}/${objectName(nameParts)}/.preflight/${lookedAt}`;
  const labels = { ...resolved.labels, ...asked.labels, ...labelsOf(resolved, 'preflight', run.near) };
  const annotations = { ...run.annotations, ...asked.annotations };
  const { priorityClassName, schedulerName } = asked;
  const placement = cpuPlacement(asked.scheduling, run.scheduling, run.near, [
    resolved.models,
    resolved.saves,
    ...run.inputs.volumes.filter(({ claim }) => claim !== undefined).map(() => ({})),
  ]);
  const pod = { ...run, near: undefined, ...placement, labels, annotations, env, priorityClassName, schedulerName };
  const rendered = podTemplate(preflightPod({ run: pod, resources, directory, computeCapability }));
  const patched = patchedTemplate(resolved.path, rendered, asked.podTemplate, PATCHABLE_PREFLIGHT);
  const { template } = patched;
  return {
    ...jobParts(patched),
    manifest: jobOf({
      name: jobName(nameParts, { template }, 'preflight'),
      labels,
      annotations,
      template,
      backoffLimit: 6,
      failurePolicy: podFailurePolicy(
        PREFLIGHT,
        run.markers.length === 0 ? undefined : waitName(run.waitTimeoutSeconds),
      ),
    }),
    marker: `${directory}/.complete`,
  };
}

/** The Job that trains. */
export function trainingJob(resolved: ResolvedRun, pod: TrainingPod, preflight: PreflightJob | undefined): PatchedJob {
  const { run, runDigest, numbers, settled } = resolved;
  const waitTimeoutSeconds = resolved.waves ? 0 : pod.waitTimeoutSeconds;
  const markers = [...pod.markers, ...(preflight === undefined ? [] : [preflight.marker])];
  const rendered = podTemplate(
    trainingPod({
      ...pod,
      annotations: { ...KEEP_RUNNING, ...pod.annotations },
      markers,
      waitTimeoutSeconds,
    }),
  );
  const patched = patchedTemplate(run.path, rendered, resolved.podTemplate, PATCHABLE_TRAINER);
  const { template } = patched;
  return {
    ...jobParts(patched),
    manifest: jobOf({
      name: jobName(resolved.nameParts, { template, run: runDigest }),
      labels: pod.labels,
      annotations: {
        [PLAN_ANNOTATION]: planSummary(run, numbers, settled.chosen),
        ...resolved.annotations,
        ...(resolved.waves ? { [SYNC_WAVE]: '1' } : {}),
      },
      template,
      backoffLimit: resolved.backoffLimit,
      activeDeadlineSeconds: resolved.activeDeadlineSeconds,
      ttlSecondsAfterFinished: resolved.ttlSecondsAfterFinished,
      failurePolicy: podFailurePolicy(TRAINER, markers.length === 0 ? undefined : waitName(waitTimeoutSeconds)),
    }),
  };
}

function jobParts({ template, findings, named }: PatchedPod): Omit<PatchedJob, 'manifest'> {
  return { pod: template.spec ?? { containers: [] }, findings, named };
}

/** What the training pod may reach: DNS, what the run names, and its proxy; undefined where it wants no policy. */
export function reachOf({ network: { restricted, proxy }, trackers, run }: ResolvedRun): Reach | undefined {
  return restricted && trainingReach(restricted, trackers.length === 0 ? undefined : proxy, run.nodes > 1);
}

/** What the preflight pod may reach. */
export function preflightReach({ network: { restricted } }: ResolvedRun): Reach | undefined {
  return restricted && trainingReach(restricted, undefined, false);
}
