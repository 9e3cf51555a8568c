import { FILE_HEADERS_ONLY, formatPatch, structuredPatch } from 'diff';

/** The difference of two texts as `diff -u` shows it; empty if there is none. */
export function difference(name: string, before: string, after: string): string {
  if (before === after) return '';
  const patch = structuredPatch(before === '' ? '(new)' : name, name, before, after, undefined, undefined, {
    context: 3,
  });
  return formatPatch(patch, FILE_HEADERS_ONLY);
}
