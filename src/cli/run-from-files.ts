import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { kindOf } from '../llamafactory/config-kind';
import { LARGEST_DATA, MOST_ROWS, type ParsedFile, tooLarge } from '../llamafactory/dataset-file';
import { type Arguments, defaultsOf, namesOf, textOf } from '../llamafactory/effective-arguments';
import { type Files, joinPath } from '../llamafactory/files';
import type { LoadedConfig } from '../llamafactory/load';
import { loadConfig } from '../llamafactory/load-config';
import { plannedModel } from '../llamafactory/unplanned';
import { atMostSamples } from '../planning/rows-read';
import type { Card } from '../run/card';
import { type Edit, EditOperation, type Finding, Severity } from '../run/finding';
import type { Release } from '../run/releases';
import { type ImageContents, isMapping, type Mapping, type Run, type RunDataset } from '../run/run';
import type { FileStore } from './file-store';
import { missingMedia } from './media-files';
import { knownModel, quantisedModelOf } from './model-shape';
import { launchScriptOf, type Root, rootOf, seenFrom } from './root';

/** What the command line says about a run beside its files. */
export interface RunOptions {
  readonly release: Release;
  readonly card: Card;
  readonly gpus: number;
  readonly nodes: number;
  /** A DeepSpeed JSON in place of the one the YAML names. */
  readonly deepspeed?: string;
  /** A folder with dataset_info.json in place of the one the YAML names. */
  readonly datasetDir?: string;
  /** The script that starts the trainer, in place of one that is found. */
  readonly launch?: string;
  /** The folder the trainer is started in, in place of the one that is found. */
  readonly root?: string;
  /**
   * What the trainer's image holds.
   * @default - not known: what hangs on it is a warning
   */
  readonly image?: ImageContents;
  /**
   * The folder that is looked at.
   * @default - the one we run in
   */
  readonly here?: string;
}

/** A run as far as its files say. */
export interface RunFromFiles {
  /** Undefined if the YAML holds no mapping: then the findings say why. */
  readonly run?: Run;
  /** What is wrong with the files themselves. */
  readonly findings: readonly Finding[];
  /** True if the release's loader takes the YAML. */
  readonly loads: boolean;
  /** The keys whose value is a whole number written as a float. */
  readonly floats: ReadonlySet<string>;
  /** The folder the trainer is started in. */
  readonly root: Root;
  /** The files the trainer would see. */
  readonly files: Files;
  /** The file that an edit changes or a finding is in, absolute, and the key inside it. */
  placeOf(edit: Pick<Edit, 'file' | 'key'>): { readonly path: string; readonly key: string };
}

/** Where a DeepSpeed config or dataset_info.json that stands in the YAML itself is, for edits. */
const INLINE = '(inline)';

/**
 * Reads a run from a LLaMA-Factory YAML and what it names: the DeepSpeed JSON, dataset_info.json, data files, the
 * model's config.json. Paths start where the trainer is started.
 */
export function runFromFiles(path: string, options: RunOptions, store: FileStore): RunFromFiles {
  const absolute = resolve(path);
  const here = resolve(options.here ?? '.');
  const nothing = { loads: false, floats: new Set<string>(), ...placesFrom({ folder: here, from: 'nobody' }) };
  const text = store.read(absolute);
  if (!('text' in text)) return { ...nothing, findings: [unreadable(path, text.id, text.fault)] };
  const loaded = loadConfig(text.text, options.release, path);
  if (loaded.root !== 'mapping') return { ...nothing, findings: loaded.findings };

  const file = basename(path);
  const launch = launchOf(options.launch, { path, absolute, here }, store);
  const { release } = options;
  const root = rootOf(
    { release, args: loaded.args, path: absolute, script: launch.script, named: options.root, here },
    store,
  );
  const places = placesFrom(root);
  const given = optionArguments(options, root.folder, places.files);
  const args = Object.keys(given).length === 0 ? loaded.args : { ...loaded.args, ...given };
  const data: DataFiles = {
    ...places.files,
    mapping: (name) => store.mapping(resolve(root.folder, name)),
    rows: (name) => store.rows(resolve(root.folder, name)),
    size: (name) => store.size(resolve(root.folder, name)),
  };
  const info = datasetsOf({ release, args }, path, data);
  const { shape: model, ...unplanned } = knownModel(args['model_name_or_path'], places.files);
  const run: Run = {
    path,
    file,
    release,
    kind: kindOf(args),
    args,
    deepspeed: deepspeedOf(args['deepspeed'], data),
    datasets: info.datasets,
    launchScript: launch.script && {
      ...launch.script,
      file: options.launch ?? seenFrom(root.folder, launch.script.file),
    },
    card: options.card,
    image: options.image,
    gpus: options.gpus,
    nodes: options.nodes,
    ...plannedModel({ release, args }, { model, ...unplanned }),
    quantised: quantisedModelOf(args['model_name_or_path'], places.files),
  };
  return {
    run,
    findings: [
      ...loaded.findings.map((finding) => withFix(finding, file, text.text, loaded)),
      ...info.findings,
      ...launch.findings,
    ],
    loads: loaded.loads,
    floats: loaded.floats,
    ...placesFrom(root, info.folder),
  };

  function placesFrom(root: Root, datasetDir = ''): Pick<RunFromFiles, 'root' | 'files' | 'placeOf'> {
    return { root, files: store.from(root.folder), placeOf: placeIn(absolute, root.folder, datasetDir) };
  }
}

function unreadable(path: string, id: Finding['id'], fault: string): Finding {
  return { id, severity: Severity.ERROR, path, key: '', message: `the file can't be read: ${fault}` };
}

/** The arguments that options stand for, with paths as the YAML would write them. */
function optionArguments(options: RunOptions, folder: string, files: Files): Mapping {
  const from = (path: string) => {
    if (isAbsolute(path)) return path;
    const here = relative(folder, resolve(path)) || '.';
    return files.kind(here) === undefined && files.kind(path) !== undefined ? path : here;
  };
  return {
    ...(options.deepspeed === undefined ? {} : { deepspeed: from(options.deepspeed) }),
    ...(options.datasetDir === undefined ? {} : { dataset_dir: from(options.datasetDir) }),
  };
}

interface LaunchScript {
  readonly script?: Run['launchScript'];
  readonly findings: readonly Finding[];
}

/** The script that an option names, or the one that is found; its name is absolute. */
function launchOf(
  named: string | undefined,
  { path, absolute, here }: { path: string; absolute: string; here: string },
  store: FileStore,
): LaunchScript {
  const found = named === undefined ? launchScriptOf(absolute, here, store) : resolve(named);
  if (found === undefined) return { findings: [] };
  const text = store.read(found);
  if ('text' in text) return { script: { file: found, text: text.text }, findings: [] };
  const message = `the launch script ${named} can't be read: ${text.fault}`;
  return {
    findings: [
      { id: 'unreadable-file', severity: Severity.ERROR, path, key: 'launch', message, place: { file: found } },
    ],
  };
}

/** The files a run names, parsed; paths from the root. */
type DataFiles = Files & Pick<FileStore, 'mapping' | 'rows' | 'size'>;

function deepspeedOf(value: unknown, files: DataFiles): Run['deepspeed'] {
  if (isMapping(value)) return { file: INLINE, config: value };
  if (typeof value !== 'string' || value === '') return undefined;
  const config = files.mapping(value);
  return config === undefined ? undefined : { file: value, config };
}

/** LLaMA-Factory's default. */
interface Datasets {
  readonly datasets: readonly RunDataset[];
  readonly findings: readonly Finding[];
  /** The folder of dataset_info.json; the default where the data are on a hub, a sign where the config holds it. */
  readonly folder: string;
}

function datasetsOf({ release, args }: Arguments, path: string, files: DataFiles): Datasets {
  const ordinary = String(defaultsOf(release)['dataset_dir']);
  const where = args['dataset_dir'] ?? ordinary;
  const folder = typeof where === 'string' && where !== 'ONLINE' && !where.startsWith('REMOTE:') ? where : undefined;
  const entries = isMapping(where)
    ? where
    : folder === undefined
      ? undefined
      : files.mapping(joinPath(folder, 'dataset_info.json'));
  const findings: Finding[] = [];
  const datasets = ['dataset', 'eval_dataset'].flatMap((key) =>
    namesOf({ release, args }, key).map((name): RunDataset => {
      const entry = entries !== undefined && Object.hasOwn(entries, name) ? entries[name] : undefined;
      const evaluation = key === 'eval_dataset' ? { evaluation: true } : {};
      if (!isMapping(entry)) return { name, ...evaluation };
      const data = readData(dataFiles(entry, folder ?? ordinary, files), files);
      for (const { file, parsed } of data) {
        if (parsed !== undefined && 'fault' in parsed) findings.push(dataFault(path, key, name, file, parsed));
      }
      const read = data.flatMap(({ file, parsed }) =>
        parsed !== undefined && 'rows' in parsed ? [{ file, rows: parsed.rows }] : [],
      );
      if (read.length === 0 || read.length < data.length) return { name, entry, ...evaluation };
      // The same list for every config that names the file, so that rules judge it once.
      const rows = read.length === 1 ? read[0]?.rows : read.flatMap((each) => each.rows);
      const media = mediaFault(path, name, entry, rows ?? [], { release, args }, files);
      if (media !== undefined) findings.push(media);
      return { name, entry, rows, files: read.map(({ file, rows }) => ({ file, rows: rows.length })), ...evaluation };
    }),
  );
  return { datasets, findings, folder: isMapping(where) ? INLINE : (folder ?? ordinary) };
}

/** LLaMA-Factory looks for media in `media_dir`, which is the folder of the data unless it is set. */
function mediaFault(
  path: string,
  name: string,
  entry: Mapping,
  rows: readonly unknown[],
  run: Arguments,
  files: Files,
): Finding | undefined {
  const folder = textOf(run, 'media_dir') || textOf(run, 'dataset_dir');
  const missing = missingMedia(rows.slice(0, atMostSamples(run, rows.length)), entry, folder, files);
  if (missing === undefined) return undefined;
  const { row, rows: count, file } = missing;
  return {
    id: 'media-file',
    severity: Severity.ERROR,
    path,
    key: name,
    message: `the run stops at ${count} of the ${rows.length} rows of data set ${name}; the first is row ${row}: ${file} is not there`,
    change: `put it into ${folder}, or set media_dir to the folder it is in`,
    source: 'src/llamafactory/data/converter.py, _find_medias; src/llamafactory/data/mm_plugin.py',
  };
}

/** The files of a data set, each with what it holds; those of a folder are held to the bounds of one file. */
function readData(names: readonly string[], files: DataFiles): { file: string; parsed: ParsedFile | undefined }[] {
  const [file] = names;
  if (names.length < 2 || file === undefined) return names.map((name) => ({ file: name, parsed: files.rows(name) }));
  const bytes = names.reduce((sum, name) => sum + files.size(name), 0);
  if (bytes > LARGEST_DATA) return [{ file: dirname(file), parsed: tooLarge(`its files have ${bytes} bytes`) }];
  const data = names.map((name) => ({ file: name, parsed: files.rows(name) }));
  const rows = data.reduce((sum, { parsed }) => sum + (parsed && 'rows' in parsed ? parsed.rows.length : 0), 0);
  return rows > MOST_ROWS ? [{ file: dirname(file), parsed: tooLarge(`its files have ${rows} rows`) }] : data;
}

/** The files of an entry: the one it names, or those in the folder it names; none if it is on a hub or not there. */
function dataFiles(entry: Mapping, folder: string, files: Files): string[] {
  const name = entry['file_name'];
  const elsewhere = ['hf_hub_url', 'ms_hub_url', 'om_hub_url', 'script_url', 'cloud_file_name'];
  if (typeof name !== 'string' || elsewhere.some((key) => key in entry)) return [];
  const path = joinPath(folder, name);
  const kind = files.kind(path);
  if (kind !== 'folder') return kind === undefined ? [] : [path];
  return [...files.list(path)].sort().map((each) => join(path, each));
}

function dataFault(
  path: string,
  key: string,
  name: string,
  file: string,
  { fault, change, tooLarge, at }: Extract<ParsedFile, { readonly fault: string }>,
): Finding {
  const place = { file, ...at };
  if (tooLarge) {
    const message = `the rows of ${name} are not looked at, and the plan does without them: ${file}: ${fault}`;
    return { id: 'dataset-not-read', severity: Severity.WARNING, path, key, message, change, place };
  }
  return {
    id: 'dataset-file',
    severity: Severity.ERROR,
    path,
    key,
    message: `the data of ${name} can't be read: ${file}: ${fault}`,
    place,
    change: change ?? 'a .json file holds a list of samples, a .jsonl file one object a line',
    source: 'llamafactory/data/loader.py',
  };
}

/** A key given twice is given once with the last value, which is what 0.9.3 reads. */
function withFix(finding: Finding, file: string, text: string, loaded: LoadedConfig): Finding {
  const { id, key } = finding;
  const position = id === 'yaml-duplicate-key' ? loaded.position(key) : undefined;
  if (position === undefined) return finding;
  const name = key.replace(/[^\w]/g, '\\$&');
  const atTop = new RegExp(`^ {${position.column - 1}}["']?${name}["']? *:`, 'gm');
  if ((text.match(atTop) ?? []).length < 2) return finding;
  return {
    ...finding,
    change: 'give it once',
    fix: [{ file, key, op: EditOperation.SET, value: loaded.args[key] ?? null }],
  };
}

function placeIn(path: string, root: string, datasetDir: string): RunFromFiles['placeOf'] {
  const file = basename(path);
  return (edit) => {
    if (edit.file === INLINE) return { path, key: `deepspeed.${edit.key}` };
    if (edit.file === file) return { path, key: edit.key };
    if (edit.file === 'dataset_info.json' && datasetDir === INLINE) return { path, key: `dataset_dir.${edit.key}` };
    const name = edit.file === 'dataset_info.json' ? joinPath(datasetDir, edit.file) : edit.file;
    return { path: resolve(root, name), key: edit.key };
  };
}
