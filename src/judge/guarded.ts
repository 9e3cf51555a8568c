import { type Finding, type Problem, Severity } from '../run/finding';

/** What came of some work, or that it failed. */
export type Attempt<T> = { readonly value: T } | { readonly failed: Finding };

/** Does what may throw, for example on values that TypeScript would have refused: then that is the finding. */
export function attempt<T>(path: string, key: string, work: () => T): Attempt<T> {
  try {
    return { value: work() };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `the check itself failed, so what it looks for isn't known: ${why}`;
    return { failed: { id: 'check-failed', severity: Severity.ERROR, path, key, message } };
  }
}

/**
 * What a check finds. One that throws finds that it failed, so that it hides nothing that others find.
 * @param key what the check looks at: a prop, an argument, or its own id
 */
export function guarded<T extends Problem>(
  path: string,
  key: string,
  check: () => readonly T[],
): ReadonlyArray<T | Finding> {
  const done = attempt(path, key, check);
  return 'failed' in done ? [done.failed] : done.value;
}
