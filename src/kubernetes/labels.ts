/**
 * On a Job, its pods and its network policy: the Job's name as it was synthesised. Policies select by it, and not by
 * the label that the Job controller sets: what renames objects after synth (Kustomize's namePrefix) changes that one.
 */
export const JOB_LABEL = 'cdk8s-llamafactory/job';

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
