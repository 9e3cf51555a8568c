/**
 * Writes data/llamafactory/templates.json and model-templates.json from the templates-RELEASE.json and
 * models-RELEASE.json files in tools/llamafactory-schema, which templates.py there prints. With --check nothing is
 * written; the exit code says whether a file is stale.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { finish } from './generated';

interface Template {
  readonly name: string;
  readonly efficientEos: boolean;
  readonly reasoning: boolean;
  /** Of templates with one format, each trains as the others do. */
  readonly format: string;
}

const SCHEMAS = join(__dirname, 'llamafactory-schema');

/** What templates.py printed for each release, the oldest first. */
function printed<T>(kind: 'templates' | 'models'): { readonly release: string; readonly content: T }[] {
  return readdirSync(SCHEMAS)
    .flatMap((file) => (file.startsWith(`${kind}-`) ? (/-(\d+\.\d+\.\d+)\.json$/.exec(file)?.[1] ?? []) : []))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((release) => ({
      release,
      content: JSON.parse(readFileSync(join(SCHEMAS, `${kind}-${release}.json`), 'utf8')) as T,
    }));
}

/** The text of data/llamafactory/templates.json: each template, and the releases it is limited to. */
export function renderTemplates(): string {
  const lists = printed<Template[]>('templates').map(({ release, content }) => ({
    release,
    templates: new Map(content.map((template) => [template.name, template])),
  }));
  const names = [...new Set(lists.flatMap(({ templates }) => [...templates.keys()]))].sort((a, b) => (a < b ? -1 : 1));
  const lines = names.map((name) => {
    const having = lists.filter(({ templates }) => templates.has(name));
    const newest = having.at(-1);
    const template = newest?.templates.get(name);
    const like = [...(newest?.templates.values() ?? [])].find(({ format }) => format === template?.format)?.name;
    const [since, until] = [having[0]?.release, newest?.release];
    const parts = [
      `"name": ${JSON.stringify(name)}`,
      ...(since === lists[0]?.release ? [] : [`"since": "${since}"`]),
      ...(until === lists.at(-1)?.release ? [] : [`"until": "${until}"`]),
      ...(template?.efficientEos ? ['"efficientEos": true'] : []),
      ...(template?.reasoning ? ['"reasoning": true'] : []),
      ...(like === name ? [] : [`"like": "${like}"`]),
    ];
    return `  {${parts.join(', ')}}`;
  });
  return `[\n${lines.join(',\n')}\n]\n`;
}

/** The text of data/llamafactory/model-templates.json: for each template the models it is for, as the newest release has it. */
export function renderModelTemplates(): string {
  const models = new Map(printed<Record<string, string>>('models').flatMap(({ content }) => Object.entries(content)));
  const templates = [...new Set(models.values())].sort();
  const lines = templates.map((template) => {
    const names = [...models].flatMap(([model, its]) => (its === template ? [model] : [])).sort();
    return `  ${JSON.stringify(template)}: ${JSON.stringify(names)}`;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}

if (require.main === module) {
  finish('data/llamafactory/templates.json', renderTemplates());
  finish('data/llamafactory/model-templates.json', renderModelTemplates());
}
