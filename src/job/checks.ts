import { guarded } from '../judge/guarded';
import { secretFindings, textsOf, withNames } from '../judge/secrets';
import { hasMovingTag, isPinned } from '../kubernetes/image-reference';
import { annotationProblems, labelProblems, objectNameProblems, variableProblems } from '../kubernetes/name-problems';
import { PREPARE_OWNED_VARIABLES } from '../kubernetes/prepare-pod';
import { tooLittle, unavailable } from '../kubernetes/resources';
import { OWNED_VARIABLES, ownedVariable } from '../kubernetes/trainer-env';
import { wayOutVariables } from '../kubernetes/way-out';
import { digest } from '../run/digest';
import { type Finding, type Problem, Severity } from '../run/finding';
import { withoutTrailingSlashes } from '../run/trailing-slashes';
import { gpuFindings } from './gpu-findings';
import { ownedArguments } from './owned-arguments';
import { cpuPlacement } from './placement';
import { preparedOf } from './prepare-job';
import { type AskedFor, propProblems } from './prop-problems';
import type { RequestedCpuPod, RequestedPod, RunRequest } from './request';
import type { ResolvedRun } from './resolve';
import { smokeFindings } from './smoke-config';
import { unplannedFindings } from './unplanned';

/** What is wrong with a run: what its arguments say, and what is asked for beside them. Whatever it holds, nothing throws. */
export function checkResolved(resolved: ResolvedRun): Finding[] {
  const { run, resources, nodes, smokeRun, numbers, judged, trainConfig } = resolved;
  const { host } = numbers;
  const { path } = run;
  const ofNetwork = wayOutVariables(resolved.network);
  const ofTrackers = resolved.trackers.length === 0 ? {} : ofNetwork;
  const problems = [
    ...resolved.problems,
    ...guarded(path, 'props', () => propProblems(quantitiesOf(resolved))),
    ...guarded(path, 'names', () => nameProblems(resolved)),
    ...guarded(path, 'names', () => podProblems('', resolved, { ...OWNED_VARIABLES, ...ofTrackers })),
    ...guarded(path, 'names', () =>
      podProblems('preparePod.', resolved.preparePod, { ...PREPARE_OWNED_VARIABLES, ...ofNetwork }),
    ),
    ...guarded(path, 'names', () => podProblems('preflightPod.', resolved.preflightPod, OWNED_VARIABLES)),
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
    ...guarded(path, 'nodePool', () => gpuFindings(resolved)),
    ...ownedArguments(resolved),
    ...gateFindings(resolved),
    ...unplannedFindings(resolved),
    ...guarded(path, 'nodePool', () => apartFindings(resolved)),
    ...tagFindings(resolved),
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
function trackerProblems({ network: { restricted, proxy }, trackers }: ResolvedRun): Problem[] {
  if (restricted?.destinations.length !== 0 || proxy !== undefined || trackers.length === 0) return [];
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
    ...(asked.imagePullSecrets ?? []).flatMap((name) => objectNameProblems('imagePullSecrets', name)),
  ];
}

/**
 * Names and keys of a pod, and variables that it must not be given.
 * @param at what stands before its props
 */
function podProblems(at: string, asked: RequestedPod, owned: Readonly<Record<string, string>>): Problem[] {
  const { env = {} } = asked;
  return [
    ...objectNameProblems(`${at}priorityClassName`, asked.priorityClassName),
    ...objectNameProblems(`${at}schedulerName`, asked.schedulerName),
    ...labelProblems(`${at}labels`, asked.labels),
    ...annotationProblems(`${at}annotations`, asked.annotations),
    ...variableProblems(`${at}env`, env),
    ...Object.keys(owned)
      .filter((name) => Object.hasOwn(env, name))
      .map((name) => ownedVariable(`${at}env.${name}`, name, env[name], owned)),
    ...referringVariables(`${at}env`, env),
  ];
}

/** Kubernetes puts another variable in the place of $(NAME), or doesn't, by the order in which a pod lists them. */
function referringVariables(at: string, env: Readonly<Record<string, string>>): Problem[] {
  return Object.entries(env)
    .filter(([, value]) => value.includes('$('))
    .map(([name]) => ({
      id: 'variable-reference',
      key: `${at}.${name}`,
      message: 'Kubernetes would put another variable in the place of $(…), if the pod lists it before this one',
      allowed: 'a value without $(',
      change:
        "write the value itself; what Kubernetes is to fill in goes into podTemplate (env of the pod's container), where $$(…) is the text $(…)",
    }));
}

/** Texts that reach the manifest by no ConfigMap; a variable with its name, by which some secrets are known. */
function manifestTexts(resolved: ResolvedRun): Record<string, string> {
  return {
    ...podTexts('', resolved),
    ...podTexts('preparePod.', resolved.preparePod),
    ...podTexts('preflightPod.', resolved.preflightPod),
    ...textsOf({ packageIndex: resolved.packageIndex }, ''),
    ...withNames({ image: resolved.image.reference }),
  };
}

function podTexts(at: string, { env = {}, labels, annotations, podTemplate }: RequestedPod): Record<string, string> {
  const variables = Object.entries(env).map(([name, value]) => [`${at}env.${name}`, `${name}=${value}`]);
  return {
    ...Object.fromEntries(variables),
    ...textsOf(labels ?? {}, `${at}labels`),
    ...textsOf(annotations ?? {}, `${at}annotations`),
    ...withNames(textsOf(podTemplate ?? {}, `${at}podTemplate`)),
  };
}

/**
 * A pod without GPUs that is sent to other nodes than a pod that waits for it, while a volume that both mount can be
 * attached to one node at a time: whoever comes first keeps the other from starting.
 */
function apartFindings(resolved: ResolvedRun): Finding[] {
  const { path, nodes, target, models, saves, preparePod, preflightPod, preflight, waves } = resolved;
  if (![preparePod, preflightPod].some(isSentElsewhere)) return [];
  const placed = ({ scheduling }: RequestedCpuPod) => cpuPlacement(scheduling, nodes.scheduling, {}, [{}]).scheduling;
  const pods = [
    ...(preparedOf(resolved).request === undefined
      ? []
      : [{ key: 'preparePod', asked: preparePod, at: placed(preparePod), claims: [target] }]),
    ...(preflight
      ? [{ key: 'preflightPod', asked: preflightPod, at: placed(preflightPod), claims: [models, saves] }]
      : []),
    ...(waves ? [] : [{ key: 'the training pod', asked: {}, at: nodes.scheduling, claims: [models, saves] }]),
  ];
  return pods
    .filter(({ asked }) => isSentElsewhere(asked))
    .flatMap(({ key, at, claims }) => {
      const names = new Set(claims.filter((claim) => claim.readWriteMany === false).map(({ claimName }) => claimName));
      const other = pods.find(
        (each) => digest(each.at) !== digest(at) && each.claims.some(({ claimName }) => names.has(claimName)),
      );
      if (other === undefined) return [];
      return [
        {
          id: 'pods-apart',
          severity: Severity.WARNING,
          path,
          key: `${key}.nodePool`,
          message: `a volume that one node at a time can mount is needed on two: ${other.key} goes elsewhere and waits at the same time`,
          got: `${[...names].join(', ')}: ReadWriteOnce`,
          change:
            'make the volume with readWriteMany: true, leave nodePool out, or acknowledge it where both mean the same node',
        },
      ];
    });
}

function isSentElsewhere({ scheduling }: RequestedCpuPod): boolean {
  return scheduling !== undefined && scheduling !== 'run';
}

/** What a tag means can change, and the run's name and directory would not tell. */
function tagFindings({ path, image }: RunRequest): Finding[] {
  if (!isPinned(image.reference) || !hasMovingTag(image.reference)) return [];
  return [
    {
      id: 'image-tag-moves',
      severity: Severity.WARNING,
      path,
      key: 'image',
      message:
        'this tag is made to be moved: a pod trains with what it means when its node pulls it, and nothing of the run tells which',
      got: image.reference,
      allowed: 'name@sha256:…, or a tag with a version, date or commit in it',
      change: 'name the digest; or acknowledge it where your registry lets no tag be moved',
    },
  ];
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
