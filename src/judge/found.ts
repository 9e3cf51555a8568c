import { inWords } from '../llamafactory/parser/edits';
import { asJson } from '../run/as-json';
import { type Edit, EditOperation, type Finding, type Place, type Severity } from '../run/finding';
import type { Run } from '../run/run';
import type { Rule } from './rule';

/** What a rule says of a run, beside what the rule and the run say themselves. */
export interface Fault {
  readonly key: string;
  readonly message: string;
  readonly got?: unknown;
  readonly allowed?: string;
  /**
   * What to change, in words.
   * @default - the fix in words
   */
  readonly change?: string;
  readonly fix?: readonly Edit[];
  /**
   * Where it is.
   * @default - where the fix changes something
   */
  readonly place?: Place;
  /** @default - the rule's */
  readonly severity?: Severity;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A fault as a finding. */
export function found(rule: Rule, run: Run, fault: Fault): Finding {
  const { key, message, got, allowed, fix } = fault;
  const change = fault.change ?? (fix === undefined ? undefined : inWords(fix));
  const finding: Writable<Finding> = {
    id: rule.id,
    severity: fault.severity ?? rule.severity,
    path: run.path,
    key,
    message,
  };
  if (got !== undefined) finding.got = textOf(got);
  if (allowed !== undefined) finding.allowed = allowed;
  if (change !== undefined) finding.change = change;
  if (fix !== undefined) finding.fix = fix;
  const [first] = fix ?? [];
  const place = fault.place ?? (first && { file: first.file, key: first.key });
  if (place !== undefined && place.file !== run.file) finding.place = place;
  finding.source = rule.source;
  return finding;
}

/** An edit of the train config that sets an argument. */
export function setArgument(run: Run, key: string, value: unknown): Edit {
  return { file: run.file, key, op: EditOperation.SET, value };
}

/** An edit of the train config that takes an argument out. */
export function removeArgument(run: Run, key: string): Edit {
  return { file: run.file, key, op: EditOperation.REMOVE };
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return asJson(value);
}
