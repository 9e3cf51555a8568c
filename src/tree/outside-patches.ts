import { ApiObject, type JsonPatch } from 'cdk8s';
import { type Finding, Severity } from '../run/finding';
import { constructPath } from './construct-name';

/** An object whose name follows from its content. It knows if it was patched, so that the others aren't rendered twice. */
export class NamedObject extends ApiObject {
  /** Whether a patch was added. */
  public patched = false;

  public override addJsonPatch(...ops: JsonPatch[]): void {
    this.patched = true;
    super.addJsonPatch(...ops);
  }
}

/** An object whose name follows from a part of it, and that part as it was when the name was made. */
export interface NamedByContent {
  readonly object: NamedObject;
  /** `spec.template` of a Job, `data` of a ConfigMap, `spec` of a ResourceClaimTemplate. */
  readonly part: 'spec.template' | 'data' | 'spec';
  readonly content: unknown;
}

/** The prop to use instead of a patch, by the place that was patched in a pod template. */
const PROPS: ReadonlyArray<readonly [place: RegExp, props: string]> = [
  [/^\/spec\/containers\/0\/image$/, 'image'],
  [/^\/spec\/containers\/0\/env/, 'env'],
  [/^\/spec\/containers\/0\/resources/, 'gpus, cpus, memory or ephemeralStorage'],
  [/^\/spec\/(nodeSelector|tolerations|affinity|runtimeClassName)/, 'nodePool'],
  [/^\/metadata\/labels/, 'labels'],
  [/^\/metadata\/annotations/, 'annotations'],
  [/^\/spec\/serviceAccountName/, 'serviceAccountName'],
  [/^\/spec\/imagePullSecrets/, 'imagePullSecrets'],
  [/^\/spec\/priorityClassName/, 'priorityClassName'],
  [/^\/spec\/schedulerName/, 'schedulerName'],
];

/**
 * Objects that were changed from outside after they were named: another content under the same name is refused by the
 * API server where it was applied before, and nothing would be where it was not.
 */
export function outsidePatches(objects: readonly NamedByContent[]): Finding[] {
  return objects.flatMap(({ object, part, content }) => {
    if (!object.patched) return [];
    const json = object.toJson() as { data?: unknown; spec?: { template?: unknown } };
    const places = differences(content, part === 'spec.template' ? json.spec?.template : json[part]);
    if (places.length === 0) return [];
    return [
      {
        id: 'patched-from-outside',
        severity: Severity.ERROR,
        path: constructPath(object),
        key: part,
        message: `the ${object.kind} ${object.name} was changed after its name was made from its content; applied again under this name, it would be refused`,
        got: `${places.length > 4 ? `${places.length} changes, the first at ${places[0]}` : places.join(', ')}`,
        change: instead(part, places, OWNERS[object.metadata.getLabel('app.kubernetes.io/component') ?? ''] ?? ''),
      },
    ];
  });
}

/** What stands before the props of a pod that is not the training pod, by its component. */
const OWNERS: Readonly<Record<string, string>> = { prepare: 'preparePod.', preflight: 'preflightPod.' };

/** Props that every pod of a run has. */
const OF_EACH_POD = /^(env|nodePool|labels|annotations|priorityClassName|schedulerName)$/;

function instead(part: NamedByContent['part'], places: readonly string[], at: string): string {
  if (part !== 'spec.template') return 'change what the object is made from: props, files, arguments';
  const props = PROPS.filter(([place]) => places.some((each) => place.test(each))).map(([, name]) =>
    OF_EACH_POD.test(name) ? `${at}${name}` : name,
  );
  return props.length === 0 ? `use ${at}podTemplate` : `use the prop ${props.join(', ')}, or ${at}podTemplate`;
}

/** JSON pointers of what two values differ in, the outermost only; nothing and null are the same. */
function differences(before: unknown, after: unknown, path = ''): string[] {
  if ((before ?? undefined) === (after ?? undefined)) return [];
  if (isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) =>
      differences(before[key], after[key], `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
    );
  }
  return [path];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
