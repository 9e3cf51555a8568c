import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder of the programs under test. */
export const RUNTIME = join(__dirname, '..', '..', 'runtime');

/** How a program ended, and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program on its way. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** PATH with the real python3 first: where `python3` is a script that looks for one, each start would take longer. */
export const PATH: string = (() => {
  const found = spawnSync('python3', ['-c', 'import os, sys; print(os.path.dirname(sys.executable))'], {
    encoding: 'utf8',
  });
  return `${found.stdout.trim()}:${process.env.PATH}`;
})();

/** Starts a program; without `env` variables of its own it gets only PATH. */
export function start(command: string, args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(command, args, {
    env: { PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += String(text);
  });
  child.stderr.on('data', (text) => {
    stderr += String(text);
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

/** Runs a program to its end. */
export function run(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return start(command, args, env).ended;
}

/** Runs a program with a small volume of its own mounted at a directory; what stands in its `.failed` comes to stdout. */
export function onSmallVolume(
  directory: string,
  size: string,
  command: readonly string[],
  env: Record<string, string>,
): Promise<Ended> {
  const script = `mount -t tmpfs -o size=$1 none "$2" && place=$2 && shift 2 && { "$@"; code=$?; }
cat "$place/.failed" 2>/dev/null
exit $code`;
  mkdirSync(directory, { recursive: true });
  return run('unshare', ['--mount', 'sh', '-c', script, 'sh', size, directory, ...command], env);
}

const folders: string[] = [];

/** An empty folder whose name has a blank and Chinese characters; `cleanUp` removes it. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), '运行 时-'));
  folders.push(made);
  return made;
}

/** Removes every folder made. */
export function cleanUp(): void {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
}

/** Writes a file, and its folder if need be. */
export function write(path: string, text: string | Buffer, mode = 0o644): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

/** Waits until a condition holds, looking every 20 ms; fails after 20 s. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000; tries += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited 20 s for ${what}`);
}

/** The text of a file, or nothing while it is not there. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
