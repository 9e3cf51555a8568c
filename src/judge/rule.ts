import type { Finding, Severity } from '../run/finding';
import type { RuleId } from '../run/finding-ids';
import type { Run } from '../run/run';

/** A check beyond the parser's own: one file each, the file's name is the id. */
export interface Rule {
  /** Also listed in src/run/finding-ids.ts. */
  readonly id: RuleId;
  /** How bad what it finds is. */
  readonly severity: Severity;
  /** Why it matters: one sentence or two. */
  readonly reason: string;
  /** Where the fact comes from: a file of an upstream project, an issue, a measurement. */
  readonly source: string;
  /**
   * The configs beside those to train that it looks at.
   * @default false
   */
  readonly everyKind?: boolean;
  /** What it finds in a run; nothing if the run is right or what it needs to know isn't known. */
  check(run: Run): Finding[];
}
