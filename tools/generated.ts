import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '..');

/** Writes a generated file, or with --check says on stderr, and in the exit code, that it is stale. */
export function finish(file: string, text: string): void {
  const path = join(ROOT, file);
  const stale = !existsSync(path) || readFileSync(path, 'utf8') !== text;
  if (!stale) return;
  if (process.argv.includes('--check')) {
    console.error(`${file} is stale: run the generator without --check`);
    process.exitCode = 1;
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
