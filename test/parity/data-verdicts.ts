import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRows } from '../../src/llamafactory/row-fates';
import type { Release } from '../../src/run/releases';
import { SITE, VENV } from '../trainer-packages';
import type { DataCase } from './data-cases';

/** What a release makes of a data set: the case's digest, and how many rows it keeps or what it stops at. */
export type DataVerdict = readonly [digest: string, outcome: number | string];

export function digestOfData({ id: _, ...rest }: DataCase): string {
  return createHash('sha256').update(JSON.stringify(rest)).digest('hex').slice(0, 8);
}

/** How many rows the twin says are kept; undefined: the run stops. */
export function keptByTwin({ rows, entry, stage }: DataCase, release: Release): number | undefined {
  const fates = readRows(rows, entry, stage, release).fates;
  const kept = rows.length - fates.length;
  return kept === 0 || fates.some(({ stops }) => stops) ? undefined : kept;
}

export function readDataVerdicts(release: Release): ReadonlyMap<string, DataVerdict> {
  return new Map(Object.entries(JSON.parse(readFileSync(fileOf(release), 'utf8')) as Record<string, DataVerdict>));
}

/** Asks the real release and stores what it says. */
export function recordData(release: Release, cases: readonly DataCase[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'llamafactory-data-'));
  const list = join(folder, 'cases.json');
  writeFileSync(list, JSON.stringify(cases));
  const run = spawnSync(join(VENV, 'bin', 'python'), [join(__dirname, 'data.py'), '--version', release, list], {
    env: { ...process.env, LF_ORACLE_SITE: SITE },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  rmSync(folder, { recursive: true });
  if (run.status !== 0) throw new Error(`the real release failed: ${run.stderr.slice(-2000)}`);
  const answers = run.stdout.trim().split('\n');
  const lines = cases.map((one, i) => {
    const { id, kept, error } = JSON.parse(answers[i] ?? '{}') as { id: string; kept?: number; error?: string };
    if (id !== one.id) throw new Error(`no verdict for ${one.id}`);
    return `${JSON.stringify(id)}: ${JSON.stringify([digestOfData(one), kept ?? error])}`;
  });
  writeFileSync(fileOf(release), `{\n${lines.join(',\n')}\n}\n`);
}

function fileOf(release: Release): string {
  return join(__dirname, 'verdicts', `${release}-data.json`);
}
