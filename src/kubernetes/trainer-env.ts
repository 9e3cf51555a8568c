import type { EnvVar } from 'kubernetes-types/core/v1';
import type { Problem } from '../run/finding';

/** The home of whoever the pod runs as: an emptyDir, the only place beside /tmp and the volumes that can be written. */
export const HOME = '/home/trainer';

/** Where temporary files go: an emptyDir. */
export const TMP = '/tmp';

/**
 * Writable places for everything that libraries write on the side. The root file system is read-only, and a numeric
 * user has no entry in /etc/passwd, so HOME and USER must be said (TorchInductor asks for the user's name).
 */
export function writablePlaces(): Record<string, string> {
  const cache = `${HOME}/.cache`;
  return {
    HOME,
    USER: 'trainer',
    LOGNAME: 'trainer',
    TMPDIR: TMP,
    XDG_CACHE_HOME: cache,
    HF_HOME: `${cache}/huggingface`,
    MODELSCOPE_CACHE: `${cache}/modelscope`,
    TORCH_HOME: `${cache}/torch`,
    TORCH_EXTENSIONS_DIR: `${cache}/torch_extensions`,
    TORCHINDUCTOR_CACHE_DIR: `${cache}/torchinductor`,
    TRITON_CACHE_DIR: `${cache}/triton`,
    CUDA_CACHE_PATH: `${cache}/nv`,
    NUMBA_CACHE_DIR: `${cache}/numba`,
    MPLCONFIGDIR: `${cache}/matplotlib`,
    WANDB_DIR: `${cache}/wandb`,
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUNBUFFERED: '1',
    // LLaMA-Factory opens dataset_info.json with the locale's encoding.
    PYTHONUTF8: '1',
    LANG: 'C.UTF-8',
  };
}

/** How long the pod may take to end, from TERM to KILL; launch.sh gives the trainer all of it but the last ten seconds. */
export const TERMINATION_GRACE_SECONDS = 60;

/** What the launcher reads: a process for each GPU, torchrun even for one. */
export function launcherEnv(options: {
  readonly nodes: number;
  /** Of each node. */
  readonly gpus: number;
  readonly cpus: number;
  readonly trainConfig: string;
  readonly outputDir: string;
  readonly pythonPath: readonly string[];
  readonly virtualEnvironment?: string;
  readonly cudaVisibleDevices?: string;
}): Record<string, string> {
  return {
    TRAIN_CONFIG: options.trainConfig,
    OUTPUT_DIR: options.outputDir,
    FORCE_TORCHRUN: '1',
    // What happened is still to be said after that.
    GRACE_SECONDS: String(TERMINATION_GRACE_SECONDS - 10),
    NNODES: String(options.nodes),
    NPROC_PER_NODE: String(options.gpus),
    OMP_NUM_THREADS: String(Math.max(1, Math.floor(options.cpus / options.gpus))),
    // The memory that torch allocated and reserved at most, in GB, at each logged step in trainer_log.jsonl.
    RECORD_VRAM: '1',
    // Everything is on the volumes; a look-up in a hub would only wait for its time-out.
    HF_HUB_OFFLINE: '1',
    ...(options.pythonPath.length > 0 ? { PYTHONPATH: options.pythonPath.join(':') } : {}),
    ...(options.virtualEnvironment === undefined ? {} : { VENV: options.virtualEnvironment }),
    ...(options.cudaVisibleDevices === undefined ? {} : { CUDA_VISIBLE_DEVICES: options.cudaVisibleDevices }),
  };
}

/** What the launcher and torchrun read of the run's own shape, and what to do instead of setting it in `env`. */
export const OWNED_VARIABLES: Readonly<Record<string, string>> = {
  NNODES: 'take it out: a run has one node',
  NODE_RANK: 'take it out: a run has one node',
  MASTER_ADDR: 'take it out: torchrun chooses it on the only node',
  MASTER_PORT: 'take it out: torchrun chooses it on the only node',
  NPROC_PER_NODE: 'take it out; it follows from nodePool and gpus',
  WORLD_SIZE: 'take it out; it follows from nodePool and gpus',
  RANK: 'take it out: torchrun sets it for each process',
  LOCAL_RANK: 'take it out: torchrun sets it for each process',
  LOCAL_WORLD_SIZE: 'take it out: torchrun sets it for each process',
  RDZV_ID: 'take it out: torchrun needs no rendezvous on the only node',
  MIN_NNODES: 'take it out: a run has one node',
  MAX_NNODES: 'take it out: a run has one node',
  MAX_RESTARTS: "take it out: the Job makes another pod, by the prop 'backoffLimit'",
  USE_RAY: 'take it out: torchrun starts the run, not Ray',
  USE_V1: 'take it out: it starts another trainer, which reads other arguments',
  FORCE_TORCHRUN: 'take it out: the launcher always starts torchrun',
  CUDA_VISIBLE_DEVICES: 'set it by cudaVisibleDevices',
  TRAIN_CONFIG: 'take it out; it follows from train and trainConfig',
  OUTPUT_DIR: 'take it out; it follows from saves',
};

/** One of them that was given; the value is undefined where something else gives it. */
export function ownedVariable(
  key: string,
  name: string,
  value: string | undefined,
  owned: Readonly<Record<string, string>>,
): Problem {
  return {
    id: 'owned-variable',
    key,
    message: 'the run sets this variable itself, and another value would contradict the run',
    got: value == null ? 'no value' : String(value),
    change: owned[name],
  };
}

/** Variables as a container lists them, sorted by name. */
export function envVars(...variables: ReadonlyArray<Readonly<Record<string, string>>>): EnvVar[] {
  const all: Record<string, string> = Object.assign({}, ...variables);
  return Object.keys(all)
    .sort()
    .map((name) => ({ name, value: all[name] }));
}
