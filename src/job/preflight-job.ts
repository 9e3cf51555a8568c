import type { Construct } from 'constructs';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import type { FineTuningJobProps } from '../fine-tuning-job-props';
import { podFailurePolicy } from '../kubernetes/failure-policy';
import { jobSpec } from '../kubernetes/job';
import { JOB_NAME_LENGTH } from '../kubernetes/names';
import { podTemplate } from '../kubernetes/pod-template';
import { PREFLIGHT, type PreflightPod, preflightPod } from '../kubernetes/preflight-pod';
import { PATHS } from '../kubernetes/training-pod';
import { digest } from '../run/digest';
import { constructName } from '../tree/construct-name';
import { reportNamed } from '../tree/findings';
import { NamedObject } from '../tree/outside-patches';
import { runNetworkPolicy } from './run-network-policy';

/**
 * Where preflight leaves its marker: a directory for all that the trainer's parser and data pipeline look at. So
 * another pod finds the work done, and another argument does not.
 */
export function preflightDirectory(job: Construct, lookedAt: object): string {
  return `${PATHS.saves}/${constructName(job)}/.preflight/${digest(lookedAt)}`;
}

/**
 * A CPU Job in which the trainer goes over a run: parser, tokenizer and data. It leaves the tokenised data on the saves
 * volume, and a marker that training waits for.
 * @returns the pod's template
 */
export function preflight(job: Construct, pod: PreflightPod, props: FineTuningJobProps): PodTemplateSpec {
  const labels = { ...pod.run.labels, 'app.kubernetes.io/component': 'preflight' };
  const template = podTemplate(preflightPod({ ...pod, run: { ...pod.run, labels } }));
  const name = constructName(job, { parts: ['preflight'], suffix: digest(template), maxLength: JOB_NAME_LENGTH });
  runNetworkPolicy(job, 'PreflightNetworkPolicy', { name, labels, peers: false }, props);
  const object = new NamedObject(job, 'Preflight', {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels, ...(props.annotations === undefined ? {} : { annotations: { ...props.annotations } }) },
    spec: jobSpec(template, { backoffLimit: 6, failurePolicy: podFailurePolicy(PREFLIGHT) }),
  });
  reportNamed({ object, part: 'spec.template', content: template });
  return template;
}
