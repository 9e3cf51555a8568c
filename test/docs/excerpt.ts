import { isDeepStrictEqual } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';

/** A line that stands for any number of lines left out. */
const GAP = /^\s*(?:# )?\.\.\.$/;

/** Whether a text is what the block says, from the first line to the last; trailing space doesn't count. */
export function equalsText(text: string, block: string): boolean {
  return startsAt(linesOf(text), 0, linesOf(block), true);
}

/** Whether the block's lines stand in the text, one after the other. */
export function hasLines(text: string, block: string): boolean {
  const [lines, wanted] = [linesOf(text), linesOf(block)];
  return wanted.some((line) => line !== '') && lines.some((_, start) => startsAt(lines, start, wanted, false));
}

/**
 * Whether an object of that kind in a manifest has what the block says at that place (a JSON pointer). A string is
 * compared line by line; in a mapping, keys that the block leaves out don't count; a list is compared whole.
 */
export function manifestHas(manifest: string, kind: string, pointer: string, block: string): boolean {
  const objects = parseAllDocuments(manifest).map((document) => document.toJS() as unknown);
  const places = objects
    .filter((object) => isMapping(object) && object['kind'] === kind)
    .map((object) => at(object, pointer));
  return places.some((place) => (typeof place === 'string' ? hasLines(place, block) : includes(place, parse(block))));
}

function startsAt(lines: readonly string[], start: number, wanted: readonly string[], whole: boolean): boolean {
  const [first, ...rest] = wanted;
  if (first === undefined) return !whole || start === lines.length;
  if (GAP.test(first)) {
    for (let from = start; from <= lines.length; from += 1) if (startsAt(lines, from, rest, whole)) return true;
    return false;
  }
  return lines[start] === first && startsAt(lines, start + 1, rest, whole);
}

function linesOf(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd());
}

function at(value: unknown, pointer: string): unknown {
  const keys = pointer.split('/').filter((key) => key !== '');
  return keys.reduce<unknown>((place, key) => {
    const name = key.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(place)) return place[Number(name)];
    return isMapping(place) ? place[name] : undefined;
  }, value);
}

function includes(value: unknown, part: unknown): boolean {
  if (Array.isArray(part)) {
    return (
      Array.isArray(value) && value.length === part.length && part.every((item, index) => includes(value[index], item))
    );
  }
  if (!isMapping(part) || Object.keys(part).length === 0) return part !== null && isDeepStrictEqual(value, part);
  return isMapping(value) && Object.entries(part).every(([key, item]) => includes(value[key], item));
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
