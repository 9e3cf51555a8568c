import type { PodInput } from './pod-template';
import type { PodResources } from './resources';
import { envVars, HOME, writablePlaces } from './trainer-env';
import {
  NO_GPUS,
  PATHS,
  pythonOf,
  quantitiesOf,
  runEnv,
  runMounts,
  runVolumes,
  type TrainingPod,
  waitFor,
} from './training-pod';

/** The container whose exit code says what the trainer made of the run. */
export const PREFLIGHT = 'preflight';

/** What the preflight pod is made of. */
export interface PreflightPod {
  /** The run's training pod: it has the same image, mounts and variables, and waits for the same markers. */
  readonly run: TrainingPod;
  readonly resources: PodResources;
  /** Where it leaves its marker, on the saves volume. */
  readonly directory: string;
  /** That of the run's card. */
  readonly computeCapability: number;
}

/** The CPU pod in which the trainer goes over a run before it holds GPUs. */
export function preflightPod({ run, resources, directory, computeCapability }: PreflightPod): PodInput {
  const pod = { ...run, resources };
  return {
    ...pod,
    gpus: 0,
    priorityClassName: undefined,
    nodeOutageSeconds: undefined,
    initContainers: pod.markers.length > 0 ? [waitFor(pod)] : [],
    container: {
      name: PREFLIGHT,
      image: pod.image,
      command: [pythonOf(pod), '-I', `${PATHS.launch}/preflight.py`],
      workingDir: HOME,
      env: envVars(writablePlaces(), runEnv(pod), pod.env, NO_GPUS, {
        PREFLIGHT_DIR: directory,
        PREFLIGHT_CPUS: String(resources.cpus),
        COMPUTE_CAPABILITY: computeCapability.toFixed(1),
      }),
      resources: quantitiesOf(resources),
      mounts: runMounts(pod),
    },
    volumes: runVolumes(pod),
    terminationGracePeriodSeconds: 30,
  };
}
