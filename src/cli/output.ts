import { asJson } from '../run/as-json';

/** Where a command writes: the process's streams, or a test's lists. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/** The process's own streams. A reader that goes away (`| head`) ends the writing, not the program. */
export function processOutput(): Output {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
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
