import type { Container, PodSpec, PodTemplateSpec } from 'kubernetes-types/core/v1';
import { type Finding, Severity } from '../run/finding';
import type { Mapping } from '../run/run';
import { CLAIM } from './gpu-request';
import { isPinned } from './image-reference';
import { JOB_LABEL } from './labels';
import { mergePodTemplate } from './merge-pod-template';
import { restrictedViolations } from './pod-security';
import { podShapeProblems } from './pod-shape';
import { ownedVariable } from './trainer-env';
import { unknownFields } from './unknown-fields';

/** A pod template after a user's patch, and what is wrong with it now. */
export interface PatchedPod {
  readonly template: PodTemplateSpec;
  readonly findings: readonly Finding[];
  /** ConfigMaps and claims that the patch names: they need not be made here. */
  readonly named: readonly string[];
}

/** A pod that can be patched: the prop that patches it, and what it must go on doing. */
export interface PatchablePod {
  /** `podTemplate`, or `preparePod.podTemplate`. */
  readonly prop: string;
  /** The container that does the work, and its program. */
  readonly container: string;
  readonly program: string;
  /** What isn't done where the program isn't started. */
  readonly undone: string;
  /** How the container's command must end. */
  readonly command: string;
  /** What is set already of its variables, and what to do instead of setting it. */
  readonly ownedVariables: Readonly<Record<string, string>>;
}

/** What a container of the user's has, unless it says otherwise, so that `restricted` admits the pod. */
const HARDENED = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };

/**
 * Merges a patch into a pod's template and looks at the result: what the run needs must still be there, and what the
 * namespace may refuse is said.
 * @param path the construct's path, for findings
 */
export function patchedPod(path: string, template: PodTemplateSpec, patch: Mapping, pod: PatchablePod): PatchedPod {
  const misshapen = podShapeProblems(path, patch, pod.prop);
  if (misshapen.length > 0) return { template, findings: misshapen, named: [] };
  const merged = hardenAdded(mergePodTemplate(template, patch), template);
  const before = template.spec ?? { containers: [] };
  const after = merged.spec ?? { containers: [] };
  const finding = (severity: Severity, key: string, message: string, more: Partial<Finding> = {}): Finding => ({
    id: 'pod-template',
    severity,
    path,
    key: `${pod.prop}.${key}`,
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
      ...unknownFields(path, patch, pod.prop),
      ...ownLabels(template, merged, finding),
      ...ownContainer(pod, before, after, finding),
      ...ownedVariables(path, pod, patch),
      ...otherContainers(pod, before, after, finding),
      ...withoutResources(before, after, finding),
      ...imageFindings(path, pod, before, after),
      ...tokenFindings(path, pod.prop, after),
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

function ownContainer(
  { container, program, undone, command }: PatchablePod,
  before: PodSpec,
  after: PodSpec,
  make: Make,
): Finding[] {
  const findings: Finding[] = [];
  const was = containerIn(before, container);
  const is = containerIn(after, container);
  if (after.restartPolicy !== 'Never') {
    findings.push(
      make(Severity.ERROR, 'spec.restartPolicy', "the Job's failure policy needs pods that are never restarted", {
        got: String(after.restartPolicy),
        allowed: 'Never',
      }),
    );
  }
  const owned = extendedResources(was);
  const watched = owned.length > 0 ? owned : extendedResources(is).filter((resource) => GPUS.test(resource));
  for (const amounts of ['limits', 'requests'] as const) {
    for (const resource of watched) {
      const gpus = was?.resources?.[amounts]?.[resource];
      const got = is?.resources?.[amounts]?.[resource];
      if (String(got) === String(gpus)) continue;
      findings.push(
        make(
          Severity.ERROR,
          `spec.containers.${container}.resources.${amounts}`,
          gpus === undefined ? 'the pod works without GPUs' : 'the run is planned for its GPUs',
          {
            got: got === undefined ? 'none' : String(got),
            allowed: gpus === undefined ? 'none' : String(gpus),
            change: gpus === undefined ? 'take it out' : "set the prop 'gpus'",
          },
        ),
      );
    }
  }
  if (claimsGpus(was) && !(claimsGpus(is) && templateOf(before) === templateOf(after))) {
    findings.push(
      make(Severity.ERROR, 'spec.resourceClaims', 'the run is planned for the GPUs that it claims', {
        got: JSON.stringify({ pod: after.resourceClaims ?? [], [container]: is?.resources?.claims ?? [] }),
        allowed: `the claim ${CLAIM}, from ${templateOf(before)}, in the pod and in ${container}`,
        change: "leave the claim as it is; say what it asks for in the pool's deviceClaim",
      }),
    );
  }
  if (is?.image !== was?.image) {
    findings.push(
      make(Severity.ERROR, `spec.containers.${container}.image`, 'the run is checked and named by another image', {
        got: String(is?.image),
        allowed: was?.image,
        change: "set the prop 'image', which says what is in it too",
      }),
    );
  }
  if (![...(is?.command ?? []), ...(is?.args ?? [])].some((word) => word.includes(program))) {
    findings.push(
      make(Severity.WARNING, `spec.containers.${container}.command`, `${program} is not started: ${undone}`, {
        got: JSON.stringify(is?.command),
        change: `let the command end in: ${command}`,
      }),
    );
  }
  return findings;
}

/** Variables of the pod's container that the library sets itself, and that the patch names. */
function ownedVariables(
  path: string,
  { prop, container, ownedVariables: owned }: PatchablePod,
  patch: Mapping,
): Finding[] {
  const { containers } = (patch['spec'] ?? {}) as Partial<PodSpec>;
  return (containers ?? [])
    .filter(({ name }) => name === container)
    .flatMap(({ env }) => env ?? [])
    .filter(({ name }) => Object.hasOwn(owned, name))
    .map(({ name, value }) => ({
      ...ownedVariable(`${prop}.spec.containers.${container}.env.${name}`, name, value, owned),
      severity: Severity.ERROR,
      path,
    }));
}

function otherContainers({ container }: PatchablePod, before: PodSpec, after: PodSpec, make: Make): Finding[] {
  const known = new Set(containersOf(before).map(({ name }) => name));
  const beside = (after.containers ?? []).filter(({ name }) => !known.has(name));
  const own = containerIn(before, container);
  const resources = extendedResources(own);
  const taken = ({ resources: asked }: Container): number =>
    Object.entries(asked?.limits ?? {})
      .filter(([resource]) => (resources.length > 0 ? resources.includes(resource) : GPUS.test(resource)))
      .reduce((sum, [, amount]) => sum + Number(amount), 0);
  const takers = containersOf(after).filter(
    (each) => each.name !== container && (taken(each) > 0 || (claimsGpus(own) && claimsGpus(each))),
  );
  return [
    ...beside.map(({ name }) =>
      make(Severity.WARNING, `spec.containers.${name}`, 'the Job ends only when this container has ended too', {
        change: `put it under initContainers with restartPolicy: Always, which ends with the container ${container}`,
      }),
    ),
    ...takers.map((each) =>
      make(Severity.WARNING, `spec.containers.${each.name}.resources`, `a container beside ${container} takes GPUs`, {
        got: claimsGpus(each) ? `the claim ${CLAIM}` : String(taken(each)),
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

/** Images beside the pod's own that are another thing tomorrow. */
function imageFindings(path: string, { prop, container }: PatchablePod, before: PodSpec, after: PodSpec): Finding[] {
  const known = new Set(containersOf(before).map(({ image }) => image));
  return containersOf(after).flatMap(({ name, image }) =>
    image === undefined || name === container || known.has(image) || isPinned(image)
      ? []
      : [
          {
            id: 'image-not-pinned',
            severity: Severity.WARNING,
            path,
            key: `${prop}.spec.containers.${name}.image`,
            message: 'the image may change from one pod to the next: its reference has no tag, or the tag latest',
            got: image,
            allowed: 'name:tag, or name@sha256:…',
            change: 'name a release tag or a digest',
          },
        ],
  );
}

/** Tokens with which the training code, and what it loads, could speak to the API server or others. */
function tokenFindings(path: string, prop: string, pod: PodSpec): Finding[] {
  const finding = (key: string, message: string, got: string): Finding => ({
    id: 'service-account-token',
    severity: Severity.WARNING,
    path,
    key: `${prop}.spec.${key}`,
    message,
    got,
    allowed: 'none: training asks the API server nothing',
    change: 'take it out, or acknowledge it where the pod must prove who it is',
  });
  const { automountServiceAccountToken: automount } = pod;
  const mounted =
    'every container of the pod gets a token of its ServiceAccount: who runs code there can do what the account may';
  const projected = (pod.volumes ?? []).flatMap((volume) =>
    (volume.projected?.sources ?? []).flatMap(({ serviceAccountToken: token }) =>
      token === undefined
        ? []
        : [
            finding(
              `volumes.${volume.name}`,
              'the volume holds a token of the ServiceAccount, which code in the pod can use too',
              `for ${token.audience ?? 'the API server'}`,
            ),
          ],
    ),
  );
  return [
    ...(automount === false
      ? []
      : [
          finding(
            'automountServiceAccountToken',
            mounted,
            automount === undefined ? 'nothing, which means true' : 'true',
          ),
        ]),
    ...projected,
  ];
}

function containerIn(pod: PodSpec, name: string): Container | undefined {
  return (pod.containers ?? []).find((container) => container.name === name);
}

/** Names of extended resources that are GPUs, or parts of one. */
const GPUS = /gpu|\/mig-/;

/** What a container asks for that has an owner's name before it: GPUs. */
function extendedResources(container: Container | undefined): string[] {
  return Object.keys(container?.resources?.limits ?? {}).filter((resource) => resource.includes('/'));
}

function claimsGpus(container: Container | undefined): boolean {
  return (container?.resources?.claims ?? []).some(({ name }) => name === CLAIM);
}

/** The template from which the pod's GPUs are claimed. The types are older than the field. */
function templateOf(pod: PodSpec): unknown {
  const claims = (pod.resourceClaims ?? []) as ReadonlyArray<{ name: string; resourceClaimTemplateName?: string }>;
  return claims.find(({ name }) => name === CLAIM)?.resourceClaimTemplateName;
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
