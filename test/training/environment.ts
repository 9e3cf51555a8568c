import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { RELEASES, type Release } from '../../src/run/releases';
import { SITE, VENV } from '../trainer-packages';

/** The one that the virtual environment itself holds. */
const NEWEST = RELEASES.at(-1) as Release;

/** The releases to train with: those that the variable RELEASES names, else the newest. */
export function releases(): Release[] {
  const wanted = (process.env['RELEASES'] ?? NEWEST).split(/[\s,]+/).filter((name) => name !== '');
  const unknown = wanted.filter((name) => !RELEASES.some((release) => release === name));
  if (unknown.length > 0)
    throw new Error(`RELEASES: ${unknown.join(', ')} not known; there are ${RELEASES.join(', ')}`);
  return RELEASES.filter((release) => wanted.includes(release));
}

/** The folder of an older release's packages; undefined: the virtual environment has it. */
export function siteOf(release: Release): string | undefined {
  return release === NEWEST ? undefined : join(SITE, release);
}

/** What an image of a release would set: its programs on PATH, its packages. */
export function imageEnv(release: Release): Record<string, string> {
  const site = siteOf(release);
  return {
    PATH: [join(VENV, 'bin'), '/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'].join(':'),
    ...(site === undefined ? {} : { PYTHONPATH: site }),
  };
}

/** Runs Python with a release's packages and no network. */
export function python(release: Release, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const offline = { OMP_NUM_THREADS: '1', HF_HUB_OFFLINE: '1', PYTHONWARNINGS: 'ignore' };
  return spawnSync('python', args, {
    env: { ...process.env, ...offline, ...imageEnv(release), ...env },
    encoding: 'utf8',
  });
}

/** Runs a program of this folder and gives what it printed. */
export function printedBy(release: Release, program: string, args: readonly string[]): string {
  const ended = python(release, [join(__dirname, program), ...args]);
  if (ended.status !== 0) throw new Error(`${program} ended with ${ended.status}: ${ended.stderr}`);
  return ended.stdout;
}
