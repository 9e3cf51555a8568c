import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, Severity } from '../run/finding';
import { nearest } from '../run/nearest';

/** The fields of an interface; a field that holds another one, or a list of them, names it. */
type Fields = Readonly<Record<string, string>>;

let known: Readonly<Record<string, Fields>> | undefined;

/**
 * Fields of a patch that no pod template has: the API server drops some of them without a word. One that is spelt like
 * a field is an error; any other may be newer than the fields known here.
 * @param at the prop that the patch is
 */
export function unknownFields(path: string, patch: unknown, at = 'podTemplate'): Finding[] {
  known ??= JSON.parse(readFileSync(join(__dirname, '../../data/pod-fields.json'), 'utf8')) as Record<string, Fields>;
  return unknownIn(path, at, patch, known['PodTemplateSpec'], true);
}

/** @param isTop whether it is the template itself: it has two fields, and nothing will come to them */
function unknownIn(path: string, at: string, value: unknown, fields: Fields | undefined, isTop = false): Finding[] {
  if (fields === undefined || typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item, i) => unknownIn(path, `${at}[${i}]`, item, fields));
  return Object.entries(value).flatMap(([field, inner]) => {
    const key = `${at}.${field}`;
    // kubectl's directives have a finding of their own.
    if (field.startsWith('$')) return [];
    const holds = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (holds !== undefined) return unknownIn(path, key, inner, known?.[holds]);
    const meant = nearest(field, Object.keys(fields));
    const change = isTop ? 'put fields of the pod under spec' : 'look it up: kubectl explain pod';
    return [
      {
        id: 'pod-template',
        severity: meant === undefined && !isTop ? Severity.WARNING : Severity.ERROR,
        path,
        key,
        message: 'no such field of a pod is known, and the API server drops what it does not know',
        got: field,
        change: meant === undefined ? change : `did you mean ${meant}?`,
      },
    ];
  });
}
