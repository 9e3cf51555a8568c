import type { Construct } from 'constructs';
import { constructName } from './construct-name';

/** The labels every object of the library carries; `instance` is the construct that made it. */
export function labelsOf(construct: Construct): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'llamafactory',
    'app.kubernetes.io/instance': constructName(construct),
    'app.kubernetes.io/managed-by': 'cdk8s-llamafactory',
  };
}
