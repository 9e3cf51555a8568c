import type { Problem } from '../run/finding';

/** What Kubernetes takes as a name or a key, by its own word for it. */
const FORMS = {
  subdomain: {
    pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    longest: 253,
    allowed: 'lower-case letters, digits, - and ., at most 253, with a letter or digit at both ends of each part',
  },
  labelName: {
    pattern: /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
    longest: 63,
    allowed:
      'letters, digits, -, _ and ., at most 63, with a letter or digit at both ends; a DNS name and / may stand before it',
  },
  labelValue: {
    pattern: /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
    longest: 63,
    allowed: 'letters, digits, -, _ and ., at most 63, with a letter or digit at both ends',
  },
  variable: {
    pattern: /^[-._a-zA-Z][-._a-zA-Z0-9]*$/,
    longest: 1024,
    allowed: 'letters, digits, -, _ and ., no digit at the front',
  },
} as const;

type Form = keyof typeof FORMS;

/**
 * Names that the API server would refuse, or under which a pod would wait for ever.
 * Source: kubernetes/apimachinery pkg/util/validation/validation.go.
 */
function wrong(form: Form, key: string, got: string, what: string): Problem[] {
  const { pattern, longest, allowed } = FORMS[form];
  if (pattern.test(got) && got.length <= longest) return [];
  return [{ id: 'invalid-name', key, message: `Kubernetes takes no such ${what}`, got: JSON.stringify(got), allowed }];
}

/** Problems of an object's name. */
export function objectNameProblems(key: string, name: string | undefined): Problem[] {
  return name === undefined ? [] : wrong('subdomain', key, name, 'name of an object');
}

/** Problems of labels: keys and values. */
export function labelProblems(key: string, labels: Readonly<Record<string, string>> = {}): Problem[] {
  return Object.entries(labels).flatMap(([label, value]) => [
    ...keyProblems(key, label),
    ...wrong('labelValue', `${key}.${label}`, value, 'value of a label'),
  ]);
}

/** Whether a label may have a value. */
export function isLabelValue(value: string): boolean {
  return wrong('labelValue', '', value, '').length === 0;
}

/** Annotations of one object together, in bytes. Source: TotalAnnotationSizeLimitB in pkg/api/validation/objectmeta.go. */
const ANNOTATION_BYTES = 262_144;

/** Problems of annotations: keys, and their size together. */
export function annotationProblems(key: string, annotations: Readonly<Record<string, string>> = {}): Problem[] {
  const bytes = Object.entries(annotations).reduce((sum, pair) => sum + Buffer.byteLength(pair.join('')), 0);
  const large: Problem = {
    id: 'invalid-name',
    key,
    message: 'the annotations of an object are larger than Kubernetes takes',
    got: `${bytes} bytes`,
    allowed: `${ANNOTATION_BYTES} bytes`,
  };
  return [
    ...Object.keys(annotations).flatMap((name) => keyProblems(key, name)),
    ...(bytes > ANNOTATION_BYTES ? [large] : []),
  ];
}

/** Problems of the names of environment variables. */
export function variableProblems(key: string, env: Readonly<Record<string, string>> = {}): Problem[] {
  return Object.keys(env).flatMap((name) => wrong('variable', key, name, 'name of an environment variable'));
}

/** A key of labels, annotations or taints: a name, with a DNS name and a slash before it if it has an owner. */
export function keyProblems(key: string, name: string): Problem[] {
  const slash = name.indexOf('/');
  const [prefix, rest] = slash < 0 ? [undefined, name] : [name.slice(0, slash), name.slice(slash + 1)];
  const bad = [
    ...(prefix === undefined ? [] : wrong('subdomain', key, prefix, 'key of a label or annotation')),
    ...wrong('labelName', key, rest, 'key of a label or annotation'),
  ];
  return bad
    .slice(0, 1)
    .map((problem) => ({ ...problem, got: JSON.stringify(name), allowed: FORMS.labelName.allowed }));
}

/** A directory inside a volume, as `subPath` takes it. Source: validateLocalDescendingPath in pkg/apis/core/validation. */
export function directoryProblems(key: string, path: string | undefined): Problem[] {
  if (path === undefined || (path !== '' && !path.startsWith('/') && !path.split('/').includes('..'))) return [];
  return [
    {
      id: 'relative-path',
      key,
      message: 'the directory is named from the root of the volume',
      got: path,
      allowed: 'a path that begins with no / and has no ..',
    },
  ];
}
