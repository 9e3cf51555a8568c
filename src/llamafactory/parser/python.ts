/**
 * The part of Python that LLaMA-Factory's checks depend on. The parser coerces nothing: a string where a number is
 * meant reaches `<` and raises TypeError, and that is its verdict. Values are plain JavaScript, with two exceptions:
 * {@link PyFloat} for a float that is a whole number (`2.0`), which JavaScript can't tell from an integer, and
 * {@link PyBytes}.
 */

import type { Place } from '../../run/finding';

/** A float whose value is a whole number, for example `2.0`. */
export class PyFloat {
  constructor(readonly value: number) {}
}

/** Bytes, from `!!binary`. */
export class PyBytes {
  constructor(readonly base64: string) {}
}

/**
 * An exception Python raises where LLaMA-Factory has no check: a refusal all the same. No Error of ours: it is thrown
 * and caught many times in a run of checks, and a stack would cost more than the checks.
 */
export class PyError {
  /**
   * @param type the exception's class, for example `TypeError`
   * @param text what it says
   * @param value the value it is about
   * @param place where in a file, if it is about one
   */
  constructor(
    readonly type: string,
    readonly text: string,
    readonly value?: unknown,
    readonly place?: Place,
  ) {}
}

/** Dicts with a key that is no str: JavaScript's objects have text for keys alone, so the loader notes it. */
const otherKeys = new WeakSet<object>();

export function noteOtherKeys(dict: object): void {
  otherKeys.add(dict);
}

/** Raises as Python does when a string's method is called on each key. */
export function needStringKeys(dict: Readonly<Record<string, unknown>>, method: string): void {
  if (otherKeys.has(dict)) throw new PyError('AttributeError', `a key has no attribute '${method}'`, dict);
}

/** Python's name of a value's type. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'string') return 'str';
  if (value instanceof PyFloat) return 'float';
  if (value instanceof PyBytes) return 'bytes';
  return Array.isArray(value) ? 'list' : 'dict';
}

export function isDict(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeName(value) === 'dict';
}

/** A number, or a bool, which Python counts among them; undefined for anything else. */
export function numeric(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return Number(value);
  return value instanceof PyFloat ? value.value : undefined;
}

/** An int; a bool is one. */
export function isInt(value: unknown): boolean {
  return typeof value === 'boolean' || typeName(value) === 'int';
}

/** Python's truth value. */
export function truthy(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return false;
  const number = numeric(value);
  if (number !== undefined) return number !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof PyBytes) return value.base64 !== '';
  return typeof value === 'string' || Object.keys(value).length > 0;
}

/** Python's `==`: 1, 1.0 and True are equal. */
export function equal(a: unknown, b: unknown): boolean {
  const left = numeric(a);
  const right = numeric(b);
  if (left !== undefined || right !== undefined) return left === right;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => equal(item, b[i]));
  if (isDict(a) && isDict(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => key in b && equal(a[key], b[key]));
  }
  if (a instanceof PyBytes && b instanceof PyBytes) return a.base64 === b.base64;
  return (a ?? null) === (b ?? null);
}

/** Python's `value in choices`. */
export function among(value: unknown, choices: readonly unknown[]): boolean {
  return choices.some((choice) => equal(value, choice));
}

/** Python's `a < b`; numbers with numbers, strings with strings, lists with lists. */
export function less(a: unknown, b: unknown): boolean {
  return compare('<', a, b);
}

/** Python's `a > b`. */
export function greater(a: unknown, b: unknown): boolean {
  return compare('>', a, b);
}

function compare(operator: '<' | '>', a: unknown, b: unknown): boolean {
  const left = numeric(a);
  const right = numeric(b);
  if (left !== undefined && right !== undefined) return operator === '<' ? left < right : left > right;
  if (typeof a === 'string' && typeof b === 'string') return operator === '<' ? a < b : a > b;
  if (Array.isArray(a) && Array.isArray(b)) {
    const at = a.findIndex((item, i) => i >= b.length || !equal(item, b[i]));
    if (at < 0 || at >= b.length) return compare(operator, a.length, b.length);
    return compare(operator, a[at], b[at]);
  }
  throw new PyError(
    'TypeError',
    `'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`,
    left === undefined ? a : b,
  );
}

/** Python's `int(value)`. */
export function toInt(value: unknown): number {
  const number = numeric(value);
  if (number !== undefined) {
    if (Number.isNaN(number)) throw new PyError('ValueError', 'cannot convert float NaN to integer', value);
    if (!Number.isFinite(number)) throw new PyError('OverflowError', 'cannot convert float infinity to integer', value);
    return Math.trunc(number);
  }
  if (typeof value !== 'string') {
    const text = `int() argument must be a string, a bytes-like object or a real number, not '${typeName(value)}'`;
    throw new PyError('TypeError', text, value);
  }
  const text = value.trim();
  if (!/^[-+]?\d+(_\d+)*$/.test(text)) {
    throw new PyError('ValueError', `invalid literal for int() with base 10: '${value}'`, value);
  }
  return Number(text.replaceAll('_', ''));
}

/** Python's `float(value)`. */
export function toFloat(value: unknown): number {
  const number = numeric(value);
  if (number !== undefined) return number;
  if (typeof value !== 'string') {
    const text = `float() argument must be a string or a real number, not '${typeName(value)}'`;
    throw new PyError('TypeError', text, value);
  }
  const text = value.trim().replace(/(?<=\d)_(?=\d)/g, '');
  if (/^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i.test(text)) return Number(text);
  const special = /^([-+]?)(?:(inf|infinity)|nan)$/i.exec(text);
  if (!special) throw new PyError('ValueError', `could not convert string to float: '${value}'`, value);
  if (!special[2]) return Number.NaN;
  return special[1] === '-' ? -Infinity : Infinity;
}

/** Whether Python's `a * b` has a result, and of what kind: 'number', 'sequence' (a str or list repeated). */
export function product(a: unknown, b: unknown): unknown {
  const left = numeric(a);
  const right = numeric(b);
  if (left !== undefined && right !== undefined) {
    const value = left * right;
    return isInt(a) && isInt(b) ? value : new PyFloat(value);
  }
  const isSequence = (value: unknown) => typeof value === 'string' || Array.isArray(value) || value instanceof PyBytes;
  if (isSequence(a) && isInt(b)) return a;
  if (isSequence(b) && isInt(a)) return b;
  throw new PyError(
    'TypeError',
    `unsupported operand type(s) for *: '${typeName(a)}' and '${typeName(b)}'`,
    left === undefined ? a : b,
  );
}

/** Python's `len(value)`. */
export function length(value: unknown): number {
  if (typeof value === 'string') return [...value].length;
  if (Array.isArray(value)) return value.length;
  if (value instanceof PyBytes) return Buffer.from(value.base64, 'base64').length;
  if (isDict(value)) return Object.keys(value).length;
  throw new PyError('TypeError', `object of type '${typeName(value)}' has no len()`, value);
}

/** What Python's `for ... in value` goes over: a dict's keys, a string's characters. */
export function items(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'string') return [...value];
  if (value instanceof PyBytes) return [...Buffer.from(value.base64, 'base64')];
  if (isDict(value)) return Object.keys(value);
  throw new PyError('TypeError', `'${typeName(value)}' object is not iterable`, value);
}

/** Python's `item in value`. */
export function contains(value: unknown, item: unknown): boolean {
  if (typeof value === 'string') {
    if (typeof item === 'string') return value.includes(item);
    throw new PyError('TypeError', `'in <string>' requires string as left operand, not ${typeName(item)}`, item);
  }
  if (Array.isArray(value)) return among(item, value);
  if (isDict(value)) {
    hashable(item);
    return typeof item === 'string' && Object.hasOwn(value, item);
  }
  throw new PyError('TypeError', `argument of type '${typeName(value)}' is not iterable`, value);
}

/** Raises as Python does for what can't be a key. */
export function hashable(value: unknown): void {
  if (Array.isArray(value) || isDict(value)) {
    throw new PyError('TypeError', `unhashable type: '${typeName(value)}'`, value);
  }
}

/** Raises as Python does when a string's method is called on something else. */
export function needString(value: unknown, method: string): asserts value is string {
  if (typeof value !== 'string') {
    throw new PyError('AttributeError', `'${typeName(value)}' object has no attribute '${method}'`, value);
  }
}

/** Raises as Python's `os.path` functions do for what isn't a path. */
export function needPath(value: unknown): asserts value is string {
  if (typeof value !== 'string') {
    throw new PyError('TypeError', `expected str, bytes or os.PathLike object, not ${typeName(value)}`, value);
  }
}

/** Python's `str(value).lower()`, for scalars. */
export function lowerText(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (value instanceof PyFloat) return value.value.toFixed(1);
  return String(value).toLowerCase();
}

/** Python's `json.loads`: like JSON.parse, with NaN, Infinity and -Infinity. */
export function loadJson(text: string): unknown {
  // Most texts that aren't JSON show it in the first character, and an exception is dear.
  if (!/^[\s]*["[{0-9tfnNI-]/.test(text)) throw new PyError('JSONDecodeError', 'it is not valid JSON', text);
  try {
    return JSON.parse(text);
  } catch {
    const strings = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"?|-?Infinity|(?<!-)NaN/g;
    const plain = text.replace(strings, (token) => (token.startsWith('"') ? token : '1e999'));
    if (plain !== text) {
      try {
        return JSON.parse(plain);
      } catch {
        // reported below
      }
    }
    throw new PyError('JSONDecodeError', 'it is not valid JSON', text);
  }
}
