import { reasonOf } from '../llamafactory/read-text';
import { asJson } from '../run/as-json';

/** Where a command writes: the process's streams, or a test's lists. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/**
 * The process's own streams. A reader that goes away (`| head`) ends the writing, not the program; where nothing can be
 * written, as on a full disk, the program says so and fails.
 */
export function processOutput(): Output {
  let failed = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return;
      process.exitCode = ExitStatus.FINDINGS;
      if (failed || stream === process.stderr) return;
      failed = true;
      process.stderr.write(
        `error: the output can't be written: ${reasonOf(error)}; make room, or name another place\n`,
      );
    });
  }
  return { out: (text) => process.stdout.write(text), err: (text) => process.stderr.write(text) };
}

/** A value as one line of JSON. */
export function jsonLine(value: unknown): string {
  return `${asJson(value)}\n`;
}

/** How a command ends. */
export enum ExitStatus {
  /** Nothing wrong. */
  OK = 0,
  /** A finding of severity error, or a file that can't be planned. */
  FINDINGS = 1,
  /** The command line itself is wrong. */
  USAGE = 2,
}
