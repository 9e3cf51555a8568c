import { Construct } from 'constructs';
import type { PodSpec } from 'kubernetes-types/core/v1';
import { podFailurePolicy } from '../kubernetes/failure-policy';
import { jobName, jobOf } from '../kubernetes/job';
import { NAME_LENGTH } from '../kubernetes/names';
import { fetchReach, hostOf, type Reach } from '../kubernetes/network-policy';
import { podTemplate } from '../kubernetes/pod-template';
import {
  type HubToken,
  PATCHABLE_PREPARE,
  PREPARE,
  PREPARE_BACKOFF_LIMIT,
  PREPARE_PATH,
  type PreparePod,
  preparePod,
} from '../kubernetes/prepare-pod';
import { runtimeFile } from '../kubernetes/runtime-file';
import { PATHS } from '../kubernetes/training-pod';
import { digest } from '../run/digest';
import type { Finding } from '../run/finding';
import { nameParts } from '../tree/construct-name';
import { contentConfigMap } from '../tree/content-config-map';
import { makeJob } from '../tree/job-object';
import { labelsOf } from '../tree/labels';
import { makeNetworkPolicy } from '../tree/network-policy';
import { patchedTemplate } from './patched-template';
import { cpuPlacement } from './placement';
import { fetchBounds } from './prepare-bounds';
import type { FetchInto, RequestedPod, Room } from './request';
import type { FetchedAdapter, ResolvedRun } from './resolve';

/** What a run needs on a volume before it may start. */
export interface PrepareRequest {
  readonly model?: FetchInto;
  readonly adapter?: FetchedAdapter;
  /** Data sets, one a directory. */
  readonly data: readonly FetchInto[];
  readonly packages?: { readonly requirements: string; readonly directory: string; readonly indexUrl?: string };
  /** How long the Job may take, waiting for a node and all tries included. */
  readonly deadlineSeconds: number;
}

/** What the pods of a run have to know of the Job that prepares it. */
export interface Prepared {
  /** What is to be prepared; undefined: nothing. */
  readonly request: PrepareRequest | undefined;
  /** Files that must exist before training may start. */
  readonly markers: readonly string[];
  readonly pythonPath: readonly string[];
  /** A label of all pods that share the volume. */
  readonly near: Readonly<Record<string, string>>;
}

/** What the Job and pod that fill a volume carry. */
export interface Filling {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** What the volume can hold; undefined: not known. */
  readonly room?: Room;
  /** How long the Job may take; undefined: as what it fetches asks for. */
  readonly deadlineSeconds?: number;
}

/** What must be on the volume before a run may start. */
export function preparedOf(resolved: ResolvedRun): Prepared {
  const { location, datasets, requirements, target, packageIndex } = resolved;
  const adapter = resolved.adapter?.fetch;
  const near = { 'cdk8s-llamafactory/volume': labelValue(target.claimName) };
  const model =
    location.fetch === undefined
      ? undefined
      : { ...location.fetch, directory: `${PATHS.models}/${location.directory}` };
  const data = fetchedData(datasets.flatMap(({ fetch }) => (fetch === undefined ? [] : [fetch])));
  const packages =
    requirements === undefined
      ? undefined
      : {
          requirements,
          directory: `${target.mountPath}/.packages/${digest(requirements)}`,
          indexUrl: packageIndex,
        };
  const parts = [model, adapter, ...data, packages].filter((part) => part !== undefined);
  if (parts.length === 0) return { request: undefined, markers: [], pythonPath: [], near };
  return {
    request: bounded({ model, adapter, data, packages }, resolved),
    markers: parts.map(({ directory }) => `${directory}/.complete`),
    pythonPath: packages === undefined ? [] : [packages.directory],
    near,
  };
}

/** A request with what may be fetched for it, and for how long. */
function bounded(request: Omit<PrepareRequest, 'deadlineSeconds'>, resolved: ResolvedRun): PrepareRequest {
  const { models, saves, numbers } = resolved;
  const { modelBytes } = numbers.host;
  const deadline = (models.filled ? models : saves).prepareDeadlineSeconds;
  const { model, adapter, data, packages } = request;
  const bounds = fetchBounds({
    model: model === undefined ? undefined : { room: models.room, bytes: modelBytes },
    adapter: adapter === undefined ? undefined : { room: (models.filled ? models : saves).room },
    data: data.map(() => (models.filled ? { room: models.room, beside: modelBytes } : { room: saves.room, beside: 0 })),
    packages: packages !== undefined,
    deadlineSeconds: deadline,
  });
  return {
    model: model === undefined ? undefined : { ...model, bounds: bounds.model },
    adapter: adapter === undefined ? undefined : { ...adapter, bounds: bounds.adapter },
    data: data.map((each, i) => ({ ...each, bounds: bounds.data[i] })),
    packages,
    deadlineSeconds: bounds.deadlineSeconds,
  };
}

/** What is fetched, once for each directory and in one order: runs that share data share the Job. */
function fetchedData(fetched: readonly FetchInto[]): FetchInto[] {
  const places = new Map(fetched.map((fetch) => [fetch.directory, fetch]));
  return [...places.keys()].sort().flatMap((directory) => places.get(directory) ?? []);
}

/** The name of a claim can be longer than a label may be. */
function labelValue(claimName: string): string {
  return claimName.length <= NAME_LENGTH && !claimName.includes('.') ? claimName : digest(claimName);
}

/** How and where the Job runs: runs that want the same share it. */
interface PrepareOptions extends Omit<PreparePod, 'configMap' | 'tokens'> {
  readonly request: PrepareRequest;
  readonly podTemplate: RequestedPod['podTemplate'];
}

/** What runs that share the Job need not have in common. */
interface Sharing {
  /** Those that all of them have. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** What each of them lets the pod reach; undefined: one of them wants no policy. */
  readonly reaches: readonly Reach[] | undefined;
}

/** The Job's pod, and what the user's patch made of it. */
export interface PreparingPod {
  readonly pod: PodSpec;
  readonly findings: readonly Finding[];
  /** ConfigMaps and claims that the patch names: they need not be made here. */
  readonly named: readonly string[];
}

const made = new WeakMap<Construct, Map<string, { readonly sharing: Sharing; readonly pod: PreparingPod }>>();

/**
 * A CPU Job that fills a volume: fetches a model, installs packages that the image lacks. Made under the volume's
 * construct, once for each distinct request, so that runs share it.
 */
export function prepare(
  volume: Construct & { readonly _filling: Filling },
  resolved: ResolvedRun,
  { request, near }: Prepared,
): PreparingPod | undefined {
  if (request === undefined) return undefined;
  const { preparePod: asked, imagePullSecrets, serviceAccountName, user, nodes, target, image, network } = resolved;
  const urls = urlsOf(request);
  const { proxy, caFile } = network;
  const options: PrepareOptions = {
    ...cpuPlacement(asked.scheduling, nodes.scheduling, near, [target]),
    labels: { ...asked.labels, ...near },
    annotations: asked.annotations ?? {},
    env: asked.env ?? {},
    priorityClassName: asked.priorityClassName,
    schedulerName: asked.schedulerName,
    podTemplate: asked.podTemplate,
    wayOut: { proxy, caFile },
    hosts: urls.filter((url) => URL.canParse(url)).map(hostOf),
    imagePullSecrets,
    serviceAccountName,
    user,
    request,
    target: { claimName: target.claimName, subPath: target.subPath, mountPath: target.mountPath },
    image: image.reference,
  };
  const file = requestFile(request);
  const tokens = tokensOf(fetchedOf(request));
  // The file doesn't name the tokens, and a run with another one must not be given the first one's Job.
  const id = `Prepare-${digest({ ...options, request: file, tokens: tokens.length === 0 ? undefined : tokens })}`;
  const jobs = made.get(volume) ?? new Map();
  made.set(volume, jobs);
  const known = jobs.get(id);
  const reach = network.restricted && fetchReach(urls, network.restricted, proxy);
  const sharing = shared(known?.sharing, resolved, reach);
  if (known !== undefined && digest(known.sharing) === digest(sharing)) return known.pod;
  volume.node.tryRemoveChild(id);
  const pod = makePrepareJob(resolved.path, volume, id, options, sharing, file);
  jobs.set(id, { sharing, pod });
  return pod;
}

/** What a Job has of the runs that share it, with one more of them. */
function shared(known: Sharing | undefined, { labels, annotations }: ResolvedRun, reach: Reach | undefined): Sharing {
  const open = reach === undefined || (known !== undefined && known.reaches === undefined);
  return {
    labels: common(known?.labels, labels),
    annotations: common(known?.annotations, annotations),
    reaches: open ? undefined : distinctReaches([...(known?.reaches ?? []), reach]),
  };
}

/** In one order, whatever that of the runs is. */
function distinctReaches(reaches: readonly Reach[]): Reach[] {
  const byContent = new Map(reaches.map((reach) => [digest(reach), reach]));
  return [...byContent.keys()].sort().flatMap((key) => byContent.get(key) ?? []);
}

function common(
  known: Readonly<Record<string, string>> | undefined,
  more: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (known === undefined) return more;
  return Object.fromEntries(Object.entries(known).filter(([key, value]) => more[key] === value));
}

function makePrepareJob(
  path: string,
  volume: Construct & { readonly _filling: Filling },
  id: string,
  options: PrepareOptions,
  sharing: Sharing,
  requestFile: object,
): PreparingPod {
  const owner = new Construct(volume, id);
  const { request } = options;
  const files: PrepareFiles = {
    'prepare.py': runtimeFile('prepare.py'),
    'request.json': `${JSON.stringify(requestFile, null, 2)}\n`,
    ...(request.packages === undefined ? {} : { 'requirements.txt': request.packages.requirements }),
  };
  const configMap = prepareFiles(volume, id, files);
  const { _filling: filling } = volume;
  const annotations = { ...filling.annotations, ...sharing.annotations, ...options.annotations };
  const labels = {
    ...filling.labels,
    ...sharing.labels,
    ...options.labels,
    ...labelsOf(volume),
    'app.kubernetes.io/component': 'prepare',
  };
  const fetched = fetchedOf(request);
  const rendered = podTemplate(preparePod({ ...options, labels, annotations, configMap, tokens: tokensOf(fetched) }));
  const { template, findings, named } = patchedTemplate(path, rendered, options.podTemplate, PATCHABLE_PREPARE);
  const manifest = jobOf({
    name: jobName(nameParts(volume), { template }, 'prepare'),
    labels,
    annotations,
    template,
    backoffLimit: PREPARE_BACKOFF_LIMIT,
    activeDeadlineSeconds: request.deadlineSeconds,
    failurePolicy: podFailurePolicy(PREPARE),
  });
  if (sharing.reaches !== undefined) {
    makeNetworkPolicy(owner, 'NetworkPolicy', manifest.metadata.name, manifest.metadata.labels, sharing.reaches);
  }
  makeJob(owner, 'Resource', manifest);
  return { pod: manifest.spec.template.spec ?? { containers: [] }, findings, named };
}

/** What the Job mounts; the request names the requirements' directory, which is called after what they hold. */
interface PrepareFiles extends Readonly<Record<string, string>> {
  readonly 'request.json': string;
}

const configMaps = new WeakMap<Construct, Map<string, string>>();

/** The ConfigMap of a Job: Jobs that differ in their pod alone, as in user or token, share it. */
function prepareFiles(volume: Construct, id: string, files: PrepareFiles): string {
  const made = configMaps.get(volume) ?? new Map<string, string>();
  configMaps.set(volume, made);
  const request = files['request.json'];
  const name = made.get(request) ?? contentConfigMap(volume, `${id}-Files`, files, 'prepare').name;
  made.set(request, name);
  return name;
}

function fetchedOf({ model, adapter, data }: PrepareRequest): FetchInto[] {
  return [model, adapter, ...data].filter((part) => part !== undefined);
}

/** The addresses that are said of what is fetched and installed. */
function urlsOf(request: PrepareRequest): string[] {
  const urls = [...fetchedOf(request).map(({ origin }) => origin.endpoint), request.packages?.indexUrl];
  return urls.filter((url) => url !== undefined);
}

/** The request as prepare.py reads it. */
function requestFile({ model, adapter, data, packages }: PrepareRequest): object {
  return {
    ...(model === undefined ? {} : { model: part(model) }),
    ...(adapter === undefined ? {} : { adapter: { ...part(adapter), baseModel: adapter.baseModel } }),
    ...(data.length === 0 ? {} : { data: data.map(part) }),
    ...(packages === undefined
      ? {}
      : {
          packages: {
            requirements: `${PREPARE_PATH}/requirements.txt`,
            directory: packages.directory,
            ...(packages.indexUrl === undefined ? {} : { indexUrl: packages.indexUrl }),
          },
        }),
  };
}

function part({ origin: { endpoint }, what, directory, bounds }: FetchInto): object {
  return { ...what, ...(endpoint === undefined ? {} : { endpoint }), directory, ...bounds };
}

/** The tokens of the sources, one a hub: that a hub has no two of them is checked with the run. */
function tokensOf(fetched: readonly FetchInto[]): HubToken[] {
  const tokens = new Map<string, HubToken>();
  for (const { origin } of fetched) {
    if (origin.hub === 'http' || origin.token === undefined) continue;
    const variable = origin.hub === 'modelscope' ? 'MODELSCOPE_API_TOKEN' : 'HF_TOKEN';
    tokens.set(variable, { variable, ...origin.token });
  }
  return [...tokens.values()];
}
