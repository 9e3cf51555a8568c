import { realpathSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';

/**
 * The files among those read that are not in the folder, one line each: as they are seen from it, and where links lead.
 * @param files absolute
 */
export function readOutside(folder: string, files: readonly string[]): string[] {
  const home = realOf(resolve(folder));
  return files.flatMap((file) => {
    const real = realOf(file);
    if (isInside(home, real)) return [];
    const seen = relative(resolve(folder), file);
    return [isInside(resolve(folder), file) ? `${seen}, a link to ${real}` : seen];
  });
}

function isInside(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
