import type { JobSpec, PodFailurePolicy } from 'kubernetes-types/batch/v1';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1';

/** How a Job retries and ends. */
export interface JobOptions {
  readonly backoffLimit: number;
  readonly activeDeadlineSeconds?: number;
  readonly ttlSecondsAfterFinished?: number;
  /** How exit codes decide about a retry; false: every failure is retried. */
  readonly failurePolicy: PodFailurePolicy | false;
}

/** The spec of a Job of one pod. */
export function jobSpec(template: PodTemplateSpec, options: JobOptions): JobSpec {
  return {
    backoffLimit: options.backoffLimit,
    // Never a second pod while the first still holds GPUs and the volume.
    podReplacementPolicy: 'Failed',
    ...(options.activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds: options.activeDeadlineSeconds }),
    ...(options.ttlSecondsAfterFinished === undefined
      ? {}
      : { ttlSecondsAfterFinished: options.ttlSecondsAfterFinished }),
    ...(options.failurePolicy === false ? {} : { podFailurePolicy: options.failurePolicy }),
    template,
  };
}
