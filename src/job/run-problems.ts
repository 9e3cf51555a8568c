import type { FineTuningJobProps } from '../fine-tuning-job-props';
import { textsOf } from '../judge/secrets';
import { annotationProblems, labelProblems, objectNameProblems, variableProblems } from '../kubernetes/name-problems';
import { networkTrackers } from '../kubernetes/network-policy';
import type { PodResources } from '../kubernetes/resources';
import { NetworkAccess } from '../network-access';
import type { Problem } from '../run/finding';
import type { Run } from '../run/run';
import type { AskedFor } from './prop-problems';
import type { ResolvedRun } from './resolved-run';

/** What the run may reach: its prop, or its default. */
export function accessOf({ networkAccess }: FineTuningJobProps): NetworkAccess {
  return networkAccess ?? NetworkAccess.restricted();
}

/** What is wrong with the network a run is given: a tracker that it can't reach would hold it up, or end it. */
export function networkProblems(props: FineTuningJobProps, run: Run): Problem[] {
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

/**
 * Sources of one hub that differ in address or token. The prepare Job's library of a hub reads both from variables, once;
 * and a token must not reach a server that it isn't for.
 */
export function sourceProblems({ location, datasets }: ResolvedRun): Problem[] {
  const sources = [
    { key: 'modelCache', source: location.fetch?.source },
    ...datasets.map(({ name, fetch }) => ({ key: `dataset ${name}`, source: fetch?.source })),
  ];
  return (['modelscope', 'huggingface'] as const).flatMap((hub) => {
    const ofHub = sources.flatMap(({ key, source }) => (source?._origin.hub === hub ? [{ key, source }] : []));
    const endpoints = ofHub.map(({ key, source }) => [
      key,
      source._origin.endpoint?.replace(/\/+$/, '') ?? 'the hub itself',
    ]);
    const tokens = ofHub.flatMap(({ key, source: { _token: token } }) =>
      token === undefined ? [] : [[key, `${token.secret.name}/${token.key}`]],
    );
    return [...different(endpoints, 'address', 'endpoint'), ...different(tokens, 'token', 'token')];
  });
}

function different(values: readonly string[][], what: string, prop: string): Problem[] {
  if (new Set(values.map(([, value]) => value)).size <= 1) return [];
  return [
    {
      id: 'contradictory-props',
      key: 'dataset',
      message: `model and data of one hub are fetched by one Job, with one ${what}`,
      got: values.map(([key, value]) => `${key}: ${value}`).join(', '),
      allowed: `one ${prop} for all sources of a hub`,
      change: `give them the same ${prop}, or take one from elsewhere`,
    },
  ];
}

/** Names and keys that Kubernetes takes no part of. */
export function nameProblems(props: FineTuningJobProps): Problem[] {
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
export function manifestTexts(props: FineTuningJobProps): Record<string, string> {
  const { env = {}, labels = {}, annotations = {}, podTemplate: patch = {} } = props;
  const variables = Object.entries(env).map(([name, value]) => [`env.${name}`, `${name}=${value}`]);
  return {
    ...Object.fromEntries(variables),
    ...textsOf({ labels, annotations, podTemplate: patch, packageIndex: props.packageIndex }, ''),
  };
}

/** What is asked for, to be checked; what follows from the node pool is checked there. */
export function askedFor(props: FineTuningJobProps, resources: PodResources, run: Run): AskedFor {
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
