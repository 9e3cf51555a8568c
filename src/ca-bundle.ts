import type { SecretValue } from 'cdk8s-plus-28';
import { objectNameProblems } from './kubernetes/name-problems';
import type { CaFile } from './kubernetes/way-out';
import type { Problem } from './run/finding';
import { argumentProblems } from './run/props';

/**
 * The certificate authorities that a pod trusts: a PEM file with one certificate or many. It stands for all of them, so
 * where public servers are reached without a proxy that signs for them, theirs belong into it too.
 */
export class CaBundle {
  /**
   * A key of a ConfigMap in the namespace of the chart, which need not be made here.
   * @param key `ca-bundle.crt` where OpenShift fills it, as said to trust-manager where that does
   */
  public static fromConfigMap(name: string, key = 'ca.crt'): CaBundle {
    const at = 'CaBundle.fromConfigMap';
    const unsound = [name, key].flatMap((each) => argumentProblems({ kind: 'string' }, each, at));
    if (unsound.length > 0) return new CaBundle({ configMap: 'unknown', key: 'unknown' }, unsound);
    return new CaBundle({ configMap: name, key }, [...objectNameProblems(at, name), ...keyProblems(at, key)]);
  }

  /** A key of a Secret in the namespace of the chart. */
  public static fromSecret(value: SecretValue): CaBundle {
    const at = 'CaBundle.fromSecret';
    const unsound = argumentProblems({ kind: 'object', name: 'SecretValue' }, value, at);
    if (unsound.length > 0) return new CaBundle({ secret: 'unknown', key: 'unknown' }, unsound);
    return new CaBundle({ secret: value.secret.name, key: value.key }, keyProblems(at, value.key));
  }

  private constructor(
    /** @internal */
    public readonly _file: CaFile,
    /** @internal */
    public readonly _problems: readonly Problem[],
  ) {}
}

/** Source: IsConfigMapKey in kubernetes/apimachinery pkg/util/validation/validation.go. */
function keyProblems(at: string, key: string): Problem[] {
  if (/^[-._a-zA-Z0-9]{1,253}$/.test(key) && !key.startsWith('..') && key !== '.') return [];
  return [
    {
      id: 'invalid-name',
      key: at,
      message: 'Kubernetes takes no such key of a ConfigMap or Secret',
      got: JSON.stringify(key),
      allowed: 'letters, digits, -, _ and ., at most 253',
    },
  ];
}
