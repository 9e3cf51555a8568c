import { PLACES } from '../llamafactory/owned-arguments';
import { digest } from '../run/digest';
import type { Mapping } from '../run/run';

/**
 * Arguments that say where things are, what is told of a run and how quickly it is prepared: the adapter is the same
 * without them, and a run stays the same run when they change. docs/guide-platform.md lists them.
 */
export const NO_NEW_RUN: readonly string[] = [
  'media_dir',
  'logging_dir',
  'logging_steps',
  'logging_first_step',
  'logging_strategy',
  'log_level',
  'disable_tqdm',
  'include_num_input_tokens_seen',
  'plot_loss',
  'report_to',
  'run_name',
  'preprocessing_num_workers',
  'overwrite_cache',
  'ddp_timeout',
];

/** With those that constructs set to say where things are. */
const IGNORED = new Set([...PLACES, ...NO_NEW_RUN]);

/** What the result of a run depends on. */
export interface RunIdentity {
  readonly args: Mapping;
  readonly deepspeed: Mapping | undefined;
  readonly datasets: ReadonlyArray<{ readonly name: string; readonly entry: Mapping; readonly identity: unknown }>;
  readonly model: unknown;
  /** Undefined: a new adapter is trained. */
  readonly adapter?: unknown;
  readonly release: string;
  readonly image: string;
  /** The requirements installed beside the image. */
  readonly packages: string | undefined;
  /** The user's own Python files. */
  readonly code: Mapping | undefined;
  /** Ranks: with the batch of a device they make the effective batch. */
  readonly worldSize: number;
}

/** The arguments that the result depends on. */
export function resultArguments(args: Mapping): Mapping {
  return Object.fromEntries(Object.entries(args).filter(([key]) => !IGNORED.has(key)));
}

/** The digest that names the output directory: same inputs, same directory; any change of the result, another. */
export function runDigest(identity: RunIdentity): string {
  return digest({
    ...identity,
    args: resultArguments(identity.args),
    datasets: identity.datasets.map(({ name, entry, identity: data }) => ({
      name,
      entry: Object.fromEntries(Object.entries(entry).filter(([key]) => key !== 'file_name')),
      data,
    })),
  });
}
