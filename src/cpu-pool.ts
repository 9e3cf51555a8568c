import { keyProblems, labelProblems } from './kubernetes/name-problems';
import { CPU_NODES, type Scheduling } from './kubernetes/scheduling';
import type { Problem } from './run/finding';
import { checkedProps } from './run/props';

/** Which nodes without GPUs. */
export interface CpuPoolOptions {
  /**
   * Node labels that must match.
   * @default - Linux on amd64, which the images are built for: `kubernetes.io/os`, `kubernetes.io/arch`; your labels win
   */
  readonly labels?: { readonly [label: string]: string };
  /**
   * Keys of taints to tolerate.
   * @default - none
   */
  readonly tolerations?: string[];
}

/** Which nodes a pod may go to that holds no GPU: that of the prepare Job, or of preflight. */
export class CpuPool {
  /**
   * Any node that has these labels; nodes with GPUs last, and never where they are tainted. For volumes that such a node
   * can mount: shared ones, or disks of a network that follow the pods within a zone.
   */
  public static of(given: CpuPoolOptions = {}): CpuPool {
    const { sound, problems } = checkedProps('CpuPoolOptions', given, 'CpuPool.');
    const { labels = {}, tolerations = [] } = sound;
    return new CpuPool({ ...CPU_NODES, labels: { ...CPU_NODES.labels, ...labels }, tolerations }, [
      ...problems,
      ...labelProblems('CpuPool.labels', labels),
      ...tolerations.flatMap((key) => keyProblems('CpuPool.tolerations', key)),
    ]);
  }

  /** The nodes of the run's own pool, without asking for a GPU: for volumes that only those can mount. */
  public static gpuNodes(): CpuPool {
    return new CpuPool('run', []);
  }

  private constructor(
    /** @internal */
    public readonly _scheduling: Scheduling | 'run',
    /** @internal */
    public readonly _problems: readonly Problem[],
  ) {}
}
