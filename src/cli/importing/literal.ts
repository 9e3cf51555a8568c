import { isMapping } from '../../run/run';

/** The widest line, in characters. */
const WIDTH = 120;
/** The widest line of comment, in characters: two levels further to the left than the widest line. */
const COMMENT = 116;
/** Objects that are longer than this stand on several lines. */
const ONE_LINE = 80;

/** A value as TypeScript, in the style of this library's own programs. */
export function literal(value: unknown): string {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return number(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (isMapping(value)) return object(Object.entries(value).map(([key, part]) => [key, literal(part)]));
  return String(value);
}

/**
 * An object of code by key; on one line if it is short.
 * @param fields key and code, those without code left out; a comment stands on the line before its key
 */
export function object(
  fields: readonly (readonly [key: string, code: string | undefined, comment?: string])[],
  options: { readonly spread?: boolean } = {},
): string {
  const given = fields.flatMap(([key, code, comment]) => (code === undefined ? [] : [{ key, code, comment }]));
  const parts = given.map(({ key, code }) => `${property(key)}: ${code}`);
  const line = parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
  const plain = parts.every((part) => !part.includes('\n')) && given.every(({ comment }) => comment === undefined);
  if (plain && options.spread !== true && line.length <= ONE_LINE) return line;
  const lines = given.flatMap(({ comment }, i) => [...commentLines(comment ?? ''), `${parts[i]},`]);
  return `{\n${indented(lines.join('\n'))}\n}`;
}

/** A call or `new`, its arguments side by side; the last may be an object of several lines. */
export function call(callee: string, ...args: readonly string[]): string {
  return `${callee}(${args.filter((arg) => arg !== '{}').join(', ')})`;
}

/** An import of names from a module, on as many lines as it takes. */
export function importLine(names: readonly string[], module: string): string {
  const line = `import { ${names.join(', ')} } from '${module}';`;
  return line.length <= WIDTH ? line : `import {\n${names.map((name) => `  ${name},\n`).join('')}} from '${module}';`;
}

/** Text of which every line that holds something begins two blanks further to the right. */
export function indented(code: string): string {
  return code.replace(/^(?=.)/gm, '  ');
}

/** Text as lines of comment, broken at blanks; none for no text. Whatever is in it stays in the comment. */
export function commentLines(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/[\p{Cc}\p{Z}]+/u).filter((part) => part !== '')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 1 <= COMMENT) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`// ${word}`);
  }
  return lines;
}

function text(value: string): string {
  const escaped = JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"');
  const safe = escaped.replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, unicode);
  return safe.includes("'") && !safe.includes('"') ? `"${safe}"` : `'${safe.replaceAll("'", "\\'")}'`;
}

function unicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function number(value: number): string {
  if (Object.is(value, -0)) return '-0';
  const decimal = String(value);
  const scientific = value.toExponential().replace('e+', 'e');
  const large = Math.abs(value) >= 1e9 || (value !== 0 && Math.abs(value) < 1e-3);
  return large && scientific.length < decimal.length ? scientific : decimal;
}

function property(key: string): string {
  if (key === '__proto__') return `['__proto__']`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : text(key);
}
