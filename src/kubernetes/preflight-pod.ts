import type { PatchablePod } from './patched-pod';
import type { PodInput } from './pod-template';
import type { PodResources } from './resources';
import { envVars, HOME, OWNED_VARIABLES, writablePlaces } from './trainer-env';
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

/** What a patch must leave of the preflight pod. */
export const PATCHABLE_PREFLIGHT: PatchablePod = {
  prop: 'preflightPod.podTemplate',
  container: PREFLIGHT,
  program: 'preflight.py',
  undone: 'the run is not gone over, and training waits for it in vain',
  command: `python3 -I ${PATHS.launch}/preflight.py`,
  ownedVariables: OWNED_VARIABLES,
};

/** What the preflight pod is made of. */
export interface PreflightPod {
  /** The run's training pod, placed as preflight's is: the same image, mounts and variables, and the same markers. */
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
