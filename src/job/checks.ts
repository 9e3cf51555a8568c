import { guarded } from '../judge/guarded';
import { secretFindings, textsOf, withNames } from '../judge/secrets';
import { annotationProblems, labelProblems, objectNameProblems, variableProblems } from '../kubernetes/name-problems';
import { networkTrackers } from '../kubernetes/network-policy';
import { tooLittle, unavailable } from '../kubernetes/resources';
import { OWNED_VARIABLES } from '../kubernetes/trainer-env';
import { type Finding, type Problem, Severity } from '../run/finding';
import { withoutTrailingSlashes } from '../run/trailing-slashes';
import { ownedArguments } from './owned-arguments';
import { type AskedFor, propProblems } from './prop-problems';
import type { RunRequest } from './request';
import type { ResolvedRun } from './resolve';
import { smokeFindings } from './smoke-config';
import { unplannedFindings } from './unplanned';

/** What is wrong with a run: what its arguments say, and what is asked for beside them. Whatever it holds, nothing throws. */
export function checkResolved(resolved: ResolvedRun): Finding[] {
  const { run, resources, nodes, smokeRun, numbers, judged, trainConfig } = resolved;
  const { host } = numbers;
  const { path } = run;
  const problems = [
    ...resolved.problems,
    ...guarded(path, 'props', () => propProblems(quantitiesOf(resolved))),
    ...guarded(path, 'names', () => nameProblems(resolved)),
    ...guarded(path, 'networkAccess', () => trackerProblems(resolved)),
    ...guarded(path, 'source', () => sourceProblems(resolved)),
  ];
  return [
    // Of a file that holds nothing all that can be said is that.
    ...(trainConfig?.readable === false ? [] : judged.findings),
    ...('failed' in judged.numbers ? [judged.numbers.failed] : []),
    ...problems.map((problem) => ({ ...problem, severity: Severity.ERROR, path })),
    ...guarded(path, 'resources', () => [
      ...tooLittle(path, run.gpus, host, resources),
      ...unavailable(path, run.gpus, resources, host, nodes),
    ]),
    ...guarded(path, 'secrets', () => secretFindings(path, manifestTexts(resolved))),
    ...guarded(path, 'smoke', () => (smokeRun === undefined ? [] : smokeFindings(run, smokeRun))),
    ...ownedArguments(resolved),
    ...gateFindings(resolved),
    ...unplannedFindings(resolved),
  ];
}

function quantitiesOf({
  run,
  resources,
  cpus,
  backoffLimit,
  user,
  waves,
  prepareTimeoutSeconds,
}: ResolvedRun): AskedFor {
  return {
    ...resources,
    gpus: run.gpus,
    cpus: cpus ?? 1,
    backoffLimit,
    runAsUser: user.runAsUser,
    datasets: run.datasets.map(({ name }) => name),
    uselessTimeout: waves && prepareTimeoutSeconds !== undefined,
  };
}

/** A tracker that the pod can't reach would hold the run up, or end it. */
function trackerProblems({ destinations, run, env }: ResolvedRun): Problem[] {
  const trackers = networkTrackers(run, env);
  if (destinations?.length !== 0 || trackers.length === 0) return [];
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
function sourceProblems({ location, adapter, datasets }: ResolvedRun): Problem[] {
  const sources = [
    { key: 'modelCache', origin: location.fetch?.origin },
    { key: 'adapter', origin: adapter?.fetch?.origin },
    ...datasets.map(({ name, fetch }) => ({ key: `dataset ${name}`, origin: fetch?.origin })),
  ];
  return (['modelscope', 'huggingface'] as const).flatMap((hub) => {
    const ofHub = sources.flatMap(({ key, origin }) => (origin?.hub === hub ? [{ key, origin }] : []));
    const endpoints = ofHub.map(({ key, origin }) => [
      key,
      origin.endpoint === undefined ? 'the hub itself' : withoutTrailingSlashes(origin.endpoint),
    ]);
    const tokens = ofHub.flatMap(({ key, origin: { token } }) =>
      token === undefined ? [] : [[key, `${token.secretName}/${token.key}`]],
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
      message: `model, adapter and data of one hub are fetched by one Job, with one ${what}`,
      got: values.map(([key, value]) => `${key}: ${value}`).join(', '),
      allowed: `one ${prop} for all sources of a hub`,
      change: `give them the same ${prop}, or take one from elsewhere`,
    },
  ];
}

/** Names and keys that Kubernetes takes no part of. */
function nameProblems(asked: RunRequest): Problem[] {
  return [
    ...objectNameProblems('serviceAccountName', asked.serviceAccountName),
    ...objectNameProblems('priorityClassName', asked.priorityClassName),
    ...(asked.imagePullSecrets ?? []).flatMap((name) => objectNameProblems('imagePullSecrets', name)),
    ...labelProblems('labels', asked.labels),
    ...annotationProblems('annotations', asked.annotations),
    ...variableProblems('env', asked.env),
    ...ownedVariables(asked.env),
  ];
}

function ownedVariables(env: Readonly<Record<string, string>> = {}): Problem[] {
  return Object.entries(OWNED_VARIABLES)
    .filter(([name]) => Object.hasOwn(env, name))
    .map(([name, change]) => ({
      id: 'owned-variable',
      key: `env.${name}`,
      message: 'the run sets this variable itself, and another value would contradict the run',
      got: env[name],
      change,
    }));
}

/** Texts that reach the manifest by no ConfigMap; a variable with its name, by which some secrets are known. */
function manifestTexts({ env, labels, annotations, podTemplate, packageIndex }: ResolvedRun): Record<string, string> {
  const variables = Object.entries(env).map(([name, value]) => [`env.${name}`, `${name}=${value}`]);
  return {
    ...Object.fromEntries(variables),
    ...textsOf({ labels, annotations, packageIndex }, ''),
    ...withNames(textsOf(podTemplate ?? {}, 'podTemplate')),
  };
}

/** A pod that waits for preflight holds its GPUs for it. */
function gateFindings({ preflight, waves, path }: RunRequest): Finding[] {
  if (!preflight || waves) return [];
  return [
    {
      id: 'preflight-holds-gpus',
      severity: Severity.WARNING,
      path,
      key: 'preflight',
      message:
        'the training pod holds its GPUs while preflight tokenises: only with Gate.waves() is it made afterwards',
      got: 'preflight: true, gate: Gate.wait()',
      change: 'set gate: Gate.waves() and apply in two steps (docs/gitops.md), or take preflight out',
    },
  ];
}
