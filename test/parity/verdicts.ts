import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Release } from '../../src/run/releases';
import type { ParityCase } from './cases';
import type { RealVerdict } from './oracle-run';

/** A recorded verdict: the case's digest, whether it was accepted, what was said. */
export type Recorded = readonly [digest: string, accepted: boolean, error?: string];

export function digestOf({ text, arch, gpus }: ParityCase): string {
  return createHash('sha256').update(`${arch} ${gpus}\n${text}`).digest('hex').slice(0, 8);
}

/** `fixed`: the verdicts on refused configs that the twin has fixed; `silent`: on accepted ones that rules have. */
export type Kind = 'cases' | 'fixed' | 'silent';

export function readVerdicts(release: Release, kind: Kind): ReadonlyMap<string, Recorded> {
  return new Map(Object.entries(JSON.parse(readFileSync(fileOf(release, kind), 'utf8')) as Record<string, Recorded>));
}

export function writeVerdicts(
  release: Release,
  kind: Kind,
  cases: readonly ParityCase[],
  verdicts: ReadonlyMap<string, RealVerdict>,
): void {
  const lines = cases.map((one) => {
    const verdict = verdicts.get(one.id);
    if (!verdict) throw new Error(`no verdict for ${one.id}`);
    const recorded = [digestOf(one), verdict.accepted, ...(verdict.error ? [verdict.error.slice(0, 100)] : [])];
    return `${JSON.stringify(one.id)}: ${JSON.stringify(recorded)}`;
  });
  writeFileSync(fileOf(release, kind), `{\n${lines.join(',\n')}\n}\n`);
}

function fileOf(release: Release, kind: Kind): string {
  return join(__dirname, 'verdicts', kind === 'cases' ? `${release}.json` : `${release}-${kind}.json`);
}
