import type { JobSpec } from 'kubernetes-types/batch/v1';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import { podFailurePolicy } from './failure-policy';

/** How a Job retries and ends. */
export interface JobOptions {
  readonly backoffLimit: number;
  readonly activeDeadlineSeconds?: number;
  readonly ttlSecondsAfterFinished?: number;
  /** The container whose exit codes decide about a retry; undefined: every failure is retried. */
  readonly failurePolicyContainer?: string;
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
    ...(options.failurePolicyContainer === undefined ? {} : { podFailurePolicy: podFailurePolicy() }),
    template,
  };
}
