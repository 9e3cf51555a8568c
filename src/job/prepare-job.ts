import { Construct } from 'constructs';
import { podFailurePolicy } from '../kubernetes/failure-policy';
import { jobName, jobOf } from '../kubernetes/job';
import { NAME_LENGTH } from '../kubernetes/names';
import { portsOf } from '../kubernetes/network-policy';
import { type PodSettings, podSettings, podTemplate } from '../kubernetes/pod-template';
import { type HubToken, PREPARE, PREPARE_BACKOFF_LIMIT, PREPARE_PATH, preparePod } from '../kubernetes/prepare-pod';
import { runtimeFile } from '../kubernetes/runtime-file';
import { type MountedClaim, PATHS } from '../kubernetes/training-pod';
import { digest } from '../run/digest';
import { nameParts } from '../tree/construct-name';
import { contentConfigMap } from '../tree/content-config-map';
import { makeJob } from '../tree/job-object';
import { labelsOf } from '../tree/labels';
import { makeNetworkPolicy } from '../tree/network-policy';
import type { FetchInto } from './request';
import type { FetchedAdapter, ResolvedRun } from './resolve';

/** What a run needs on a volume before it may start. */
export interface PrepareRequest {
  readonly model?: FetchInto;
  readonly adapter?: FetchedAdapter;
  /** Data sets, one a directory. */
  readonly data: readonly FetchInto[];
  readonly packages?: { readonly requirements: string; readonly directory: string; readonly indexUrl?: string };
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
    request: { model, adapter, data, packages },
    markers: parts.map(({ directory }) => `${directory}/.complete`),
    pythonPath: packages === undefined ? [] : [packages.directory],
    near,
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

/** How and where the Job runs. */
interface PrepareOptions extends PodSettings {
  readonly request: PrepareRequest;
  readonly target: MountedClaim & { readonly mountPath: string };
  readonly image: string;
}

/**
 * A CPU Job that fills a volume: fetches a model, installs packages that the image lacks. Made under the volume's
 * construct, once for each distinct request, so that runs share it.
 */
export function prepare(
  volume: Construct & { readonly _filling: Filling },
  resolved: ResolvedRun,
  { request, near }: Prepared,
): void {
  if (request === undefined) return;
  const { imagePullSecrets, serviceAccountName, user, nodes, target, image, destinations } = resolved;
  const options: PrepareOptions = {
    ...volume._filling,
    imagePullSecrets,
    serviceAccountName,
    user,
    scheduling: nodes.scheduling,
    near,
    request,
    target,
    image: image.reference,
  };
  const file = requestFile(request);
  const tokens = tokensOf(fetchedOf(request));
  // The file doesn't name the tokens, and a run with another one must not be given the first one's Job.
  const id = `Prepare-${digest({ ...options, request: file, tokens: tokens.length === 0 ? undefined : tokens })}`;
  const restricted = destinations !== undefined;
  if (volume.node.tryFindChild(id) === undefined) makePrepareJob(volume, id, options, restricted, file);
  // One run of the volume that wants no policy is enough.
  else if (!restricted) volume.node.findChild(id).node.tryRemoveChild('NetworkPolicy');
}

function makePrepareJob(
  volume: Construct,
  id: string,
  options: PrepareOptions,
  restricted: boolean,
  requestFile: object,
): void {
  const owner = new Construct(volume, id);
  const { request } = options;
  const files: PrepareFiles = {
    'prepare.py': runtimeFile('prepare.py'),
    'request.json': `${JSON.stringify(requestFile, null, 2)}\n`,
    ...(request.packages === undefined ? {} : { 'requirements.txt': request.packages.requirements }),
  };
  const configMap = prepareFiles(volume, id, files);
  const labels = { ...options.labels, ...labelsOf(volume), 'app.kubernetes.io/component': 'prepare', ...options.near };
  const fetched = fetchedOf(request);
  const template = podTemplate(
    preparePod({
      ...podSettings(options),
      labels,
      image: options.image,
      configMap,
      target: options.target,
      tokens: tokensOf(fetched),
    }),
  );
  const manifest = jobOf({
    name: jobName(nameParts(volume), { template }, 'prepare'),
    labels,
    annotations: options.annotations,
    template,
    backoffLimit: PREPARE_BACKOFF_LIMIT,
    failurePolicy: podFailurePolicy(PREPARE),
  });
  if (restricted) {
    const urls = [...fetched.map(({ origin }) => origin.endpoint), request.packages?.indexUrl];
    makeNetworkPolicy(owner, 'NetworkPolicy', manifest.metadata.labels, {
      jobName: manifest.metadata.name,
      destinations: [],
      ports: portsOf(urls.filter((url) => url !== undefined)),
      peers: false,
    });
  }
  makeJob(owner, 'Resource', manifest);
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

function part({ origin: { endpoint }, what, directory }: FetchInto): object {
  return { ...what, ...(endpoint === undefined ? {} : { endpoint }), directory };
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
