import { type HostNeeds, hostSum } from '../planning/host';
import { type Finding, Severity } from '../run/finding';

const GiB = 2 ** 30;
const MiB = 2 ** 20;

/** What a pod asks for; requests and limits are the same. */
export interface PodResources {
  readonly cpus: number;
  /** /dev/shm included. */
  readonly memoryBytes: number;
  /** /dev/shm, a part of the memory. */
  readonly sharedMemoryBytes: number;
  readonly ephemeralStorageBytes: number;
}

/** CPU cores for each GPU. */
const CPUS_A_GPU = 4;
/** Cores of a node for others: the prepare Job's two, and what the node runs itself. */
const CPUS_LEFT = 3;

/** What a node of the pool has; undefined: nobody said. */
export interface NodeCapacity {
  readonly gpus: number;
  readonly cpus?: number;
  readonly memoryBytes?: number;
}

/**
 * What the pod asks for where nothing is said: 4 CPU cores a GPU, as far as the node has them beside the prepare Job,
 * and memory, /dev/shm and disk as planned, in whole gibibytes.
 *
 * @param given what was asked for, by name; a larger /dev/shm than planned counts in the memory
 * @param beside cores that another pod of the run has while this one is there
 */
export function podResources(
  gpus: number,
  need: HostNeeds,
  given: Partial<PodResources>,
  node: NodeCapacity,
  beside = 0,
): PodResources {
  const shared = given.sharedMemoryBytes ?? need.shmBytes;
  return {
    cpus: given.cpus ?? podCpus(gpus, node.cpus, beside),
    sharedMemoryBytes: shared,
    memoryBytes: given.memoryBytes ?? wholeGibibytes(need.podBytes - need.shmBytes + shared),
    ephemeralStorageBytes: given.ephemeralStorageBytes ?? wholeGibibytes(need.ephemeralBytes),
  };
}

/** CPU cores of a pod that asks for none by number: 4 a GPU, as far as the node has them. */
export function podCpus(gpus: number, ofNode?: number, beside = 0): number {
  const wanted = CPUS_A_GPU * gpus;
  return ofNode === undefined ? wanted : Math.max(1, Math.min(wanted, ofNode - CPUS_LEFT - beside));
}

/**
 * What the preflight pod asks for: a core for each process that tokenises, from 2 to 8 as far as the node has them beside
 * others; 4 GiB for the trainer's libraries and 1 GiB a core; the training pod's disk, since the data is the same.
 * @param workers the processes that the run's arguments ask for
 */
export function preflightResources(workers: number, training: PodResources, node: NodeCapacity): PodResources {
  const most = node.cpus === undefined ? 8 : Math.min(8, node.cpus - CPUS_LEFT);
  const cpus = Math.max(1, Math.min(Math.max(2, workers), most));
  return { ...training, cpus, memoryBytes: (4 + cpus) * GiB };
}

function wholeGibibytes(bytes: number): number {
  return Math.ceil(bytes / GiB) * GiB;
}

/** What was asked for and is less than the run takes. */
export function tooLittle(path: string, gpus: number, need: HostNeeds, asked: PodResources): Finding[] {
  return [...tooLittleMemory(path, gpus, need, asked), ...tooLittleElse(path, need, asked)];
}

function tooLittleMemory(path: string, gpus: number, need: HostNeeds, asked: PodResources): Finding[] {
  const whole = need.podBytes - need.shmBytes + asked.sharedMemoryBytes;
  const least = whole - (need.parts['margin'] ?? 0);
  if (asked.memoryBytes >= Math.floor(whole)) return [];
  const killed = asked.memoryBytes < least;
  const sum = hostSum({ ...need, parts: { ...need.parts, sharedMemory: asked.sharedMemoryBytes } }, gpus);
  return [
    {
      id: 'memory-too-small',
      severity: killed ? Severity.ERROR : Severity.WARNING,
      path,
      key: 'memory',
      message: killed
        ? `the kernel kills a rank that has no memory left; the run takes ${sum} GiB`
        : `the run takes all of this memory but for a part of the planner's margin: ${sum} GiB`,
      got: `${(asked.memoryBytes / GiB).toFixed(1)} GiB`,
      allowed: `at least ${(Math.ceil((10 * least) / GiB) / 10).toFixed(1)} GiB, ${Math.ceil(whole / GiB)} GiB with the margin`,
      change: 'leave memory out, or set it higher',
      source: 'docs/planning.md: host, disk',
    },
  ];
}

/** /dev/shm and disk: half of what is planned is headroom. */
function tooLittleElse(path: string, need: HostNeeds, asked: PodResources): Finding[] {
  const findings: Array<Pick<Finding, 'id' | 'key' | 'message'> & { bytes: number; planned: number }> = [
    {
      id: 'shared-memory-too-small',
      key: 'sharedMemory',
      message: 'NCCL and the data loaders end with "No space left on device" if /dev/shm is too small',
      bytes: asked.sharedMemoryBytes,
      planned: need.shmBytes,
    },
    {
      id: 'ephemeral-storage-too-small',
      key: 'ephemeralStorage',
      message:
        'the kubelet evicts a pod that writes more to its node than it asked for: caches of kernels and of tokenised data, temporary files, logs',
      bytes: asked.ephemeralStorageBytes,
      planned: need.ephemeralBytes,
    },
  ];
  return findings
    .filter(({ bytes, planned }) => bytes < planned / 2)
    .map(({ bytes, planned, ...finding }) => ({
      ...finding,
      severity: Severity.ERROR,
      path,
      got: `${Math.floor(bytes / MiB)} MiB`,
      allowed: `at least ${Math.ceil(planned / 2 / MiB)} MiB, ${Math.ceil(planned / MiB)} MiB with headroom`,
      change: `leave ${finding.key} out, or set it higher`,
      source: 'docs/planning.md: host, disk',
    }));
}

/** What no node of the pool can give. */
export function unavailable(
  path: string,
  gpus: number,
  asked: PodResources,
  need: HostNeeds,
  node: NodeCapacity,
): Finding[] {
  const findings: Finding[] = [];
  const tooMuch = (key: string, message: string, got: string, allowed: string, change: string): void => {
    findings.push({ id: 'node-too-small', severity: Severity.ERROR, path, key, message, got, allowed, change });
  };
  if (gpus > node.gpus) {
    tooMuch('gpus', 'no node of the pool has so many GPUs', String(gpus), `at most ${node.gpus}`, 'ask for fewer');
  }
  if (node.cpus !== undefined && asked.cpus > node.cpus) {
    tooMuch(
      'cpus',
      'no node of the pool has so many CPUs',
      String(asked.cpus),
      `at most ${node.cpus}`,
      'set cpus lower',
    );
  }
  if (node.memoryBytes !== undefined && asked.memoryBytes > node.memoryBytes) {
    tooMuch(
      'memory',
      `no node of the pool has so much memory; the run takes ${hostSum(need, gpus)} GiB`,
      `${(asked.memoryBytes / GiB).toFixed(1)} GiB`,
      `at most ${(node.memoryBytes / GiB).toFixed(1)} GiB`,
      'offload less, use fewer GPUs, or set memory lower',
    );
  }
  return findings;
}
