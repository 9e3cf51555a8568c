import { isMapping } from '../run/run';

/** A row with a value of another type than the same place of other rows. */
export interface MixedRow {
  /** Its number, from 1. */
  readonly row: number;
  readonly reason: string;
}

/** What a table has one type for: whole numbers and fractions go together, null with everything. */
type Kind = 'text' | 'a number' | 'true or false' | 'a list' | 'a mapping';

/** A place in rows, such as `messages[].content`: what stands there, and what stands below it. */
interface Place {
  readonly path: string;
  readonly rowsOf: Map<Kind, number[]>;
  readonly below: Map<string, Place>;
}

/** Rows of one kind at one place that are kept; the others are only counted. */
const MOST_ROWS = 1000;

/**
 * The rows that the reader of data files stops at, since a column has one type, and so has whatever lies inside it:
 * text, numbers, true or false, lists and mappings don't mix. Of two kinds at a place the rarer is at fault.
 * Source: datasets src/datasets/packaged_modules/json/json.py with pyarrow's reader; tried with 3.6.0 and 4.0.0.
 */
export function mixedRows(rows: readonly unknown[]): MixedRow[] {
  const root = place('');
  const odd = new Set<Place>();
  rows.forEach((row, i) => {
    // What is no mapping is no row: it is found for itself.
    if (isMapping(row)) visitMembers(root, row, i + 1, odd);
  });
  const found = new Map<number, string>();
  for (const { path, rowsOf } of odd) {
    const [usual, ...others] = [...rowsOf].sort(([, a], [, b]) => b.length - a.length);
    for (const [kind, numbers] of others) {
      for (const row of numbers) {
        if (!found.has(row))
          found.set(row, `'${path}' is ${kind}, and ${usual?.[0]} in other rows: a column has one type`);
      }
    }
  }
  return [...found].map(([row, reason]) => ({ row, reason })).sort((a, b) => a.row - b.row);
}

function visit(at: Place, value: unknown, row: number, odd: Set<Place>): void {
  const kind = kindOf(value);
  if (kind === undefined) return;
  let numbers = at.rowsOf.get(kind);
  if (numbers === undefined) {
    numbers = [];
    at.rowsOf.set(kind, numbers);
    if (at.rowsOf.size > 1) odd.add(at);
  }
  if (numbers.at(-1) !== row && numbers.length < MOST_ROWS) numbers.push(row);
  if (Array.isArray(value)) {
    for (const each of value as unknown[]) visit(inside(at, '[]', '[]'), each, row, odd);
  } else if (isMapping(value)) visitMembers(at, value, row, odd);
}

function visitMembers(at: Place, value: object, row: number, odd: Set<Place>): void {
  for (const [key, each] of Object.entries(value)) {
    visit(inside(at, key, at.path === '' ? key : `.${key}`), each, row, odd);
  }
}

function inside(at: Place, key: string, name: string): Place {
  let found = at.below.get(key);
  if (found === undefined) {
    found = place(at.path + name);
    at.below.set(key, found);
  }
  return found;
}

function place(path: string): Place {
  return { path, rowsOf: new Map(), below: new Map() };
}

function kindOf(value: unknown): Kind | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') return 'a number';
  if (typeof value === 'boolean') return 'true or false';
  return Array.isArray(value) ? 'a list' : 'a mapping';
}
