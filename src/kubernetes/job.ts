import type { JobSpec } from 'kubernetes-types/batch/v1';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import { podFailurePolicy } from './failure-policy';

/** How a Job retries and ends. */
export interface JobOptions {
  readonly backoffLimit: number;
  readonly activeDeadlineSeconds?: number;
  readonly ttlSecondsAfterFinished?: number;
  /** Whether the trainer's exit codes decide about a retry; otherwise every failure is retried. */
  readonly failurePolicy: boolean;
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
    ...(options.failurePolicy ? { podFailurePolicy: podFailurePolicy() } : {}),
    template,
  };
}
