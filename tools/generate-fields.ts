/**
 * Writes data/llamafactory/fields.json from the schema files in tools/llamafactory-schema, one a release.
 * A schema file is what `oracle.py --version RELEASE --schema FILE` prints; adding a release is adding its file.
 * With --check nothing is written; the exit code says whether the file is stale.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { finish } from './generated';

interface SchemaField {
  readonly name: string;
  readonly owner: string;
  readonly type: string;
  readonly default: unknown;
  readonly settable: boolean;
  readonly choices?: readonly unknown[];
}

interface Renames {
  readonly renamed: Readonly<Record<string, { to: string | null; from: string; instead?: string }>>;
  readonly before: Readonly<Record<string, { to: string | null; until: string; instead?: string }>>;
}

const SCHEMAS = join(__dirname, 'llamafactory-schema');
/** What may differ from release to release. */
const VARYING = ['owner', 'type', 'choices', 'default', 'settable'] as const;

/** The text of data/llamafactory/fields.json. */
export function renderFields(): string {
  const releases = readdirSync(SCHEMAS)
    .flatMap((file) => /^(\d+\.\d+\.\d+)\.json$/.exec(file)?.[1] ?? [])
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const schemas = releases.map((release) =>
    readJson<{ transformers: string; fields: SchemaField[] }>(`${release}.json`),
  );
  const byRelease = schemas.map(({ fields }) => new Map(fields.map((field) => [field.name, field])));
  const renames = readJson<Renames>('renames.json');
  const names = new Set([...schemas].reverse().flatMap(({ fields }) => fields.map(({ name }) => name)));
  const fields = [...names].map((name) => describe(name, releases, byRelease, renames));
  const gone = Object.entries(renames.before).map(([name, { to, until, instead }]) => ({
    name,
    until,
    ...(to ? { renamedTo: to } : {}),
    ...(instead ? { instead } : {}),
  }));
  const header = releases.map((release, i) => `    "${release}": { "transformers": "${schemas[i]?.transformers}" }`);
  const lines = (entries: readonly object[]) => entries.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n');
  return `{\n  "releases": {\n${header.join(',\n')}\n  },\n  "fields": [\n${lines(fields)}\n  ],\n  "gone": [\n${lines(gone)}\n  ]\n}\n`;
}

function describe(
  name: string,
  releases: readonly string[],
  byRelease: readonly ReadonlyMap<string, SchemaField>[],
  renames: Renames,
): object {
  const present = releases.filter((_, i) => byRelease[i]?.has(name));
  const fieldIn = (release: string) => byRelease[releases.indexOf(release)]?.get(name);
  const since = present[0] ?? '';
  const until = present.at(-1) ?? '';
  const latest = fieldIn(until);
  if (!latest) throw new Error(`${name} is in no schema`);
  const inside = releases.slice(releases.indexOf(since), releases.indexOf(until) + 1);
  const absent = inside.filter((release) => !present.includes(release));
  const changes: Record<string, object> = {};
  for (const release of present) {
    const field = fieldIn(release);
    const different = VARYING.filter((key) => JSON.stringify(field?.[key]) !== JSON.stringify(latest[key]));
    if (different.length > 0) changes[release] = Object.fromEntries(different.map((key) => [key, field?.[key]]));
  }
  const rename = renames.renamed[name];
  return {
    name,
    owner: latest.owner,
    type: latest.type,
    ...(latest.choices ? { choices: latest.choices } : {}),
    default: latest.default,
    ...(latest.settable ? {} : { settable: false }),
    ...(since === releases[0] ? {} : { since }),
    ...(until === releases.at(-1) ? {} : { until }),
    ...(absent.length > 0 ? { absent } : {}),
    ...(Object.keys(changes).length > 0 ? { changes } : {}),
    ...(rename?.to ? { renamedTo: rename.to } : {}),
    ...(rename?.instead ? { instead: rename.instead } : {}),
  };
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(join(SCHEMAS, file), 'utf8'));
}

if (require.main === module) finish('data/llamafactory/fields.json', renderFields());
