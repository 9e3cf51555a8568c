import { type Finding, Severity } from '../finding';
import { camelCase, fieldsOf, releasesOf } from '../llamafactory/fields';
import type { Run } from '../run';

/** What is wrong with a run's arguments. */
export function checkRun(run: Run): Finding[] {
  const fields = fieldsOf(run.release);
  return Object.keys(run.args)
    .filter((name) => fields.get(name)?.settable !== true)
    .map((name) => ({
      id: 'unknown-argument',
      severity: Severity.ERROR,
      path: run.path,
      key: `train.${camelCase(name)}`,
      message: `LLaMA-Factory ${run.release} has no such argument`,
      allowed: `releases ${releasesOf(name).join(', ')} have it`,
    }));
}
