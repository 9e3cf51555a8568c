import type { Job, PodFailurePolicy } from 'kubernetes-types/batch/v1';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1';

/** What runs a pod until it has done its work. */
export interface Workload {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly template: PodTemplateSpec;
  /** How often a failed pod is replaced. */
  readonly backoffLimit: number;
  readonly activeDeadlineSeconds?: number;
  readonly ttlSecondsAfterFinished?: number;
  /** How exit codes decide about a retry. */
  readonly failurePolicy: PodFailurePolicy;
}

/** A Job of Kubernetes, with what every Job must have. */
export interface JobManifest extends Required<Pick<Job, 'apiVersion' | 'kind' | 'spec'>> {
  readonly metadata: {
    readonly name: string;
    readonly labels: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
}

/** The Job of one pod that does the work. */
export function jobOf(work: Workload): JobManifest {
  const { name, labels, annotations, activeDeadlineSeconds, ttlSecondsAfterFinished, failurePolicy } = work;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      labels: { ...labels },
      ...(Object.keys(annotations).length > 0 ? { annotations: { ...annotations } } : {}),
    },
    spec: {
      backoffLimit: work.backoffLimit,
      // Never a second pod while the first still holds GPUs and the volume.
      podReplacementPolicy: 'Failed',
      ...(activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds }),
      ...(ttlSecondsAfterFinished === undefined ? {} : { ttlSecondsAfterFinished }),
      podFailurePolicy: failurePolicy,
      template: work.template,
    },
  };
}
