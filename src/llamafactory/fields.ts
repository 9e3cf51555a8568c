import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isIn, RELEASES, type Release, type ReleaseRange } from '../run/releases';
import { byRelease } from './by-release';

/** Which part of the trainer reads an argument. */
export type FieldOwner = 'model' | 'data' | 'training' | 'finetuning' | 'generating';

/** One train argument as one release declares it. */
export interface Field {
  /** LLaMA-Factory's spelling. */
  readonly name: string;
  readonly owner: FieldOwner;
  /** The type as Python declares it, for example `int | None`. The parser doesn't enforce it. */
  readonly type: string;
  /** The values meant, where the type is an enum or a Literal. */
  readonly choices?: readonly unknown[];
  readonly default: unknown;
  /** False: declared but not an argument; the parser refuses it as unknown. */
  readonly settable: boolean;
}

/** A name that some release does not know, and what to write there instead. */
export interface Replacement {
  /** The last release that knew the name. */
  readonly until: string;
  /** The name that took its place. */
  readonly renamedTo?: string;
  /** What to write instead, in words, where it is no plain renaming. */
  readonly instead?: string;
}

interface FieldRecord extends Omit<Field, 'settable'>, ReleaseRange {
  readonly settable?: boolean;
  readonly absent?: readonly Release[];
  readonly changes?: Readonly<Record<string, Partial<Field>>>;
  readonly renamedTo?: string;
  readonly instead?: string;
}

interface FieldData {
  readonly fields: readonly FieldRecord[];
  readonly gone: readonly (Replacement & { readonly name: string })[];
}

let data: FieldData | undefined;
let names: ReadonlyMap<string, string> | undefined;
let records: ReadonlyMap<string, FieldRecord> | undefined;

/** Every field a release declares, by name, settable or not. */
export const fieldsOf = byRelease(
  (release): ReadonlyMap<string, Field> => new Map(read().fields.flatMap((record) => entryIn(record, release))),
);

/** The releases that know an argument, oldest first; none for a name no release knows. */
export function releasesOf(name: string): readonly Release[] {
  const record = recordOf(name);
  if (!record) return [];
  return RELEASES.filter((release) => entryIn(record, release).length > 0);
}

/** What took the place of a name that other releases know, or knew before the oldest one supported. */
export function replacementOf(name: string): Replacement | undefined {
  const gone = read().gone.find((entry) => entry.name === name);
  if (gone) return gone;
  const record = recordOf(name);
  if (!record || (!record.renamedTo && !record.instead)) return undefined;
  const last = record.absent?.[0] ? RELEASES[RELEASES.indexOf(record.absent[0]) - 1] : record.until;
  return { until: last ?? '', renamedTo: record.renamedTo, instead: record.instead };
}

/** A LLaMA-Factory or DeepSpeed key in the spelling of our props: `learning_rate` is `learningRate`. */
export function camelCase(name: string): string {
  return name.replace(/(?<!_)_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** LLaMA-Factory's name of a prop, looked up among the arguments of all releases; undefined if there is none. */
export function nameOfArgument(camel: string): string | undefined {
  names ??= new Map(
    read()
      .fields.filter((record) => record.settable !== false)
      .map(({ name }) => [camelCase(name), name]),
  );
  return names.get(camel);
}

function read(): FieldData {
  data ??= JSON.parse(readFileSync(join(__dirname, '../../data/llamafactory/fields.json'), 'utf8')) as FieldData;
  return data;
}

function recordOf(name: string): FieldRecord | undefined {
  records ??= new Map(read().fields.map((record) => [record.name, record]));
  return records.get(name);
}

function entryIn(record: FieldRecord, release: Release): [string, Field][] {
  if (!isIn(release, record) || record.absent?.includes(release)) return [];
  const { name, owner, type, choices } = record;
  const field = { name, owner, type, choices, default: record.default, settable: record.settable ?? true };
  const change = record.changes?.[release];
  return [[name, change ? { ...field, ...change } : field]];
}
