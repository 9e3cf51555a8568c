import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { networkPolicySpec, type Reach } from '../kubernetes/network-policy';

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
