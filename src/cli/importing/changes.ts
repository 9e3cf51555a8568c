import { masked, secretOf } from '../../judge/secrets';
import { isMapping, type Mapping } from '../../run/run';

/** Something in which a program differs from the files it is made from. */
export interface Change {
  /** The file, seen from the folder that is imported. */
  readonly file: string;
  /** The key inside it, dotted for keys in keys; several of one kind with commas. */
  readonly key: string;
  /** What the file says and what the program does, and why. */
  readonly text: string;
}

/** Every key in which two mappings differ, keys in keys dotted, with both values; undefined: not there. */
export function differences(
  before: Mapping,
  after: Mapping,
  prefix = '',
): { key: string; from: unknown; to: unknown }[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((name) => {
    const [from, to] = [held(before, name), held(after, name)];
    const key = prefix + name;
    if (isMapping(from) && isMapping(to)) return differences(from, to, `${key}.`);
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ key, from, to }];
  });
}

function held(mapping: Mapping, key: string): unknown {
  return Object.hasOwn(mapping, key) ? mapping[key] : undefined;
}

/** The most characters of a value that are shown. */
const LONGEST = 80;

/**
 * A value as a line of the report shows it.
 * @param name what it is called: some secrets are known by that
 */
export function shown(value: unknown, name = ''): string {
  if (value === undefined) return 'not set';
  const text = masked(
    JSON.stringify({ [name]: value }, (key, part) => {
      if (secretOf(key, part) !== undefined) return '…';
      return typeof part === 'bigint' ? String(part) : part;
    }).slice(JSON.stringify(name).length + 2, -1),
  );
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
