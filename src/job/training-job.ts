import type { PodSpec } from 'kubernetes-types/core/v1';
import { attempt } from '../judge/guarded';
import { podFailurePolicy } from '../kubernetes/failure-policy';
import { type JobManifest, jobName, jobOf } from '../kubernetes/job';
import { ownLabels } from '../kubernetes/labels';
import { objectName } from '../kubernetes/names';
import type { Reach } from '../kubernetes/network-policy';
import { patchedPod } from '../kubernetes/patched-pod';
import { podTemplate } from '../kubernetes/pod-template';
import { PREFLIGHT, preflightPod } from '../kubernetes/preflight-pod';
import { KEEP_RUNNING } from '../kubernetes/scheduling';
import { TERMINATION_GRACE_SECONDS } from '../kubernetes/trainer-env';
import { PATHS, TRAINER, type TrainingPod, trainingPod, waitName } from '../kubernetes/training-pod';
import { planSummary } from '../planning/plan';
import { digest } from '../run/digest';
import type { Finding } from '../run/finding';
import { SYNC_WAVE } from '../tree/waves';
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
    labels: {
      ...resolved.labels,
      ...ownLabels(objectName(resolved.nameParts)),
      'app.kubernetes.io/component': 'train',
      'app.kubernetes.io/version': run.release,
      'cdk8s-llamafactory/run': resolved.runDigest,
      ...prepared.near,
    },
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
    smokeRows: smokeRun === undefined ? undefined : smokeRows(smokeRun),
    tensorBoard: resolved.tensorBoard,
    gpuMonitorSeconds: resolved.gpuMonitorSeconds,
    evictionProtectionSeconds: resolved.evictionProtectionSeconds,
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

/** A CPU Job that goes over a run, and the file that says it has. */
export interface PreflightJob {
  readonly manifest: JobManifest;
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
  const { preflightResources: resources, nameParts, runDigest } = resolved;
  if (resources === undefined) return undefined;
  const { computeCapability } = resolved.nodes.card;
  const { 'train_config.yaml': config, 'dataset_info.json': info } = files;
  // A directory for all that the trainer's parser and data pipeline look at: another pod finds the work done, and
  // another argument does not.
  const lookedAt = digest({ run: runDigest, env: run.env, computeCapability, config, info });
  const directory = `${PATHS.saves}/${objectName(nameParts)}/.preflight/${lookedAt}`;
  const labels = { ...run.labels, 'app.kubernetes.io/component': 'preflight' };
  const template = podTemplate(preflightPod({ run: { ...run, labels }, resources, directory, computeCapability }));
  return {
    manifest: jobOf({
      name: jobName(nameParts, { template }, 'preflight'),
      labels,
      annotations: resolved.annotations,
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
export interface TrainingJob {
  readonly manifest: JobManifest;
  readonly pod: PodSpec;
  /** What is wrong with the pod after the user's patch. */
  readonly findings: readonly Finding[];
  /** ConfigMaps and claims that the patch names: they need not be made here. */
  readonly named: readonly string[];
}

/** The Job that trains. */
export function trainingJob(resolved: ResolvedRun, pod: TrainingPod, preflight: PreflightJob | undefined): TrainingJob {
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
  const { podTemplate: patch } = resolved;
  const merged =
    patch === undefined ? undefined : attempt(run.path, 'podTemplate', () => patchedPod(run.path, rendered, patch));
  const patched = merged !== undefined && 'value' in merged ? merged.value : undefined;
  const template = patched?.template ?? rendered;
  return {
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
    pod: template.spec ?? { containers: [] },
    findings: merged !== undefined && 'failed' in merged ? [merged.failed] : (patched?.findings ?? []),
    named: patched?.named ?? [],
  };
}

/** What the pods of a Job on the run may reach: DNS, and what the run names; undefined where it wants no policy. */
export function reachOf({ destinations }: ResolvedRun, job: string, peers: boolean): Reach | undefined {
  if (destinations === undefined) return undefined;
  return {
    jobName: job,
    destinations: destinations.map(({ cidr, ports }) => ({ cidr, ports: ports ?? [443] })),
    ports: [],
    peers,
  };
}
