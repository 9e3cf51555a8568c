import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isIn, type Release, type ReleaseRange } from '../run/releases';
import { byRelease } from './by-release';

interface TemplateRecord extends ReleaseRange {
  readonly name: string;
  /** The token that ends an answer stands in no slot of the template: the trainer adds it. */
  readonly efficientEos?: boolean;
  /** It puts a think block before an answer that has none, as `enable_thinking` says. */
  readonly reasoning?: boolean;
  /** The template that trains as this one does. */
  readonly like?: string;
}

let records: readonly TemplateRecord[] | undefined;

/** The names of the chat templates a release has. */
export function templatesOf(release: Release): Iterable<string> {
  return templates(release).keys();
}

export function hasTemplate(release: Release, name: string): boolean {
  return templates(release).has(name);
}

/** Whether the trainer adds the token that ends an answer, since the template has none. */
export function hasEfficientEos(release: Release, name: string): boolean {
  return templates(release).get(name)?.efficientEos === true;
}

/** Whether `enable_thinking` has an effect with a template. */
export function isReasoning(release: Release, name: string): boolean {
  return templates(release).get(name)?.reasoning === true;
}

/** Whether two templates make the same of a chat. */
export function trainAlike(release: Release, one: string, other: string): boolean {
  const of = (name: string) => templates(release).get(name)?.like ?? name;
  return of(one) === of(other);
}

const templates = byRelease((release): ReadonlyMap<string, TemplateRecord> => {
  records ??= JSON.parse(readFileSync(join(__dirname, '../../data/llamafactory/templates.json'), 'utf8'));
  return new Map(records?.filter((record) => isIn(release, record)).map((record) => [record.name, record]));
});
