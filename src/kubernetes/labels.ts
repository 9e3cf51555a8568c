/**
 * The labels every object of the library carries.
 * @param instance what made it, as its name says
 */
export function ownLabels(instance: string): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'llamafactory',
    'app.kubernetes.io/instance': instance,
    'app.kubernetes.io/managed-by': 'cdk8s-llamafactory',
  };
}
