import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The permissions of a new file, as the user's umask leaves them. */
const NEW_FILE = 0o666;

/**
 * Writes a file whole or not at all: into a new one beside it, which then takes its place. A full disk or a kill leaves
 * the old file as it was. Through a link the file it points to is written.
 * @throws if it can't be written, or a link points to nothing
 */
export function writeWhole(path: string, text: string): void {
  const known = lstatSync(path, { throwIfNoEntry: false });
  if (known?.isSymbolicLink() && statSync(path, { throwIfNoEntry: false }) === undefined) {
    throw new Error('it is a link to a file that is not there');
  }
  const target = known === undefined ? path : realpathSync(path);
  if (known !== undefined && !statSync(target).isFile()) {
    // A pipe or a device takes what it is given: nothing can take its place.
    writeFileSync(target, text);
    return;
  }
  const beside = join(dirname(target), `.${basename(target).slice(0, 100)}.${randomUUID()}.tmp`);
  try {
    const file = openSync(beside, 'wx', NEW_FILE);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (known !== undefined) chmodSync(beside, statSync(target).mode & 0o7777);
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
