import { type Finding, Severity } from '../run/finding';

/** An object of the tree, as far as names go. */
export interface NamedObject {
  readonly path: string;
  readonly apiGroup: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** The keys of a ConfigMap; for other kinds, empty. */
  readonly keys: () => readonly string[];
}

/** Two objects of one kind, namespace and name: the second would overwrite the first in the cluster, silently. */
export function duplicateNames(objects: readonly NamedObject[]): Finding[] {
  const first = new Map<string, NamedObject>();
  const findings: Finding[] = [];
  for (const object of objects) {
    const key = JSON.stringify([object.apiGroup, object.kind, object.namespace, object.name]);
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, object);
      continue;
    }
    findings.push({
      id: 'duplicate-name',
      severity: Severity.ERROR,
      path: object.path,
      key: 'metadata.name',
      message: `${other.path} already makes a ${object.kind} of this name in this namespace; the second would overwrite it`,
      got: object.name,
      change: 'give one of the two constructs another id, or its chart another namespace',
    });
  }
  return findings;
}
