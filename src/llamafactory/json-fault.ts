import { type Position, positionOf } from './position';

/** Why a text is no JSON, in the words of Python's `json`, and where. */
export interface JsonFault extends Position {
  readonly text: string;
}

/** A number, a word or a mark; Python takes NaN and Infinity too. */
const TOKEN = /(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null|NaN|-?Infinity)|[[\]{},:]/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
const BLANKS = /[ \t\n\r]*/y;

/** What may stand next. */
type Expected = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end' | 'nothing';

const MISSING: Readonly<Record<Expected, string>> = {
  value: 'Expecting value',
  'value or end': 'Expecting value',
  key: 'Expecting property name enclosed in double quotes',
  'key or end': 'Expecting property name enclosed in double quotes',
  colon: "Expecting ':' delimiter",
  'comma or end': "Expecting ',' delimiter",
  nothing: 'Extra data',
};

/** The first fault of a text that is to be JSON; undefined: it is. */
export function jsonFault(text: string): JsonFault | undefined {
  const open: string[] = [];
  let expected: Expected = 'value';
  for (let at = after(BLANKS, text, 0); at < text.length; at = after(BLANKS, text, at)) {
    const isString = text[at] === '"';
    TOKEN.lastIndex = at;
    const [token = '', scalar] = isString ? [stringAt(text, at)] : (TOKEN.exec(text) ?? []);
    const next: Expected | undefined =
      token === '' ? undefined : follow(expected, isString || scalar !== undefined, isString, token, open);
    if (next === undefined) {
      const said = isString && token === '' ? 'a string is not ended, or not as JSON has it' : MISSING[expected];
      return { ...positionOf(text, at), text: said };
    }
    expected = next;
    at += token.length;
  }
  return expected === 'nothing' ? undefined : { ...positionOf(text, text.length), text: MISSING[expected] };
}

/** The string that begins at a place; empty: it is none. */
function stringAt(text: string, begin: number): string {
  for (let at = begin + 1; at < text.length; ) {
    if (text[at] === '"') return text.slice(begin, at + 1);
    if (text.charCodeAt(at) < 32) return '';
    if (text[at] !== '\\') at++;
    else if (after(ESCAPE, text, at) === 0) return '';
    else at = ESCAPE.lastIndex;
  }
  return '';
}

/** What may stand after a token; undefined: the token may not stand there. */
function follow(
  expected: Expected,
  isScalar: boolean,
  isString: boolean,
  token: string,
  open: string[],
): Expected | undefined {
  const ended = () => (open.length === 0 ? 'nothing' : 'comma or end');
  const closes = (token === ']' && open.at(-1) === '[') || (token === '}' && open.at(-1) === '{');
  if (closes && expected.endsWith('or end')) {
    open.pop();
    return ended();
  }
  if (expected === 'comma or end') return token === ',' ? (open.at(-1) === '{' ? 'key' : 'value') : undefined;
  if (expected === 'colon') return token === ':' ? 'value' : undefined;
  if (expected.startsWith('key')) return isString ? 'colon' : undefined;
  if (!expected.startsWith('value')) return undefined;
  if (isScalar) return ended();
  if (token !== '{' && token !== '[') return undefined;
  open.push(token);
  return token === '{' ? 'key or end' : 'value or end';
}

function after(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  pattern.test(text);
  return pattern.lastIndex;
}

/** Where each item of a JSON list begins; a text that is no list has none. */
export function itemsAt(text: string): number[] {
  const items: number[] = [];
  let depth = 0;
  for (let at = 0, begins = false; at < text.length; at++) {
    const character = text[at] as string;
    if (/[ \t\n\r]/.test(character)) continue;
    if (begins && depth === 1 && character !== ']') items.push(at);
    begins = false;
    if (character === '"') {
      for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++;
    } else if (character === '[' || character === '{') {
      if (depth === 0 && character === '{') return [];
      begins = depth === 0;
      depth++;
    } else if (character === ']' || character === '}') depth--;
    else if (character === ',') begins = depth === 1;
  }
  return items;
}
