/** A text, and how far it has been read. */
interface Cursor {
  readonly text: string;
  at: number;
}

const OPEN = /\$\{[ \t]*/y;
const CLOSE = /[ \t]*\}/y;
const COLON = /[ \t]*:[ \t]*/y;
const COMMA = /[ \t]*,[ \t]*/y;
const LIST_OPEN = /\[[ \t]*/y;
const LIST_CLOSE = /[ \t]*\]/y;
const DICT_OPEN = /\{[ \t]*/y;
const DOTS = /\.+/y;
const KEY = /(?:\\[\\.[\]:=]|[^\t "'().:[\]\\{}])+/y;
const ID = /^[a-zA-Z_][\w-]*$/;
const BACKSLASHES = /\\+/y;
/** What an argument without quotes consists of; blanks before its end, taken all or none, are not its own. */
const UNQUOTED = /(?:\\[\\()[\]{}:=, \t]|[\w/\-\\+.%*@?|]|\$(?!\{)|(?=([ \t]+))\1(?![,}\]:]))+/y;
const NO_ARGUMENT = /(?=[,}\]])/y;

/** What OmegaConf takes at a glance; it lets a little through that its grammar has not, such as `${:a}`. */
const SIMPLE = simplePattern();

/**
 * Whether every `${` in a text opens an interpolation of OmegaConf's: `${key.other}`, `${resolver:argument}`, nested
 * too. Follows omegaconf/grammar_parser.py and its grammar, which refuse the whole config otherwise.
 */
export function isInterpolation(text: string): boolean {
  return SIMPLE.test(text) || readText({ text, at: 0 });
}

function simplePattern(): RegExp {
  const blanks = '[ \\t\\n\\r\\f\\v]*';
  const node = '(?:[$\\w]+|\\[[$\\w]+\\])(?:\\.[$\\w]+|\\[[$\\w]+\\])*';
  const id = '[a-zA-Z_][\\w-]*';
  const argument = '[\\w/\\-+.$%*@?|]+';
  const call = `(?:${id}(?:\\.${id})*${blanks})?:${blanks}${argument}(?:${blanks},${blanks}${argument})*`;
  const interpolation = `\\$\\{${blanks}(?:\\.*${node}|${call})${blanks}\\}`;
  const between = '[^$]*(?:\\$(?!\\{)[^$]*)*';
  return new RegExp(`^${between}(?:${interpolation}${between})+$`);
}

function take(cursor: Cursor, token: RegExp): string | undefined {
  token.lastIndex = cursor.at;
  const found = token.exec(cursor.text)?.[0];
  if (found !== undefined) cursor.at = token.lastIndex;
  return found;
}

/** Free text with interpolations in it, to its end or to the closing quote. */
function readText(cursor: Cursor, quote?: string): boolean {
  const { text } = cursor;
  while (cursor.at < text.length) {
    if (text[cursor.at] === quote) {
      cursor.at++;
      return true;
    }
    const isEscape = (take(cursor, BACKSLASHES)?.length ?? 0) % 2 === 1;
    const opens = text.startsWith('${', cursor.at);
    if (isEscape && opens) cursor.at += 2;
    else if (isEscape && text[cursor.at] === quote) cursor.at++;
    else if (opens && !readInterpolation(cursor)) return false;
    else if (!opens && text[cursor.at] !== quote && text[cursor.at] !== '\\') cursor.at++;
  }
  return quote === undefined;
}

function readInterpolation(cursor: Cursor): boolean {
  if (take(cursor, OPEN) === undefined) return false;
  let namesResolver = take(cursor, DOTS) === undefined;
  do {
    const key = readKey(cursor);
    if (key === undefined) return false;
    if (key === 'odd') namesResolver = false;
  } while (cursor.text[cursor.at] === '[' || (cursor.text[cursor.at] === '.' && cursor.text[++cursor.at] !== '['));
  if (take(cursor, CLOSE) !== undefined) return true;
  if (!namesResolver || take(cursor, COLON) === undefined) return false;
  return readArguments(cursor) && take(cursor, CLOSE) !== undefined;
}

/** A part of a key's path; 'odd' is one that the name of a resolver can't have. */
function readKey(cursor: Cursor): 'plain' | 'odd' | undefined {
  const isBracketed = cursor.text[cursor.at] === '[';
  if (isBracketed) cursor.at++;
  const isNested = cursor.text.startsWith('${', cursor.at);
  const key = isNested ? '' : take(cursor, KEY);
  if (key === undefined || (isNested && !readInterpolation(cursor))) return undefined;
  if (isBracketed) return cursor.text[cursor.at++] === ']' ? 'odd' : undefined;
  return isNested || ID.test(key) ? 'plain' : 'odd';
}

/** Arguments of a resolver or items of a list; each may be left out. */
function readArguments(cursor: Cursor): boolean {
  do {
    if (!looksAt(cursor, NO_ARGUMENT) && !readElement(cursor)) return false;
  } while (take(cursor, COMMA) !== undefined);
  return true;
}

function readElement(cursor: Cursor): boolean {
  const first = cursor.text[cursor.at];
  if (first === '"' || first === "'") {
    cursor.at++;
    return readText(cursor, first);
  }
  if (take(cursor, LIST_OPEN) !== undefined) return readArguments(cursor) && take(cursor, LIST_CLOSE) !== undefined;
  if (take(cursor, DICT_OPEN) !== undefined) return readDict(cursor);
  return readUnquoted(cursor);
}

function readDict(cursor: Cursor): boolean {
  if (take(cursor, CLOSE) !== undefined) return true;
  do {
    const hasKey = take(cursor, UNQUOTED) !== undefined && take(cursor, COLON) !== undefined;
    if (!hasKey || !readElement(cursor)) return false;
  } while (take(cursor, COMMA) !== undefined);
  return take(cursor, CLOSE) !== undefined;
}

function readUnquoted(cursor: Cursor): boolean {
  const start = cursor.at;
  while (cursor.at < cursor.text.length) {
    if (take(cursor, UNQUOTED) !== undefined || take(cursor, COLON) !== undefined) continue;
    if (!looksAt(cursor, OPEN)) break;
    if (!readInterpolation(cursor)) return false;
  }
  return cursor.at > start;
}

function looksAt({ text, at }: Cursor, token: RegExp): boolean {
  return take({ text, at }, token) !== undefined;
}
