import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Release } from '../../src/run/releases';
import { SITE, VENV } from '../trainer-packages';
import type { ParityCase, Setting } from './cases';
import { FILES } from './surroundings';

/** What the real parser said. */
export interface RealVerdict {
  readonly accepted: boolean;
  readonly error?: string;
}

/** A folder with the files beside the configs. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'llamafactory-parity-'));
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Asks the real parser of a release. LF_ORACLE_VENV names the virtual environment, LF_ORACLE_SITE the older releases. */
export function askOracle(
  cases: readonly ParityCase[],
  release: Release,
  setting: Setting,
  folder: string,
): ReadonlyMap<string, RealVerdict> {
  for (const { id, text } of cases) writeFileSync(join(folder, `${id}.yaml`), text);
  writeFileSync(join(folder, 'cases.list'), cases.map(({ id }) => `${id}.yaml`).join('\n'));
  const { arch, gpus } = setting;
  const options = ['--version', release, '--deep', '--mode', 'torchrun', '--arch', arch, '--gpus', String(gpus)];
  // Files, not pipes: a number where a path is meant is a file descriptor to Python, and reading a pipe would block.
  const [out, errors] = [join(folder, 'verdicts.jsonl'), join(folder, 'errors.log')];
  const run = spawnSync(
    join(VENV, 'bin', 'python'),
    [join(__dirname, 'oracle.py'), ...options, '--list', 'cases.list'],
    {
      cwd: folder,
      env: { ...process.env, LF_ORACLE_SITE: SITE },
      stdio: ['ignore', openSync(out, 'w'), openSync(errors, 'w')],
    },
  );
  if (run.status !== 0) throw new Error(`the oracle failed: ${readFileSync(errors, 'utf8').slice(-2000)}`);
  const verdicts = new Map<string, RealVerdict>();
  for (const line of readFileSync(out, 'utf8').split('\n')) {
    if (line === '') continue;
    const { file, accepted, error } = JSON.parse(line) as { file: string; accepted: boolean; error?: string };
    verdicts.set(file.replace(/\.yaml$/, ''), { accepted, error: error?.replaceAll(`${folder}/`, '') });
  }
  return verdicts;
}
