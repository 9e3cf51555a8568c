import { Construct } from 'constructs';
import { jobSpec } from '../kubernetes/job';
import { JOB_NAME_LENGTH } from '../kubernetes/names';
import { portsOf } from '../kubernetes/network-policy';
import { type PodSettings, podSettings, podTemplate } from '../kubernetes/pod-template';
import { type HubToken, PREPARE_PATH, preparePod } from '../kubernetes/prepare-pod';
import { runtimeFile } from '../kubernetes/runtime-file';
import type { MountedClaim } from '../kubernetes/training-pod';
import type { Fetch } from '../model-cache';
import { digest } from '../run/digest';
import { constructName } from '../tree/construct-name';
import { contentConfigMap } from '../tree/content-config-map';
import { reportNamed } from '../tree/findings';
import { labelsOf } from '../tree/labels';
import { NamedObject } from '../tree/outside-patches';
import { makeNetworkPolicy } from './run-network-policy';

/** What is fetched, from where, and to which directory of the pod. */
export interface FetchInto extends Fetch {
  readonly directory: string;
}

/** What a run needs on a volume before it may start. */
export interface PrepareRequest {
  readonly model?: FetchInto;
  /** Data sets, one a directory. */
  readonly data: readonly FetchInto[];
  readonly packages?: { readonly requirements: string; readonly directory: string; readonly indexUrl?: string };
}

/** How and where the Job runs. */
export interface PrepareOptions extends PodSettings {
  readonly request: PrepareRequest;
  readonly target: MountedClaim & { readonly mountPath: string };
  readonly image: string;
  /** Whether a network policy limits what the pod reaches. */
  readonly restricted: boolean;
}

/**
 * A CPU Job that fills a volume: fetches a model, installs packages that the image lacks. Made under the volume's
 * construct, once for each distinct request, so that runs share it.
 * @returns the marker files it leaves, as pods see them
 */
export function prepare(volume: Construct, { restricted, ...options }: PrepareOptions): string[] {
  const { request } = options;
  const file = requestFile(request);
  const tokens = tokensOf(fetchedOf(request));
  // The file doesn't name the tokens, and a run with another one must not be given the first one's Job.
  const id = `Prepare-${digest({ ...options, request: file, tokens: tokens.length === 0 ? undefined : tokens })}`;
  if (volume.node.tryFindChild(id) === undefined) makeJob(volume, id, { ...options, restricted }, file);
  // One run of the volume that wants no policy is enough.
  else if (!restricted) volume.node.findChild(id).node.tryRemoveChild('NetworkPolicy');
  const directories = [request.model?.directory, ...request.data.map(({ directory }) => directory)];
  return [...directories, request.packages?.directory].flatMap((directory) =>
    directory === undefined ? [] : [`${directory}/.complete`],
  );
}

function makeJob(volume: Construct, id: string, options: PrepareOptions, requestFile: object): void {
  const owner = new Construct(volume, id);
  const { request } = options;
  const files = {
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
  const name = constructName(volume, { parts: ['prepare'], suffix: digest(template), maxLength: JOB_NAME_LENGTH });
  if (options.restricted) {
    const urls = [...fetched.map(({ source }) => source._origin.endpoint), request.packages?.indexUrl];
    makeNetworkPolicy(owner, 'NetworkPolicy', labels, {
      jobName: name,
      destinations: [],
      ports: portsOf(urls.filter((url) => url !== undefined)),
      peers: false,
    });
  }
  const object = new NamedObject(owner, 'Resource', {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      labels,
      ...(Object.keys(options.annotations).length > 0 ? { annotations: { ...options.annotations } } : {}),
    },
    spec: jobSpec(template, { backoffLimit: 6, failurePolicy: false }),
  });
  reportNamed({ object, part: 'spec.template', content: template });
}

const configMaps = new WeakMap<Construct, Map<string, string>>();

/** The ConfigMap of a Job: Jobs that differ in their pod alone, as in user or token, share it. */
function prepareFiles(volume: Construct, id: string, files: Record<string, string>): string {
  const made = configMaps.get(volume) ?? new Map<string, string>();
  configMaps.set(volume, made);
  const content = digest(files);
  const name = made.get(content) ?? contentConfigMap(volume, `${id}-Files`, files, 'prepare').name;
  made.set(content, name);
  return name;
}

function fetchedOf({ model, data }: PrepareRequest): FetchInto[] {
  return [...(model === undefined ? [] : [model]), ...data];
}

/** The request as prepare.py reads it. */
function requestFile({ model, data, packages }: PrepareRequest): object {
  return {
    ...(model === undefined ? {} : { model: part(model) }),
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

function part({ source, what, directory }: FetchInto): object {
  const { endpoint } = source._origin;
  return { ...what, ...(endpoint === undefined ? {} : { endpoint }), directory };
}

/** The tokens of the sources, one a hub: that a hub has no two of them is checked with the run. */
function tokensOf(fetched: readonly FetchInto[]): HubToken[] {
  const tokens = new Map<string, HubToken>();
  for (const { source } of fetched) {
    const variable = source._origin.hub === 'modelscope' ? 'MODELSCOPE_API_TOKEN' : 'HF_TOKEN';
    const token = source._token;
    if (token !== undefined) tokens.set(variable, { variable, secretName: token.secret.name, key: token.key });
  }
  return [...tokens.values()];
}
