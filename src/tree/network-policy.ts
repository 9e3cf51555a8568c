import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { networkPolicySpec, type Reach } from '../kubernetes/network-policy';

/** A policy for the pods of a Job, called as the Job is. */
export function makeNetworkPolicy(
  scope: Construct,
  id: string,
  jobName: string,
  labels: Readonly<Record<string, string>>,
  reaches: readonly Reach[],
): void {
  new ApiObject(scope, id, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: jobName, labels },
    spec: networkPolicySpec(jobName, reaches),
  });
}
