import { type Finding, Severity } from '../finding';

const GiB = 2 ** 30;

/** What the formula looks at. */
export interface ResourceInput {
  /** Ranks of the pod: one a GPU. */
  readonly gpus: number;
  /** The model's weights in 16 bits, in bytes. */
  readonly weightsBytes: number;
  /** Whether weights are quantised to 4 bits when loaded. */
  readonly fourBit: boolean;
  readonly offloadParam: boolean;
  readonly offloadOptimizer: boolean;
}

/** What a pod asks for; requests and limits are the same. */
export interface PodResources {
  readonly cpus: number;
  /** /dev/shm included. */
  readonly memoryBytes: number;
  /** /dev/shm, a part of the memory. */
  readonly sharedMemoryBytes: number;
  readonly ephemeralStorageBytes: number;
  /** How the memory came about, for messages. */
  readonly memorySum: string;
}

/**
 * The stated formula, from runs measured with one rank (measurements/): a rank's Python, CUDA and NCCL take about
 * 3.5 GiB and up to 6 while loading; offloaded weights are pinned in buffers about 1.5 times their size, once for all
 * ranks together; the optimizer's states are small beside them with LoRA.
 *
 *     cpu                4 a GPU
 *     /dev/shm           1 GiB a GPU
 *     memory             4 GiB + 6 GiB a GPU + 1.5 × offloaded weights + 2 GiB for an offloaded optimizer + /dev/shm
 *     ephemeral storage  20 GiB (logs, caches, compiled extensions)
 */
export function defaultResources(input: ResourceInput): PodResources {
  const shared = input.gpus * GiB;
  const weights = input.offloadParam ? input.weightsBytes * (input.fourBit ? 0.35 : 1) * 1.5 : 0;
  const optimizer = input.offloadOptimizer ? 2 * GiB : 0;
  const parts: Array<[string, number]> = [
    ['base', 4 * GiB],
    [`${input.gpus} ranks`, input.gpus * 6 * GiB],
    ['offloaded weights', Math.ceil(weights / GiB) * GiB],
    ['offloaded optimizer', optimizer],
    ['/dev/shm', shared],
  ];
  return {
    cpus: 4 * input.gpus,
    memoryBytes: parts.reduce((sum, [, bytes]) => sum + bytes, 0),
    sharedMemoryBytes: shared,
    ephemeralStorageBytes: 20 * GiB,
    memorySum: parts
      .filter(([, bytes]) => bytes > 0)
      .map(([what, bytes]) => `${what} ${bytes / GiB}`)
      .join(' + '),
  };
}

/** What no node of the pool can give. */
export function unavailable(
  path: string,
  asked: { readonly gpus: number; readonly cpus: number; readonly memoryBytes: number; readonly memorySum: string },
  node: { readonly gpus: number; readonly cpus?: number; readonly memoryBytes?: number },
): Finding[] {
  const findings: Finding[] = [];
  const tooMuch = (key: string, message: string, got: string, allowed: string, change: string): void => {
    findings.push({ id: 'node-too-small', severity: Severity.ERROR, path, key, message, got, allowed, change });
  };
  if (asked.gpus > node.gpus) {
    tooMuch(
      'gpus',
      'no node of the pool has so many GPUs',
      String(asked.gpus),
      `at most ${node.gpus}`,
      'ask for fewer',
    );
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
      `no node of the pool has so much memory; the run asks for ${asked.memorySum} GiB`,
      `${(asked.memoryBytes / GiB).toFixed(1)} GiB`,
      `at most ${(node.memoryBytes / GiB).toFixed(1)} GiB`,
      'offload less, use fewer GPUs, or set memory lower',
    );
  }
  return findings;
}
