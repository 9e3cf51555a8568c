import { basename, extname, join, relative, resolve } from 'node:path';
import { CONFIG_MAP_BYTES } from '../../kubernetes/config-map-size';
import { parseDataFile } from '../../llamafactory/dataset-file';
import { type DatasetDescription, datasetEntry } from '../../llamafactory/dataset-info';
import { faultyRows } from '../../llamafactory/dataset-rows';
import { camelCase } from '../../llamafactory/fields';
import { statOf } from '../../llamafactory/read-text';
import { type Finding, Severity } from '../../run/finding';
import { isMapping, type Mapping, type RunDataset } from '../../run/run';
import type { FileStore } from '../file-store';
import { type Change, differences, shown } from './changes';
import { call, literal, object } from './literal';

/** Where the files of a run are. */
export interface Places {
  /** The folder of dataset_info.json, absolute. */
  readonly data: string;
  /** The folder the program stands in, absolute. */
  readonly program: string;
  /** dataset_info.json, seen from the folder that is imported. */
  readonly info: string;
  /** Why there is no entry of any name; undefined: the file is there, and holds entries. */
  readonly noEntries?: string;
}

/** A data set as a program says it. */
export interface ImportedDataset {
  readonly code: string;
  /** What is to be said of it in the program. */
  readonly comment?: string;
  /** As the run sees it then. */
  readonly dataset: RunDataset;
  readonly changes: readonly Change[];
  readonly findings: readonly Omit<Finding, 'path'>[];
}

/** The longest name of a data set, in characters: it becomes a part of others. */
const LONGEST_NAME = 60;

/** The longest name that file systems take, in bytes. */
const LONGEST_FILE = 255;

/** Ids that other constructs of the program have. */
const TAKEN = ['models', 'saves', 'zero3', 'pt', 'sft', 'rm', 'ppo', 'dpo', 'kto', 'train'];

/** What the construct says of a data set. */
const SAID = ['file_name', 'formatting', 'ranking', 'num_samples', 'columns', 'tags'];

/** One data set, by its name in `dataset` and its entry in dataset_info.json. */
export function importedDataset(
  dataset: RunDataset,
  taken: ReadonlySet<string>,
  places: Places,
  stage: unknown,
  store: FileStore,
): ImportedDataset {
  const { entry = {} } = dataset;
  const name = nameOf(dataset.name, taken);
  const id = TAKEN.includes(name) || taken.has(name) ? `${name}-data` : name;
  const source = sourceOf(dataset, places, store);
  const read = 'files' in source ? source.files.map((file) => readRows(file, store)) : [];
  const unreadable = read.flatMap((file) => ('fault' in file ? [file] : []));
  const whole = read.length > 0 && unreadable.length === 0;
  const rows = whole ? read.flatMap((file) => ('rows' in file ? file.rows : [])) : undefined;
  const firstRow = rows?.[0] ?? ('files' in source ? store.mapping(source.files[0] ?? '') : undefined);
  const description = dataset.entry === undefined ? unseen(stage) : descriptionOf(entry, firstRow);
  const path = 'files' in source ? (source.folder ?? source.files[0] ?? '') : '';
  const place: [string, string][] =
    'files' in source
      ? [['path', literal(relative(places.program, path).replaceAll('\\', '/') || '.')]]
      : [
          ['claimName', "'data'"],
          ['path', literal(source.path)],
        ];
  const written = datasetEntry('', description, firstRow);
  const faults = faultyRows(rows ?? [], written);
  const verb = 'files' in source ? (source.folder === undefined ? 'fromFile' : 'fromDirectory') : 'fromClaim';
  return {
    code: call(
      `DatasetVolume.${verb}`,
      'chart',
      literal(id),
      object([...place, ['name', id === name ? undefined : literal(name)], ...described(description)], {
        spread: true,
      }),
    ),
    ...('files' in source ? {} : { comment: `${source.why}: copy it onto the claim 'data'.` }),
    dataset: { ...dataset, name, rows, entry: { ...written, file_name: `/data/${name}` } },
    changes: [
      ...renamed(dataset.name, name, places.info),
      ...('files' in source || entry['file_name'] === undefined
        ? []
        : [placed(dataset.name, entry['file_name'], source, places.info)]),
      ...changesOf(dataset.name, entry, written, places.info),
    ],
    findings: [
      ...('files' in source ? [] : [onClaim(name, source.why, dataset.entry === undefined)]),
      ...leftOut(dataset.name, entry, written),
      ...unreadable.map(faultOf),
      ...(faults.length === 0 ? [] : [faultsIn(path, faults.length, rows?.length ?? 0, faults[0])]),
    ],
  };
}

/** A name that the construct takes, and that no other data set has: what it is called is for people alone. */
function nameOf(given: string, taken: ReadonlySet<string>): string {
  const plain = given.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, LONGEST_NAME);
  if (plain === given) return given;
  let name = /[A-Za-z0-9]/.test(plain) ? plain : 'data';
  for (let i = 2; taken.has(name); i++) name = `${name.replace(/-\d+$/, '')}-${i}`;
  return name;
}

function renamed(given: string, name: string, file: string): Change[] {
  if (given === name) return [];
  return [{ file, key: given, text: `${shown(given)} -> ${shown(name)}: a name has letters, digits, ., _ and -` }];
}

function placed(name: string, from: unknown, { path, why }: OnClaim, file: string): Change {
  return { file, key: `${name}.file_name`, text: `${shown(from)} -> ${shown(path)} on the claim 'data': ${why}` };
}

/** What a file is called on a claim: something that a volume takes. */
function lastPart(path: string): string {
  const name = basename(path.replaceAll('\\', '/')).replace(/\p{Cc}/gu, '');
  return ['', '.', '..'].includes(name) || name.length > LONGEST_FILE ? `train${extname(name).slice(0, 10)}` : name;
}

interface OnClaim {
  readonly path: string;
  readonly why: string;
}

type Source = { readonly files: readonly string[]; readonly folder?: string } | OnClaim;

/** Files that ConfigMaps can carry, or what stands on a claim instead and why. */
function sourceOf({ name, entry }: RunDataset, { data: folder, info, noEntries }: Places, store: FileStore): Source {
  if (entry === undefined) return { path: 'train.json', why: noEntries ?? `${info} has no entry of ${shown(name)}` };
  const file = entry['file_name'];
  const hub = ['hf_hub_url', 'ms_hub_url', 'om_hub_url', 'script_url', 'cloud_file_name'].find((key) => key in entry);
  if (hub !== undefined) {
    return {
      path: 'train.jsonl',
      why: `${name} comes from ${shown(entry[hub])}, and nothing is downloaded in the pod`,
    };
  }
  if (typeof file !== 'string' || file === '') {
    return { path: 'train.json', why: `the entry of ${name} in ${info} says no file_name` };
  }
  const path = resolve(folder, file);
  const stat = statOf(path);
  if (typeof stat === 'string') return { path: lastPart(file), why: `${shown(file)} can't be read: ${stat}` };
  if (!stat.isDirectory() && !stat.isFile()) return { path: lastPart(file), why: `${shown(file)} is no regular file` };
  if (stat.isDirectory()) return folderOf(file, path, store.from(path).list('.'));
  if (!['.json', '.jsonl'].includes(extname(path))) {
    return { path: lastPart(file), why: `${file} is no .json or .jsonl, which alone a ConfigMap carries` };
  }
  if (stat.size > CONFIG_MAP_BYTES)
    return { path: lastPart(file), why: `${file} is larger than the 1 MiB of a ConfigMap` };
  return { files: [path] };
}

/** A folder whose files ConfigMaps can carry: all of one type. */
function folderOf(file: string, folder: string, inside: readonly string[]): Source {
  const files = inside.map((name) => join(folder, name));
  const types = new Set(files.map((path) => extname(path)));
  const fits = files
    .map(statOf)
    .every((stat) => typeof stat !== 'string' && stat.isFile() && stat.size <= CONFIG_MAP_BYTES);
  if (fits && (types.has('.json') || types.has('.jsonl')) && types.size === 1) return { files: files.sort(), folder };
  return { path: lastPart(folder), why: `${file} isn't a folder of .json or of .jsonl files of at most 1 MiB each` };
}

interface Unreadable {
  readonly file: string;
  readonly fault: string;
  readonly change?: string;
}

/** A data file as the construct reads it. */
function readRows(file: string, store: FileStore): { readonly rows: readonly unknown[] } | Unreadable {
  const text = store.read(file);
  if (!('text' in text)) return { file: basename(file), fault: text.fault };
  const parsed = parseDataFile(file, text.text.replace(/^\ufeff/, ''));
  return 'rows' in parsed ? parsed : { file: basename(file), ...parsed };
}

/** What data are that no entry is at hand of: what the stage learns from. */
function unseen(stage: unknown): DatasetDescription {
  if (stage === 'dpo' || stage === 'rm') return { formatting: 'alpaca', ranking: true };
  if (stage !== 'kto') return { formatting: 'alpaca' };
  return {
    formatting: 'alpaca',
    columns: { prompt: 'instruction', query: 'input', response: 'output', ktoTag: 'kto_tag' },
  };
}

/** What an entry says, without the columns and tags that the construct finds by itself. */
function descriptionOf(entry: Mapping, firstRow: unknown): DatasetDescription {
  const said = entry['formatting'];
  const formatting = said === 'sharegpt' || said === 'openai' ? said : 'alpaca';
  const base: DatasetDescription = {
    formatting,
    ...(entry['ranking'] === true ? { ranking: true } : {}),
    ...(typeof entry['num_samples'] === 'number' ? { numSamples: entry['num_samples'] } : {}),
  };
  const found = datasetEntry('', base, firstRow);
  const holds = (key: string) => {
    const own = entry[key];
    return !isMapping(own) || (isMapping(found[key]) && includes(found[key], own));
  };
  if (holds('columns') && holds('tags') && 'columns' in found === 'columns' in entry) return base;
  return { ...base, ...props('columns', entry), ...props('tags', entry) };
}

function includes(all: Mapping, some: Mapping): boolean {
  return Object.entries(some).every(([key, value]) => all[key] === value);
}

/** Columns or tags as props; those the construct doesn't have are left out, and so in the report. */
function props(key: 'columns' | 'tags', entry: Mapping): Mapping {
  const own = entry[key];
  if (!isMapping(own)) return {};
  const known = Object.entries(own).filter(([name, value]) => typeof value === 'string' && isKnown(key, name));
  return { [key]: Object.fromEntries(known.map(([name, value]) => [camelCase(name), value])) };
}

function isKnown(key: 'columns' | 'tags', name: string): boolean {
  const written = datasetEntry('', { formatting: 'alpaca', [key]: { [camelCase(name)]: 'x' } })[key];
  return isMapping(written) && written[name] === 'x';
}

function described({
  formatting,
  columns,
  tags,
  ranking,
  numSamples,
}: DatasetDescription): [string, string | undefined][] {
  const optional = (value: unknown) => (value === undefined ? undefined : literal(value));
  return [
    ['formatting', formatting === 'alpaca' ? undefined : `DatasetFormat.${formatting.toUpperCase()}`],
    ['columns', optional(columns)],
    ['tags', optional(tags)],
    ['ranking', optional(ranking)],
    ['numSamples', optional(numSamples)],
  ];
}

function changesOf(name: string, entry: Mapping, written: Mapping, file: string): Change[] {
  return differences(entry, written)
    .filter(({ key, from }) => key !== 'file_name' && !(key === 'formatting' && from === undefined))
    .map(({ key, from, to }) => ({
      file,
      key: `${name}.${key}`,
      text: `${shown(from, key)} -> ${shown(to, key)}: ${reason(key, from)}`,
    }));
}

function reason(key: string, from: unknown): string {
  const [section = ''] = key.split('.');
  if (!SAID.includes(section)) return 'the construct has no such prop';
  if (from === undefined) return section === 'tags' ? 'an entry that names tags names all' : 'as the samples are';
  return 'the construct has no such value or key';
}

/** Keys of an entry that LLaMA-Factory reads. Source: llamafactory/data/parser.py, DatasetAttr.join. */
const READ = new Set([...SAID, 'subset', 'split', 'folder']);

/** What the trainer would have read of an entry and the program doesn't say. */
function leftOut(name: string, entry: Mapping, written: Mapping): Omit<Finding, 'path'>[] {
  const left = differences(entry, written).filter(
    ({ key, from }) => key !== 'file_name' && READ.has(key.split('.')[0] ?? '') && (from ?? null) !== null,
  );
  if (left.length === 0) return [];
  return [
    {
      id: 'import-dataset',
      severity: Severity.WARNING,
      key: 'dataset',
      message: `the entry of ${name} says what the construct has no prop for, or what LLaMA-Factory takes in no such form`,
      got: left.map(({ key, from }) => `${key}: ${shown(from)}`).join(', '),
      change:
        'see whether the program does without: DatasetVolume has formatting, columns, tags, ranking and numSamples',
    },
  ];
}

function onClaim(name: string, why: string, isUnseen: boolean): Omit<Finding, 'path'> {
  return {
    id: 'import-dataset',
    severity: Severity.WARNING,
    key: 'dataset',
    message: `${why}: the program looks for ${name} on a claim`,
    change: `make the claim 'data', copy the samples onto it, and correct ${isUnseen ? 'path, formatting and columns' : 'the path'} in the program`,
  };
}

function faultOf({ file, fault, change }: Unreadable): Omit<Finding, 'path'> {
  return {
    id: 'dataset-file',
    severity: Severity.ERROR,
    key: 'dataset',
    message: fault,
    got: file,
    change: change ?? 'a .json file holds a list of samples, a .jsonl file one object a line',
  };
}

function faultsIn(
  path: string,
  count: number,
  of: number,
  first: { readonly row: number; readonly reason: string } | undefined,
): Omit<Finding, 'path'> {
  return {
    id: 'dataset-rows',
    severity: Severity.ERROR,
    key: basename(path),
    message: `${count} of ${of} samples would be left out or stop the run`,
    got: `row ${first?.row}: ${first?.reason}`,
    change: 'mend the rows, or name the columns and roles they have by the props columns and tags',
    source: 'llamafactory/data/converter.py',
  };
}
