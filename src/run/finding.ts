import type { FindingId } from './finding-ids';

/** How bad a finding is: errors fail the synth, the others are printed once. */
export enum Severity {
  /** The run would be refused, die, or silently do something else. */
  ERROR = 'error',
  /** The run trains, but not as its author expects. */
  WARNING = 'warning',
  /** There is a better way. */
  ADVICE = 'advice',
}

/** One change to one file, as data: what a program can apply. */
export interface Edit {
  /** The file changed, as it is called beside the training config, for example `train_config.yaml`. */
  readonly file: string;
  /** The key inside the file, dotted for nested keys. */
  readonly key: string;
  /** What to do with the key. */
  readonly op: EditOperation;
  /**
   * The new value, or for `rename` the new name.
   * @default - none: the key is removed
   */
  readonly value?: unknown;
}

/** A place in a file. */
export interface Place {
  /** The file, called as in an {@link Edit}; on the command line as seen from there. */
  readonly file: string;
  /**
   * The key inside the file, dotted for nested keys.
   * @default - none: the whole file, or a row
   */
  readonly key?: string;
  /**
   * The row of a data file, from 1.
   * @default - none
   */
  readonly row?: number;
  /**
   * The line, from 1.
   * @default - not known: the key or row says where
   */
  readonly line?: number;
  /**
   * The column, from 1.
   * @default - not known
   */
  readonly column?: number;
}

/** What an {@link Edit} does. */
export enum EditOperation {
  /** Write the value, whether or not the key is there. */
  SET = 'set',
  /** Take the key out. */
  REMOVE = 'remove',
  /** Keep the value under another key. */
  RENAME = 'rename',
}

/** Something wrong with a run, or better done another way: where, what was got, what is allowed, what to change. */
export interface Finding {
  /** What kind of finding it is: src/judge/registry.ts says what there is to say of each. */
  readonly id: FindingId;
  /** How bad it is. */
  readonly severity: Severity;
  /** Where: the construct's path, or the file. */
  readonly path: string;
  /** The prop or key it is about, in the spelling its author used. */
  readonly key: string;
  /** What is wrong and why it matters: lower case, no final period. */
  readonly message: string;
  /**
   * The file it is in, and where.
   * @default - the training config, at the key
   */
  readonly place?: Place;
  /**
   * The value found.
   * @default - the message says it
   */
  readonly got?: string;
  /**
   * What would be right.
   * @default - the message says it
   */
  readonly allowed?: string;
  /**
   * What to change, in words.
   * @default - nothing that can be said in general
   */
  readonly change?: string;
  /**
   * The change as data.
   * @default - none that can be computed
   */
  readonly fix?: readonly Edit[];
  /**
   * A file that is not here: where the trainer finds it, this need not be so.
   * @default - none: it holds whatever files there are elsewhere
   */
  readonly absent?: string;
  /**
   * Where the fact comes from: a file of an upstream project, an issue, a measurement.
   * @default - the message stands for itself
   */
  readonly source?: string;
}

/** A fault in a value that has no construct of its own; whichever construct is given the value reports it. */
export type Problem = Omit<Finding, 'path' | 'severity'>;
