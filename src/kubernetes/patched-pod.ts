import type { Container, PodSpec, PodTemplateSpec } from 'kubernetes-types/core/v1';
import { type Finding, Severity } from '../run/finding';
import type { Mapping } from '../run/run';
import { JOB_LABEL } from './labels';
import { mergePodTemplate } from './merge-pod-template';
import { restrictedViolations } from './pod-security';
import { podShapeProblems } from './pod-shape';
import { OWNED_VARIABLES, ownedVariable } from './trainer-env';
import { TRAINER } from './training-pod';
import { unknownFields } from './unknown-fields';

/** A pod template after a user's patch, and what is wrong with it now. */
export interface PatchedPod {
  readonly template: PodTemplateSpec;
  readonly findings: readonly Finding[];
  /** ConfigMaps and claims that the patch names: they need not be made here. */
  readonly named: readonly string[];
}

const GPU = 'nvidia.com/gpu';

/** What a container of the user's has, unless it says otherwise, so that `restricted` admits the pod. */
const HARDENED = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };

/**
 * Merges a patch into the training pod's template and looks at the result: what the run needs must still be there, and
 * what the namespace may refuse is said.
 * @param path the construct's path, for findings
 */
export function patchedPod(path: string, template: PodTemplateSpec, patch: Mapping): PatchedPod {
  const misshapen = podShapeProblems(path, patch);
  if (misshapen.length > 0) return { template, findings: misshapen, named: [] };
  const merged = hardenAdded(mergePodTemplate(template, patch), template);
  const before = template.spec ?? { containers: [] };
  const after = merged.spec ?? { containers: [] };
  const finding = (severity: Severity, key: string, message: string, more: Partial<Finding> = {}): Finding => ({
    id: 'pod-template',
    severity,
    path,
    key: `podTemplate.${key}`,
    message,
    ...more,
  });
  return {
    template: merged,
    findings: [
      ...directives(patch).map((key) =>
        finding(Severity.ERROR, key, "kubectl's patch directives are not understood here", {
          change: 'name the containers, volumes and variables to change; null takes a field out',
        }),
      ),
      ...unknownFields(path, patch),
      ...ownLabels(template, merged, finding),
      ...trainerFindings(before, after, finding),
      ...ownedVariables(path, patch),
      ...otherContainers(before, after, finding),
      ...withoutResources(before, after, finding),
      ...restrictedViolations(after).map(({ key, got, allowed }) =>
        finding(Severity.WARNING, `spec.${key}`, 'a namespace of the Pod Security level restricted refuses the pod', {
          got,
          allowed,
        }),
      ),
    ],
    named: namedObjects(after).filter((name) => !namedObjects(before).includes(name)),
  };
}

type Make = (severity: Severity, key: string, message: string, more?: Partial<Finding>) => Finding;

function hardenAdded(merged: PodTemplateSpec, template: PodTemplateSpec): PodTemplateSpec {
  const { spec } = merged;
  if (spec === undefined) return merged;
  const known = new Set(containersOf(template.spec ?? { containers: [] }).map(({ name }) => name));
  const harden = (container: Container): Container =>
    known.has(container.name)
      ? container
      : { ...container, securityContext: { ...HARDENED, ...container.securityContext } };
  return {
    ...merged,
    spec: {
      ...spec,
      ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(harden) }),
      containers: (spec.containers ?? []).map(harden),
    },
  };
}

function ownLabels(template: PodTemplateSpec, merged: PodTemplateSpec, make: Make): Finding[] {
  const own = template.metadata?.labels ?? {};
  // The Job gives its pod one more when it is named.
  return [...Object.keys(own), JOB_LABEL]
    .filter((key) => merged.metadata?.labels?.[key] !== own[key])
    .map((key) =>
      make(Severity.ERROR, `metadata.labels.${key}`, 'the label is set already, and others go by it', {
        got: merged.metadata?.labels?.[key] ?? 'nothing',
        allowed: own[key] ?? "the Job's name",
        change: "use another label, or the prop 'labels' for labels of your own",
      }),
    );
}

function trainerFindings(before: PodSpec, after: PodSpec, make: Make): Finding[] {
  const findings: Finding[] = [];
  const was = trainerOf(before);
  const is = trainerOf(after);
  if (after.restartPolicy !== 'Never') {
    findings.push(
      make(Severity.ERROR, 'spec.restartPolicy', "the Job's failure policy needs pods that are never restarted", {
        got: String(after.restartPolicy),
        allowed: 'Never',
      }),
    );
  }
  for (const amounts of ['limits', 'requests'] as const) {
    const gpus = was?.resources?.[amounts]?.[GPU];
    const got = is?.resources?.[amounts]?.[GPU];
    if (String(got) === String(gpus)) continue;
    findings.push(
      make(Severity.ERROR, `spec.containers.${TRAINER}.resources.${amounts}`, 'the run is planned for its GPUs', {
        got: got === undefined ? 'none' : String(got),
        allowed: String(gpus),
        change: "set the prop 'gpus'",
      }),
    );
  }
  if (![...(is?.command ?? []), ...(is?.args ?? [])].some((word) => word.includes('launch.sh'))) {
    findings.push(
      make(
        Severity.WARNING,
        `spec.containers.${TRAINER}.command`,
        'launch.sh is not started: exit codes, the lock on the output directory and the diagnosis are its work',
        { got: JSON.stringify(is?.command), change: 'let the command end in: bash /opt/launch/launch.sh' },
      ),
    );
  }
  return findings;
}

/** Variables of the trainer that the run sets itself, and that the patch names. */
function ownedVariables(path: string, patch: Mapping): Finding[] {
  const { containers } = (patch['spec'] ?? {}) as Partial<PodSpec>;
  return (containers ?? [])
    .filter(({ name }) => name === TRAINER)
    .flatMap(({ env }) => env ?? [])
    .filter(({ name }) => Object.hasOwn(OWNED_VARIABLES, name))
    .map(({ name, value }) => ({
      ...ownedVariable(`podTemplate.spec.containers.${TRAINER}.env.${name}`, name, value),
      severity: Severity.ERROR,
      path,
    }));
}

function otherContainers(before: PodSpec, after: PodSpec, make: Make): Finding[] {
  const known = new Set(containersOf(before).map(({ name }) => name));
  const beside = (after.containers ?? []).filter(({ name }) => !known.has(name));
  const takers = containersOf(after).filter(
    ({ name, resources }) => name !== TRAINER && Number(resources?.limits?.[GPU] ?? 0) > 0,
  );
  return [
    ...beside.map(({ name }) =>
      make(Severity.WARNING, `spec.containers.${name}`, 'the Job ends only when this container has ended too', {
        change: 'put it under initContainers with restartPolicy: Always, which ends with the trainer',
      }),
    ),
    ...takers.map(({ name, resources }) =>
      make(Severity.WARNING, `spec.containers.${name}.resources`, 'a container beside the trainer takes GPUs', {
        got: String(resources?.limits?.[GPU]),
        allowed: 'none',
      }),
    ),
  ];
}

/** Added containers that a quota on CPU or memory, and the kubelet when it evicts, hold against the whole pod. */
function withoutResources(before: PodSpec, after: PodSpec, make: Make): Finding[] {
  const known = new Set(containersOf(before).map(({ name }) => name));
  return containersOf(after)
    .filter(({ name }) => !known.has(name))
    .flatMap(({ name, resources }) => {
      const asked = { ...resources?.requests, ...resources?.limits };
      const missing = ['cpu', 'memory'].filter((resource) => asked[resource] === undefined);
      if (missing.length === 0) return [];
      return [
        make(
          Severity.WARNING,
          `spec.containers.${name}.resources`,
          'a namespace with a quota refuses the pod, unless a LimitRange fills in what is missing, and a node short of memory evicts it before others',
          {
            id: 'container-without-resources',
            got: `no ${missing.join(', no ')}`,
            change: "set the container's requests and limits",
          },
        ),
      ];
    });
}

function trainerOf(pod: PodSpec): Container | undefined {
  return (pod.containers ?? []).find(({ name }) => name === TRAINER);
}

function containersOf(pod: PodSpec): Container[] {
  return [...(pod.initContainers ?? []), ...(pod.containers ?? [])];
}

function namedObjects(pod: PodSpec): string[] {
  return (pod.volumes ?? []).flatMap(({ configMap, persistentVolumeClaim }) => [
    ...(configMap?.name === undefined ? [] : [configMap.name]),
    ...(persistentVolumeClaim === undefined ? [] : [persistentVolumeClaim.claimName]),
  ]);
}

/** Where a patch has a key like `$patch`, at any depth. */
function directives(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => directives(item, `${path}[${i}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = path === '' ? key : `${path}.${key}`;
    return key.startsWith('$') ? [at] : directives(inner, at);
  });
}
