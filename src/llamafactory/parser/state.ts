import type { Edit, Place, Severity } from '../../run/finding';
import type { ParserId } from '../../run/finding-ids';
import type { Release, ReleaseRange } from '../../run/releases';
import type { Run } from '../../run/run';
import { defaultsOf } from '../effective-arguments';
import type { Files } from '../files';
import { PyFloat } from './python';

/** A run as the parser's twin looks at it. */
export type ParserInput = Pick<Run, 'path' | 'file' | 'release' | 'args' | 'gpus' | 'nodes'> &
  Partial<Pick<Run, 'kind' | 'deepspeed' | 'datasets' | 'card' | 'image' | 'quantised'>> & {
    /** The keys whose value is a whole number written as a float, `2.0`: the loader knows, a plain mapping can't say. */
    readonly floats?: ReadonlySet<string>;
    /**
     * The files the trainer would see.
     * @default - not known: what hangs on a file is taken from `deepspeed` and `datasets`, or taken to be right
     */
    readonly files?: Files;
  };

/** What the checks see and the settings between them change: the arguments, defaults filled in. */
export interface State {
  readonly input: ParserInput;
  readonly release: Release;
  /** The value of each argument as it is at this point of the parser's course. */
  readonly values: Record<string, unknown>;
  /** Ranks in all. */
  readonly ranks: number;
  /** Ampere or newer. */
  readonly ampere: boolean;
  readonly files: Files | undefined;
  /** What has been read and found on the way, by a name of the step that needs it again. */
  readonly memory: Map<string, unknown>;
  /** ZeRO stage, once the DeepSpeed configuration has been read. */
  zeroStage: unknown;
  /** FSDP loads weights on the first rank only, as quantisation asks (`is_fsdp_enabled`). */
  fsdpEnabled: boolean;
}

/** One check of the real parser. */
export interface ParserRule {
  /** Also listed in src/run/finding-ids.ts. */
  readonly id: ParserId;
  /** The arguments it is about; findings point at the first that is set. */
  readonly keys: readonly string[];
  /**
   * True if it is about the first key's absence: findings point at it all the same.
   * @default false
   */
  readonly missing?: boolean;
  /**
   * The releases that have the check.
   * @default - all
   */
  readonly releases?: ReleaseRange;
  /**
   * What is wrong in general, for docs/RULES.md; needed where the message depends on the run.
   * @default - the message
   */
  readonly title?: string;
  /** What is wrong, in our words. */
  readonly message: string | ((state: State) => string);
  /** What the real parser says. */
  readonly upstream: string | ((state: State) => string);
  /** Where the check is, in LLaMA-Factory unless another project is named. */
  readonly source: string;
  /**
   * The file that is not here, where that is why it refuses.
   * @default - it refuses whatever files there are
   */
  absent?(state: State): string | undefined;
  /**
   * Where in a file the fault is.
   * @default - in the train config, at the key
   */
  place?(state: State): Place | undefined;
  /**
   * How bad it is, where what decides is not known here; a warning refuses nothing.
   * @default - an error
   */
  severity?(state: State): Severity;
  /** True if the parser refuses. May throw PyError where Python would raise. */
  refuses(state: State): boolean;
  /**
   * The change that makes it pass.
   * @default - the key the finding points at is removed
   */
  fix?(state: State): readonly Edit[];
  /**
   * What to change, in words.
   * @default - the fix in words
   */
  readonly change?: string;
}

/** A setting the parser makes between its checks. May throw PyError where Python would raise. */
export interface Setting {
  /** The arguments it reads. */
  readonly keys: readonly string[];
  readonly releases?: ReleaseRange;
  readonly source: string;
  set(state: State): void;
}

export type Step = ParserRule | Setting;

/** The state the parser starts from. */
export function startState(input: ParserInput): State {
  // One literal: an object filled key by key becomes a hash table, and the checks look up hundreds of keys.
  const values: Record<string, unknown> = { __proto__: defaultsOf(input.release), ...input.args };
  for (const key of input.floats ?? []) {
    const value = input.args[key];
    if (typeof value === 'number') values[key] = new PyFloat(value);
  }
  return {
    input,
    release: input.release,
    values,
    ranks: input.gpus * input.nodes,
    ampere: (input.card?.computeCapability ?? 0) >= 8,
    files: input.files,
    memory: new Map(),
    zeroStage: -1,
    fsdpEnabled: false,
  };
}

/** A value worked out once in a run of the steps. */
export function once<T>({ memory }: State, name: string, work: () => T): T {
  if (!memory.has(name)) memory.set(name, work());
  return memory.get(name) as T;
}
