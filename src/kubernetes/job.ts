import type { Job, PodFailurePolicy } from 'kubernetes-types/batch/v1';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import { digest } from '../run/digest';
import { JOB_LABEL } from './labels';
import { JOB_NAME_LENGTH, objectName } from './names';

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

/**
 * The name of a Job: what it belongs to, and a digest of what it does, since a Job can't be changed in place.
 * @param content its pod, and what else another Job must be made for
 * @param role what it does for the run; undefined: it trains
 */
export function jobName(parts: readonly string[], content: object, role?: string): string {
  // What every pod gets after it is named counts as well.
  const ending = digest({ ...content, label: JOB_LABEL });
  const suffix = role === undefined ? ending : `${role}-${ending}`;
  return objectName(parts, { suffix, maxLength: JOB_NAME_LENGTH, keepEnd: true });
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
  const { name, annotations, template, activeDeadlineSeconds, ttlSecondsAfterFinished, failurePolicy } = work;
  const labels = { [JOB_LABEL]: name };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      labels: { ...work.labels, ...labels },
      ...(Object.keys(annotations).length > 0 ? { annotations: { ...annotations } } : {}),
    },
    spec: {
      backoffLimit: work.backoffLimit,
      // Never a second pod while the first still holds GPUs and the volume.
      podReplacementPolicy: 'Failed',
      ...(activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds }),
      ...(ttlSecondsAfterFinished === undefined ? {} : { ttlSecondsAfterFinished }),
      podFailurePolicy: failurePolicy,
      template: {
        ...template,
        metadata: { ...template.metadata, labels: { ...template.metadata?.labels, ...labels } },
      },
    },
  };
}
