import { CPU_NODES, type Scheduling } from '../kubernetes/scheduling';
import type { RequestedClaim } from './request';

/** Where a pod goes: to which nodes, and near to which pods. */
export interface Placement {
  readonly scheduling: Scheduling;
  readonly near?: Readonly<Record<string, string>>;
}

/**
 * Where a pod without GPUs goes. A volume that one node at a time can mount is bound, or attached, where its first pod
 * is: so that pod goes to the nodes of the run. Of a claim that exists nobody knows.
 * @param asked the nodes it was given; `run`: those of the run
 * @param near a label of the pods that share the volume
 * @param claims what it mounts; one without access mode is no shared one
 */
export function cpuPlacement(
  asked: Scheduling | 'run' | undefined,
  ofRun: Scheduling,
  near: Placement['near'],
  claims: ReadonlyArray<Pick<RequestedClaim, 'readWriteMany'>>,
): Placement {
  const shared = claims.every(({ readWriteMany }) => readWriteMany === true);
  const scheduling = asked === 'run' ? ofRun : (asked ?? (shared ? CPU_NODES : ofRun));
  return shared && scheduling.avoidsGpus ? { scheduling } : { scheduling, near };
}
