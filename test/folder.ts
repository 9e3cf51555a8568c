import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The repository's root. */
export const REPOSITORY = join(__dirname, '..');

/** A folder outside the repository that is gone after the file's tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cdk8s-llamafactory-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files into a folder, made where it is missing. */
export function write(folder: string, files: Readonly<Record<string, string | Buffer>>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** Lets programs in a folder import what the repository has installed. */
export function linkModules(folder: string): string {
  symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** The library and its examples in another folder, as if the repository had been moved there. */
export function copyRepository(folder: string): string {
  for (const name of ['src', 'runtime', 'data', 'examples', 'tsconfig.json']) {
    cpSync(join(REPOSITORY, name), join(folder, name), { recursive: true });
  }
  return linkModules(folder);
}

/** How a program ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a TypeScript program with tsx, manifests going to `outdir`; the library is that of `repository`. */
export function runProgram(program: string, options: { cwd: string; outdir: string; repository?: string }): Ended {
  const tsconfig = join(options.repository ?? REPOSITORY, 'tsconfig.json');
  return spawnSync(process.execPath, [require.resolve('tsx/cli'), '--tsconfig', tsconfig, program], {
    cwd: options.cwd,
    env: { ...process.env, CDK8S_OUTDIR: options.outdir },
    encoding: 'utf8',
  });
}
