import { isUtf8 } from 'node:buffer';
import { readFileSync, type Stats, statSync } from 'node:fs';
import type { FindingId } from '../run/finding-ids';

/** A file's text, or why there is none. */
export type FileText =
  | { readonly text: string }
  | { readonly id: FindingId; readonly fault: string; readonly missing: boolean };

/** Larger files are neither train configs nor DeepSpeed configs, in bytes. */
export const LARGEST_CONFIG = 4 * 2 ** 20;

/** What the system says of a file, or in words why it says nothing. */
export function statOf(path: string): Stats | string {
  try {
    return statSync(path);
  } catch (error) {
    return reasonOf(error);
  }
}

const MISSING = 'there is no such file';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: MISSING,
  ENOTDIR: MISSING,
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the file system is read-only',
  ELOOP: 'its links go round in a circle',
  ENAMETOOLONG: 'the name is too long',
  ENOSPC: 'the disk is full',
  EISDIR: 'it is a folder',
  ERR_INVALID_ARG_VALUE: 'the name holds a character that no name has',
};

/** A system error in words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? message;
}

/** A file's text in UTF-8, or why there is none. */
export function readText(path: string, largest: number): FileText {
  const unreadable = (fault: string): FileText => ({ id: 'unreadable-file', fault, missing: fault === MISSING });
  const stat = statOf(path);
  if (typeof stat === 'string') return unreadable(stat);
  if (stat.isDirectory()) return unreadable('it is a folder');
  if (!stat.isFile()) return unreadable('it is not a regular file');
  if (stat.size > largest)
    return { id: 'yaml-too-large', fault: `it has ${stat.size} bytes, too many for a config`, missing: false };
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return unreadable(reasonOf(error));
  }
  if (isUtf8(bytes)) return { text: bytes.toString('utf8') };
  return { id: 'yaml-binary', fault: 'it is not text in UTF-8', missing: false };
}
