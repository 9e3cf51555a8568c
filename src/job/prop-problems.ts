import type { Problem } from '../run/finding';

/** What a run is asked for, with defaults filled in. */
export interface AskedFor {
  readonly gpus: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly sharedMemoryBytes: number;
  readonly backoffLimit: number;
  readonly runAsUser: number;
  /** The names of its data sets, in order, those for evaluation included. */
  readonly datasets: readonly string[];
  /** A time to wait is given to a pod that doesn't wait. */
  readonly uselessTimeout?: boolean;
}

/** Props that no pod can have, or that contradict each other. */
export function propProblems(asked: AskedFor): Problem[] {
  return [...quantities(asked), ...contradictions(asked), ...sameNames(asked.datasets)];
}

function quantities(asked: AskedFor): Problem[] {
  const wrong = (key: string, message: string, got: number, allowed: string): Problem => ({
    id: 'invalid-quantity',
    key,
    message,
    got: String(got),
    allowed,
  });
  const whole = (value: number, from: number): boolean => Number.isInteger(value) && value >= from;
  return [
    ...(whole(asked.gpus, 1) ? [] : [wrong('gpus', 'a run needs whole GPUs', asked.gpus, 'a whole number from 1')]),
    ...(asked.cpus > 0 && Number.isFinite(asked.cpus)
      ? []
      : [wrong('cpus', 'a pod needs CPU time', asked.cpus, 'a positive number')]),
    ...(whole(asked.backoffLimit, 0)
      ? []
      : [wrong('backoffLimit', 'a Job counts whole tries', asked.backoffLimit, 'a whole number from 0')]),
    ...(whole(asked.runAsUser, 1)
      ? []
      : [wrong('runAsUser', 'the pod must not run as root', asked.runAsUser, 'a whole number from 1')]),
  ];
}

function contradictions(asked: AskedFor): Problem[] {
  const waiting: Problem = {
    id: 'contradictory-props',
    key: 'prepareTimeout',
    message: 'with Gate.waves() the pod does not wait: it fails at once if something is missing',
    got: 'gate: Gate.waves(), prepareTimeout',
    allowed: 'one of the two',
    change: 'take prepareTimeout out; the time to wait is that of kubectl wait, Argo CD or Flux',
  };
  return [...(asked.uselessTimeout ? [waiting] : []), ...noMemoryLeft(asked)];
}

function noMemoryLeft(asked: AskedFor): Problem[] {
  if (asked.sharedMemoryBytes < asked.memoryBytes) return [];
  return [
    {
      id: 'contradictory-props',
      key: 'sharedMemory',
      message: '/dev/shm is a part of the memory, and nothing of it would be left',
      got: `${mebibytes(asked.sharedMemoryBytes)} of ${mebibytes(asked.memoryBytes)}`,
      allowed: 'less than memory',
      change: 'set memory higher, or sharedMemory lower',
    },
  ];
}

/** The name is the key in dataset_info.json and of the volume in the pod. */
function sameNames(datasets: readonly string[]): Problem[] {
  const repeated = new Set(datasets.filter((name, i) => datasets.indexOf(name) !== i));
  return [...repeated].map(
    (name): Problem => ({
      id: 'duplicate-dataset',
      key: 'dataset',
      message: 'a data set is given twice, or two have the same name, which is the key in dataset_info.json',
      got: name,
      change: "take one out, or give it another name by its prop 'name'",
    }),
  );
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
