import type { EnvVar, Volume } from 'kubernetes-types/core/v1';
import type { PatchablePod } from './patched-pod';
import { type PodInput, type PodSettings, podSettings } from './pod-template';
import { envVars, HOME, TMP, writablePlaces } from './trainer-env';
import { type MountedClaim, NO_GPUS, subPath } from './training-pod';
import { type WayOut, wayOutEnv, wayOutMounts, wayOutVolumes } from './way-out';

/** Where the prepare Job's own files stand. */
export const PREPARE_PATH = '/etc/prepare';

/** A hub's token, and the variable in which the hub's library looks for it. */
export interface HubToken {
  readonly variable: string;
  readonly secretName: string;
  readonly key: string;
}

/** The container that fills the volume. */
export const PREPARE = 'prepare';

/** What the prepare pod sets itself, and what to do instead of setting it in `env`. */
export const PREPARE_OWNED_VARIABLES: Readonly<Record<string, string>> = {
  PREPARE_SPEC: 'take it out; it follows from the run',
  PREPARE_TRIES: 'take it out; it follows from the Job',
  PREPARE_JOB: 'take it out; it follows from the Job',
  HF_TOKEN: "name its Secret by the source's token",
  MODELSCOPE_API_TOKEN: "name its Secret by the source's token",
  HF_ENDPOINT: "set the source's endpoint",
  MODELSCOPE_ENDPOINT: "set the source's endpoint",
  MODELSCOPE_DOMAIN: "set the source's endpoint",
};

/** What a patch must leave of the prepare pod. */
export const PATCHABLE_PREPARE: PatchablePod = {
  prop: 'preparePod.podTemplate',
  container: PREPARE,
  program: 'prepare.py',
  undone: 'nothing is fetched or installed, and training waits for it in vain',
  command: `python3 ${PREPARE_PATH}/prepare.py`,
  ownedVariables: PREPARE_OWNED_VARIABLES,
};

/** How often a failed prepare pod is replaced. */
export const PREPARE_BACKOFF_LIMIT = 6;

/** What the prepare pod is made of. */
export interface PreparePod extends PodSettings {
  readonly image: string;
  readonly configMap: string;
  /** The volume it fills. */
  readonly target: MountedClaim & { readonly mountPath: string };
  /** The hubs' tokens: the only place that ever gets them. */
  readonly tokens: readonly HubToken[];
  readonly env: Readonly<Record<string, string>>;
  /** How it gets to what it fetches from, and the hosts of that. */
  readonly wayOut: WayOut;
  readonly hosts: readonly string[];
}

/** The CPU pod that fills a volume. */
export function preparePod(pod: PreparePod): PodInput {
  return {
    ...podSettings(pod),
    gpus: 0,
    initContainers: [],
    container: {
      name: PREPARE,
      image: pod.image,
      command: ['python3', `${PREPARE_PATH}/prepare.py`],
      workingDir: HOME,
      env: [
        ...wayOutEnv(pod.wayOut, pod.hosts),
        ...envVars(writablePlaces(), pod.env, NO_GPUS, {
          PREPARE_SPEC: `${PREPARE_PATH}/request.json`,
          // The last try's failure is final, whatever it is: who waits for it is told.
          PREPARE_TRIES: String(PREPARE_BACKOFF_LIMIT + 1),
        }),
        // A Job that is made again counts its tries anew.
        {
          name: 'PREPARE_JOB',
          valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']" } },
        },
        ...pod.tokens.map(tokenVariable),
      ],
      resources: { cpu: '2', memory: '4Gi', 'ephemeral-storage': '10Gi' },
      mounts: [
        { name: 'prepare', mountPath: PREPARE_PATH, readOnly: true },
        { name: 'target', mountPath: pod.target.mountPath, ...subPath(pod.target) },
        { name: 'home', mountPath: HOME },
        { name: 'tmp', mountPath: TMP },
        ...wayOutMounts(pod.wayOut),
      ],
    },
    volumes: volumes(pod),
    terminationGracePeriodSeconds: 30,
  };
}

function tokenVariable({ variable, secretName, key }: HubToken): EnvVar {
  return { name: variable, valueFrom: { secretKeyRef: { name: secretName, key } } };
}

function volumes(pod: PreparePod): Volume[] {
  return [
    { name: 'prepare', configMap: { name: pod.configMap } },
    { name: 'target', persistentVolumeClaim: { claimName: pod.target.claimName } },
    { name: 'home', emptyDir: { sizeLimit: '5Gi' } },
    { name: 'tmp', emptyDir: { sizeLimit: '4Gi' } },
    ...wayOutVolumes(pod.wayOut),
  ];
}
