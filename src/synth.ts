import type { App } from 'cdk8s';
import { findingsText } from './judge/finding-text';
import { Severity } from './run/finding';
import { findingsOf } from './tree/findings';

/**
 * Synthesises the app, or prints everything that is wrong with it and ends the process with code 1.
 *
 * `app.synth()` does the same checks, but ends in a stack trace. Nothing is written if there is an error; note that
 * the cdk8s command line empties its output folder before the program starts, so under `cdk8s synth` the old
 * manifests are gone whatever happens here.
 */
export function synth(app: App): void {
  const findings = findingsOf(app).filter((finding) => finding.severity !== Severity.ADVICE);
  const errors = findings.filter((finding) => finding.severity === Severity.ERROR);
  if (errors.length === 0) {
    app.synth();
    return;
  }
  process.stderr.write(
    `${findingsText(findings)}\n\n${errors.length} error${errors.length === 1 ? '' : 's'}: nothing was written\n`,
  );
  process.exit(1);
}

/** {@link synth} for languages that have no functions outside classes. */
export class Manifests {
  /**
   * Synthesises the app, or prints everything that is wrong with it and ends the process with code 1.
   * @param app the program's root
   */
  public static synth(app: App): void {
    synth(app);
  }

  private constructor() {}
}
