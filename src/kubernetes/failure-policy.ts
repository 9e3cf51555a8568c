import type { PodFailurePolicy } from 'kubernetes-types/batch/v1';
import { runtimeFile } from './runtime-file';
/** How a training can end, as launch.sh tells it by its exit code. One row of `classes` in runtime/exit-codes.json. */
export interface ExitClass {
  /** The word the termination message begins with, for example `cuda-out-of-memory`. */
  readonly name: string;
  /** The exit code of the container `trainer` or `preflight`, 1 to 255. */
  readonly code: number;
  /** Whether the same pod may do better another time. `false`: it would fail the same way again. */
  readonly retry: boolean;
  /** What happened, in a few words. */
  readonly meaning: string;
}

/** Every way a training can end badly, from the table that launch.sh's helper reads in the pod. */
export function exitClasses(): readonly ExitClass[] {
  table ??= JSON.parse(runtimeFile('exit-codes.json')) as { classes: ExitClass[] };
  return table.classes;
}

let table: { readonly classes: readonly ExitClass[] } | undefined;

/** The class of a run that the trainer refuses; wait-for.sh ends with its code where what it waits for won't come. */
const REFUSED = 'config';

/**
 * What a Job does about a failed pod. A disruption (preemption, eviction, a lost node) does not count as a try; a
 * failure that would come again ends the Job at once; any other is retried up to the Job's backoffLimit.
 *
 * The rules name the container: without a name they would match init containers and sidecars too.
 * Source: Kubernetes API, batch/v1 PodFailurePolicyRule; rules go in order, values must be sorted, 0 is not allowed.
 *
 * @param containerName the container that exits with the codes of the table
 * @param waiting the init container that exits with the code of a refused run where what it waits for won't come, if any
 */
export function podFailurePolicy(
  containerName: string,
  waiting?: string,
  classes: readonly ExitClass[] = exitClasses(),
): PodFailurePolicy {
  const final = classes
    .filter(({ retry }) => !retry)
    .map(({ code }) => code)
    .sort((a, b) => a - b);
  const refused = classes.filter(({ name }) => name === REFUSED).map(({ code }) => code);
  return {
    rules: [
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      ...failJob(containerName, final),
      ...(waiting === undefined ? [] : failJob(waiting, refused)),
    ],
  };
}

function failJob(containerName: string, values: readonly number[]): PodFailurePolicy['rules'] {
  if (values.length === 0) return [];
  return [{ action: 'FailJob', onExitCodes: { containerName, operator: 'In', values: [...values] } }];
}
