import type { Document, Node, Pair, YAMLMap } from 'yaml';
import { pythonFloatText } from '../llamafactory/render-train-config';
import { type Edit, EditOperation } from '../run/finding';

type Change = Pick<Edit, 'key' | 'op' | 'value'>;
type Item = Pair<Node, Node | null>;

/** A place in a document: the mapping a key belongs to, and the keys still to be made below it. */
interface Place {
  readonly map: YAMLMap<Node, Node | null>;
  readonly key: string;
  readonly missing: readonly string[];
}

/**
 * Makes a change to a YAML or JSON text and leaves the rest as it is, comments and spelling included.
 *
 * @param file its name: `.json` is written as JSON
 * @returns the new text; undefined if the change can't be made: the text can't be parsed, or an anchor stands there
 */
export function applyEdit(text: string, { key, op, value }: Change, file: string): string | undefined {
  const json = file.endsWith('.json');
  if (text.trim() === '') return op === EditOperation.SET ? emptyWith(key, value, json) : undefined;
  const yaml = loadLibrary();
  const document = parse(text);
  if (document === undefined) return undefined;
  const place = placeOf(document, key);
  if (place === undefined) return undefined;
  const write = json ? (part: unknown) => JSON.stringify(part) : yamlText;
  const items = place.missing.length > 0 ? [] : itemsOf(place.map, place.key);
  const changed = change(text, place, items, { op, value }, write);
  return changed === undefined || changed === text || parse(changed) === undefined ? undefined : changed;

  function parse(source: string): Document.Parsed | undefined {
    const parsed = yaml.parseDocument(source, { uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
    return parsed.errors.length > 0 || !yaml.isMap(parsed.contents) ? undefined : parsed;
  }
}

/** Where a dotted key stands in a YAML or JSON text, or else what should hold it; undefined: neither is there. */
export function offsetOfKey(text: string, key: string): number | undefined {
  const yaml = loadLibrary();
  let map: unknown = yaml.parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'error' }).contents;
  let offset: number | undefined;
  for (let rest = key; yaml.isMap(map); ) {
    const within = map as unknown as Place['map'];
    // A name can have dots of its own.
    const part = [rest, rest.split('.', 1)[0] ?? ''].find((each) => itemsOf(within, each).length > 0);
    const item = part === undefined ? undefined : itemsOf(within, part)[0];
    if (part === undefined || item === undefined) return offset;
    offset = rangeOf(item.key)[0];
    if (part === rest) return offset;
    rest = rest.slice(part.length + 1);
    map = item.value;
  }
  return offset;
}

function loadLibrary(): typeof import('yaml') {
  return require('yaml');
}

function placeOf(document: Document.Parsed, key: string): Place | undefined {
  const yaml = loadLibrary();
  let map = document.contents as unknown as Place['map'];
  if (itemsOf(map, key).length > 0) return { map, key, missing: [] };
  const path = key.split('.');
  for (const [depth, part] of path.entries()) {
    const items = itemsOf(map, part);
    if (depth === path.length - 1) return { map, key: part, missing: [] };
    const inner = items.at(-1)?.value;
    if (items.length === 0) return { map, key: part, missing: path.slice(depth + 1) };
    if (!yaml.isMap<Node, Node | null>(inner)) return undefined;
    map = inner;
  }
  return undefined;
}

function itemsOf(map: Place['map'], key: string): Item[] {
  const yaml = loadLibrary();
  return map.items.filter((item): item is Item => yaml.isScalar(item.key) && String(item.key.value) === key);
}

function change(
  text: string,
  { map, key, missing }: Place,
  items: readonly Item[],
  { op, value }: Omit<Change, 'key'>,
  write: (value: unknown) => string,
): string | undefined {
  const last = items.at(-1);
  if (op === EditOperation.SET) {
    const whole = [...missing].reverse().reduce<unknown>((inner, part) => ({ [part]: inner }), value);
    if (last === undefined) return added(text, map, `${write(key)}: ${write(whole)}`);
    return withValue(withoutItems(text, map, items.slice(0, -1)), last, write(value), text.length);
  }
  if (last === undefined) return undefined;
  if (op === EditOperation.REMOVE) return withoutItems(text, map, items);
  const name = String(value);
  if (itemsOf(map, name).length > 0) return withoutItems(text, map, items);
  const [start, end] = rangeOf(last.key);
  return withoutItems(text.slice(0, start) + write(name) + text.slice(end), map, items.slice(0, -1));
}

/** The value of an item in a text whose end hasn't moved from the item on: counted from the end. */
function withValue(text: string | undefined, item: Item, written: string, length: number): string | undefined {
  if (text === undefined || isAnchored(item)) return undefined;
  const shift = text.length - length;
  const keyEnd = rangeOf(item.key)[1] + shift;
  const colon = text.indexOf(':', keyEnd);
  if (colon < 0 || text.slice(keyEnd, colon).trim() !== '') return undefined;
  const { value } = item;
  const range = value?.range;
  if (!value || !range) return `${text.slice(0, colon + 1)} ${written}${text.slice(colon + 1)}`;
  const from = range[0] + shift;
  const to = endOf(value) + shift;
  const between = text.slice(colon + 1, from);
  const tail = text[to - 1] === '\n' && from < to ? `\n${text.slice(to)}` : text.slice(to);
  if (from === to || between.includes('\n')) return `${text.slice(0, colon + 1)} ${written}${tail}`;
  return text.slice(0, from) + written + tail;
}

/** Whether a value has an anchor or tag, or refers to one: what stands there is more than its text. */
function isAnchored({ value }: Item): boolean {
  if (value === null) return false;
  if (loadLibrary().isAlias(value) || value.tag !== undefined) return true;
  return 'anchor' in value && value.anchor !== undefined;
}

/** The text without some items of a mapping, the last first so that the earlier keep their places. */
function withoutItems(text: string, map: Place['map'], items: readonly Item[]): string | undefined {
  let result = text;
  for (const item of [...items].reverse()) {
    if (item.value && 'anchor' in item.value && item.value.anchor !== undefined) return undefined;
    const [from, to] = map.flow
      ? flowSpan(map, item)
      : [lineStart(text, rangeOf(item.key)[0]), lineEnd(text, itemEnd(item))];
    result = result.slice(0, from) + result.slice(to);
  }
  return result;
}

/** An item of a flow mapping with the comma before it, or after the first. */
function flowSpan(map: Place['map'], item: Item): [number, number] {
  const at = map.items.indexOf(item);
  const next = map.items[at + 1];
  const before = map.items[at - 1];
  if (before !== undefined) return [itemEnd(before as Item), itemEnd(item)];
  return [rangeOf(item.key)[0], next === undefined ? itemEnd(item) : rangeOf(next.key)[0]];
}

function added(text: string, map: Place['map'], line: string): string | undefined {
  const first = map.items[0] as Item | undefined;
  const last = map.items.at(-1) as Item | undefined;
  if (first === undefined || last === undefined) {
    const [start, end] = rangeOf(map);
    return map.flow ? `${text.slice(0, start)}{ ${line} }${text.slice(end)}` : undefined;
  }
  const keyStart = rangeOf(first.key)[0];
  if (map.flow) {
    const ahead = text.slice(0, keyStart);
    const gap = ahead.slice(ahead.trimEnd().length);
    const end = itemEnd(last);
    return `${text.slice(0, end)},${gap === '' ? ' ' : gap}${line}${text.slice(end)}`;
  }
  const indent = text.slice(lineStart(text, keyStart), keyStart);
  const end = lineEnd(text, itemEnd(last));
  const before = text.slice(0, end);
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  return `${before}${before.endsWith('\n') ? '' : newline}${indent.replace(/\S/g, ' ')}${line}${newline}${text.slice(end)}`;
}

function rangeOf(node: Node): [number, number] {
  return [node.range?.[0] ?? 0, node.range?.[1] ?? 0];
}

function itemEnd({ key, value }: Item): number {
  return value ? Math.max(endOf(value), rangeOf(key)[1]) : rangeOf(key)[1];
}

/** Where a value's last character is, without comments and blank lines after it. */
function endOf(node: Node): number {
  const yaml = loadLibrary();
  if ((yaml.isMap(node) || yaml.isSeq(node)) && node.flow !== true) {
    const last = node.items.at(-1);
    if (yaml.isPair(last)) return itemEnd(last as Item);
    if (yaml.isNode(last)) return endOf(last);
  }
  return rangeOf(node)[1];
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

/** Where the line after the one that holds the character before `at` begins. */
function lineEnd(text: string, at: number): number {
  const newline = text.indexOf('\n', Math.max(0, at - 1));
  return newline < 0 ? text.length : newline + 1;
}

function emptyWith(key: string, value: unknown, json: boolean): string {
  const whole = key.split('.').reduceRight<unknown>((inner, part) => ({ [part]: inner }), value);
  return json ? `${JSON.stringify(whole, null, 2)}\n` : `${yamlText(key)}: ${yamlText(value)}\n`;
}

/** Words that YAML 1.1 or 1.2 reads as something other than text. */
const WORDS = /^(y|yes|n|no|true|false|on|off|null|~)$/i;
/** Text that both PyYAML and OmegaConf read as text without quotes. */
const PLAIN = /^[A-Za-z_./][\w./-]*$/;

/** A value as YAML on one line, read alike by PyYAML and OmegaConf. */
function yamlText(value: unknown): string {
  if (typeof value === 'string')
    return PLAIN.test(value) && !WORDS.test(value) && !/^\.(\d|inf|nan)/i.test(value) ? value : JSON.stringify(value);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : pythonFloatText(value);
  if (Array.isArray(value)) return `[${value.map(yamlText).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(([key, inner]) => `${yamlText(key)}: ${yamlText(inner)}`);
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
  }
  return String(value ?? null);
}
