/**
 * Writes data/llamafactory/templates.json from the templates-RELEASE.json files in tools/llamafactory-schema, which
 * templates.py there prints. With --check nothing is written; the exit code says whether the file is stale.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { finish } from './generated';

interface Template {
  readonly name: string;
  readonly efficientEos: boolean;
}

const SCHEMAS = join(__dirname, 'llamafactory-schema');

/** The text of data/llamafactory/templates.json: each template, and the releases it is limited to. */
export function renderTemplates(): string {
  const releases = readdirSync(SCHEMAS)
    .flatMap((file) => /^templates-(\d+\.\d+\.\d+)\.json$/.exec(file)?.[1] ?? [])
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const lists = releases.map((release) => {
    const list = JSON.parse(readFileSync(join(SCHEMAS, `templates-${release}.json`), 'utf8')) as Template[];
    return new Map(list.map((template) => [template.name, template]));
  });
  const names = [...new Set(lists.flatMap((list) => [...list.keys()]))].sort((a, b) => (a < b ? -1 : 1));
  const lines = names.map((name) => {
    const having = releases.filter((_, i) => lists[i]?.has(name));
    const newest = lists.flatMap((list) => list.get(name) ?? []).at(-1);
    const [since, until] = [having[0], having.at(-1)];
    const parts = [
      `"name": ${JSON.stringify(name)}`,
      ...(since === releases[0] ? [] : [`"since": "${since}"`]),
      ...(until === releases.at(-1) ? [] : [`"until": "${until}"`]),
      ...(newest?.efficientEos ? ['"efficientEos": true'] : []),
    ];
    return `  {${parts.join(', ')}}`;
  });
  return `[\n${lines.join(',\n')}\n]\n`;
}

if (require.main === module) finish('data/llamafactory/templates.json', renderTemplates());
