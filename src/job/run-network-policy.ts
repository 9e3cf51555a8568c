import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { FineTuningJobProps } from '../fine-tuning-job-props';
import { networkPolicySpec, type Reach } from '../kubernetes/network-policy';
import { accessOf } from './run-problems';

/** The network policy of a Job that works on a run: DNS, and what the run names. None where the run wants none. */
export function runNetworkPolicy(
  scope: Construct,
  id: string,
  job: { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly peers: boolean },
  props: FineTuningJobProps,
): void {
  const { _destinations: destinations } = accessOf(props);
  if (destinations === undefined) return;
  makeNetworkPolicy(scope, id, job.labels, {
    jobName: job.name,
    destinations: destinations.map(({ cidr, ports }) => ({ cidr, ports: ports ?? [443] })),
    ports: [],
    peers: job.peers,
  });
}

/** A policy for the pods of a Job, called as the Job is. */
export function makeNetworkPolicy(
  scope: Construct,
  id: string,
  labels: Readonly<Record<string, string>>,
  reach: Reach,
): void {
  new ApiObject(scope, id, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: reach.jobName, labels },
    spec: networkPolicySpec(reach),
  });
}
