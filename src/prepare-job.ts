import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { jobSpec } from './kubernetes/job';
import { JOB_NAME_LENGTH } from './kubernetes/names';
import { networkPolicySpec, portsOf } from './kubernetes/network-policy';
import { type PodSettings, podSettings, podTemplate } from './kubernetes/pod-template';
import { PREPARE_PATH, preparePod } from './kubernetes/prepare-pod';
import type { MountedClaim } from './kubernetes/training-pod';
import type { ModelSource } from './model-source';
import { constructName } from './private/construct-name';
import { contentConfigMap } from './private/content-config-map';
import { digest } from './private/digest';
import { reportNamed } from './private/findings';
import { labelsOf } from './private/labels';
import { NamedObject } from './private/outside-patches';
import { runtimeFile } from './private/runtime-file';

/** What a run needs on a volume before it may start. */
export interface PrepareRequest {
  readonly model?: { readonly source: ModelSource; readonly repository: string; readonly directory: string };
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
  const id = `Prepare-${digest({ ...options, request: file })}`;
  if (volume.node.tryFindChild(id) === undefined) makeJob(volume, id, { ...options, restricted }, file);
  // One run of the volume that wants no policy is enough.
  else if (!restricted) volume.node.findChild(id).node.tryRemoveChild('NetworkPolicy');
  return [request.model?.directory, request.packages?.directory].flatMap((directory) =>
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
  const configMap = contentConfigMap(volume, `${id}-Files`, files, 'prepare');
  const labels = { ...options.labels, ...labelsOf(volume), 'app.kubernetes.io/component': 'prepare', ...options.near };
  const token = request.model?.source._options.token;
  const template = podTemplate(
    preparePod({
      ...podSettings(options),
      labels,
      image: options.image,
      configMap: configMap.name,
      target: options.target,
      token:
        token === undefined
          ? undefined
          : {
              variable: request.model?.source._hub === 'modelscope' ? 'MODELSCOPE_API_TOKEN' : 'HF_TOKEN',
              secretName: token.secret.name,
              key: token.key,
            },
    }),
  );
  const name = constructName(volume, { parts: ['prepare'], suffix: digest(template), maxLength: JOB_NAME_LENGTH });
  if (options.restricted) {
    const urls = [request.model?.source._options.endpoint, request.packages?.indexUrl];
    new ApiObject(owner, 'NetworkPolicy', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name, labels },
      spec: networkPolicySpec({
        jobName: name,
        destinations: [],
        ports: portsOf(urls.filter((url) => url !== undefined)),
        peers: false,
      }),
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

/** The request as prepare.py reads it. */
function requestFile({ model, packages }: PrepareRequest): object {
  return {
    ...(model === undefined
      ? {}
      : {
          model: {
            hub: model.source._hub,
            repository: model.repository,
            revision: model.source.revision,
            ...(model.source._options.endpoint === undefined ? {} : { endpoint: model.source._options.endpoint }),
            directory: model.directory,
          },
        }),
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
