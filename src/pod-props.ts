import type { CpuPool } from './cpu-pool';

/** What any pod of a run can be given. */
export interface PodProps {
  /**
   * More environment variables of the container that does the work, such as `NCCL_DEBUG`. No secrets: they would stand
   * in the manifest.
   * @default - none; preflight has those of the trainer
   */
  readonly env?: { readonly [name: string]: string };
  /**
   * Labels of the Job and its pod. A run's are those of its other Jobs too: of preflight's, and of the prepare Job as far
   * as all runs have them that share it.
   * @default - none beside the library's own
   */
  readonly labels?: { readonly [label: string]: string };
  /**
   * Annotations of the Job and its pod. A run's go where its labels go.
   * @default - none beside the library's own
   */
  readonly annotations?: { readonly [annotation: string]: string };
  /**
   * The PriorityClass of the pod, by name; the platform has it. A run's is that of the training pod alone.
   * @default - the cluster's default
   */
  readonly priorityClassName?: string;
  /**
   * The scheduler that places the pod, by name. A run's is that of the training pod alone.
   * @default - the cluster's default
   */
  readonly schedulerName?: string;
  /**
   * What no prop says, merged into the pod: `{ metadata, spec }` as Kubernetes spells it. Containers, volumes and
   * variables are merged by name, mounts by path; tolerations, affinities and unknown containers are added; null takes a
   * field out, and any other list replaces what was there. The container that does the work is called `trainer`,
   * `prepare` or `preflight`. The result is checked: GPUs, references, what the Pod Security level `restricted` refuses.
   * @default - nothing is changed
   */
  readonly podTemplate?: { readonly [field: string]: unknown };
}

/** What a pod of a run can be given that holds no GPU. */
export interface CpuPodProps extends PodProps {
  /**
   * The nodes it may go to.
   * @default - any node without GPUs, if all volumes it mounts were made here with `readWriteMany`; else those of the run,
   * without asking for GPUs: a volume that one node at a time can mount is where its first pod was
   */
  readonly nodePool?: CpuPool;
}
