import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { Construct, type IConstruct } from 'constructs';
import type { MountedDataset } from './job/request';
import { objectNameProblems } from './kubernetes/name-problems';
import { objectName } from './kubernetes/names';
import { areReadAlike, DATA_TYPES, dataFilesAt } from './llamafactory/data-files';
import { parseDataFile } from './llamafactory/dataset-file';
import { type DatasetDescription, datasetEntry } from './llamafactory/dataset-info';
import { faultyRows } from './llamafactory/dataset-rows';
import type { Position } from './llamafactory/position';
import { digest } from './run/digest';
import type { Problem } from './run/finding';
import { type CheckedProps, checkedProps } from './run/props';
import type { Mapping } from './run/run';
import { withoutTrailingSlashes } from './run/trailing-slashes';
import type { Source } from './source';
import { contentConfigMap } from './tree/content-config-map';
import { reportProblems } from './tree/findings';

/** How the rows of a data set are laid out. Source: llamafactory/data/converter.py. */
export enum DatasetFormat {
  /** A row is an instruction, maybe an input, and an output. */
  ALPACA = 'alpaca',
  /** A row is a list of messages with roles. */
  SHAREGPT = 'sharegpt',
  /** A row is a list of messages in OpenAI's format, tool calls included. */
  OPENAI = 'openai',
}

/** Which column of a row holds what. Columns not named don't exist for LLaMA-Factory once one is named. */
export interface DatasetColumns {
  /**
   * The instruction (alpaca).
   * @default - none
   */
  readonly prompt?: string;
  /**
   * The input after the instruction (alpaca).
   * @default - none
   */
  readonly query?: string;
  /**
   * The answer (alpaca).
   * @default - none
   */
  readonly response?: string;
  /**
   * Earlier turns, a list of pairs (alpaca).
   * @default - none
   */
  readonly history?: string;
  /**
   * The list of messages (sharegpt, openai).
   * @default - none
   */
  readonly messages?: string;
  /**
   * The system prompt.
   * @default - none
   */
  readonly system?: string;
  /**
   * Descriptions of tools, as JSON text.
   * @default - none
   */
  readonly tools?: string;
  /**
   * Paths of images.
   * @default - none
   */
  readonly images?: string;
  /**
   * Paths of videos.
   * @default - none
   */
  readonly videos?: string;
  /**
   * Paths of audio files.
   * @default - none
   */
  readonly audios?: string;
  /**
   * The better answer, for ranking.
   * @default - none
   */
  readonly chosen?: string;
  /**
   * The worse answer, for ranking.
   * @default - none
   */
  readonly rejected?: string;
  /**
   * Whether the answer is wanted, true or false (KTO).
   * @default - none
   */
  readonly ktoTag?: string;
}

/** What the keys and roles of a message are called. */
export interface DatasetTags {
  /**
   * The key that holds the role.
   * @default - `from`; `role` if any tag of a message with `role` is seen in the first row
   */
  readonly roleTag?: string;
  /**
   * The key that holds the text.
   * @default - `value`, or `content` beside `role`
   */
  readonly contentTag?: string;
  /**
   * The role of the person.
   * @default - `human`, or `user` beside `role`
   */
  readonly userTag?: string;
  /**
   * The role of the model.
   * @default - `gpt`, or `assistant` beside `role`
   */
  readonly assistantTag?: string;
  /**
   * The role of a tool's result.
   * @default - `observation`, or `tool` beside `role`
   */
  readonly observationTag?: string;
  /**
   * The role of a tool's call.
   * @default function_call
   */
  readonly functionTag?: string;
  /**
   * The role of the system prompt.
   * @default system
   */
  readonly systemTag?: string;
}

/** What every data set says of itself. */
export interface DatasetProps {
  /**
   * The name in dataset_info.json: letters, digits, `.`, `_` and `-`.
   * @default - the construct's id
   */
  readonly name?: string;
  /**
   * How the rows are laid out.
   * @default DatasetFormat.ALPACA
   */
  readonly formatting?: DatasetFormat;
  /**
   * Which column holds what.
   * @default - `messages` if the first row has it, else LLaMA-Factory's own: instruction, input, output, conversations
   */
  readonly columns?: DatasetColumns;
  /**
   * What keys and roles of messages are called.
   * @default - role, content, user, assistant, tool, system if the first row has `messages` with `role`, else
   * LLaMA-Factory's own: from, value, human, gpt, observation, function_call, system
   */
  readonly tags?: DatasetTags;
  /**
   * Whether rows hold a better and a worse answer (reward models, DPO).
   * @default false
   */
  readonly ranking?: boolean;
  /**
   * How many rows to draw at random, with repeats if there are fewer.
   * @default - all rows, once
   */
  readonly numSamples?: number;
}

/** Samples in a file beside the program. */
export interface DatasetFileProps extends DatasetProps {
  /** The file, .json (a list) or .jsonl, relative to the working directory; at most 1 MiB. */
  readonly path: string;
}

/** Samples in the files of a folder beside the program. */
export interface DatasetDirectoryProps extends DatasetProps {
  /** The folder, relative to the working directory; all its .json or all its .jsonl files, each at most 1 MiB. */
  readonly path: string;
}

/** Samples on an existing claim. */
export interface DatasetClaimProps extends DatasetProps {
  /** The PersistentVolumeClaim's name, in the namespace of the chart. */
  readonly claimName: string;
  /** The file inside the volume, or a folder of files of one type. */
  readonly path: string;
  /**
   * What tells one state of the data from another: the run's identity can't see the file's bytes.
   * @default - none: data changed in place continues the same run
   */
  readonly revision?: string;
}

/** Samples that a CPU Job fetches. */
export interface DatasetSourceProps extends DatasetProps {
  /** Where from. Of a hub it is a repository of data sets, which must be named. */
  readonly source: Source;
  /**
   * The file in the repository or among the web server's files, or a folder: the arrow, csv, json, jsonl, parquet or txt
   * files right in it, all of one type.
   */
  readonly path: string;
}

/** A file that was read: its digest is of its bytes, and rows are shared by all files of a tree that have them. */
interface DataFile {
  readonly path: string;
  readonly text: string;
  readonly sha256: string;
  readonly rows: readonly unknown[];
}

/** Rows of the files of a tree, by the file's type and the digest of its bytes. */
const rowsKnown = new WeakMap<IConstruct, Map<string, readonly unknown[]>>();

/** Where data sets stand in the pod. */
const DATA_PATH = '/data';

/**
 * A data set: where its samples come from, and its entry in dataset_info.json. The samples of a file beside the
 * program are checked when it is read, travel in a ConfigMap named by its content, and any number of runs may use it.
 */
export class DatasetVolume extends Construct {
  /** Samples from a file of at most 1 MiB. */
  public static fromFile(scope: Construct, id: string, props: DatasetFileProps): DatasetVolume {
    return DatasetVolume.of(scope, id, checkedProps('DatasetFileProps', props), (volume, asked) =>
      volume.inline(asked, [asked.path], fileKey(asked.path)),
    );
  }

  /** Samples from the files of a folder, each of at most 1 MiB: for more than one ConfigMap can hold. */
  public static fromDirectory(scope: Construct, id: string, props: DatasetDirectoryProps): DatasetVolume {
    return DatasetVolume.of(scope, id, checkedProps('DatasetDirectoryProps', props), (volume, asked) =>
      volume.inline(asked, volume.listed(asked.path), undefined),
    );
  }

  /** Samples on a PersistentVolumeClaim that exists already; their content isn't seen here, and not checked. */
  public static fromClaim(scope: Construct, id: string, props: DatasetClaimProps): DatasetVolume {
    return DatasetVolume.of(scope, id, checkedProps('DatasetClaimProps', props), (volume, asked) =>
      volume.claimed(asked),
    );
  }

  /**
   * Samples from a hub or a web server. The CPU Job that also fetches the run's model puts them on the volume that it
   * fills; the training pod waits for them. Their content isn't seen here, and not checked.
   */
  public static fromSource(scope: Construct, id: string, props: DatasetSourceProps): DatasetVolume {
    return DatasetVolume.of(scope, id, checkedProps('DatasetSourceProps', props), (volume, asked) =>
      volume.fetched(asked),
    );
  }

  /** The name in dataset_info.json. */
  public readonly name: string;
  /** @internal */
  public readonly _mounted: MountedDataset;

  /** Without what it must be given there is nothing to mount; its runs are checked on all the same. */
  private static of<T extends DatasetProps>(
    scope: Construct,
    id: string,
    checked: CheckedProps<T>,
    mount: (volume: DatasetVolume, props: T) => MountedDataset,
  ): DatasetVolume {
    const { props } = checked;
    return new DatasetVolume(scope, id, checked, (volume) =>
      props === undefined
        ? { name: volume.name, entry: {}, identity: undefined, volumes: [], mounts: [] }
        : mount(volume, props),
    );
  }

  private constructor(
    scope: Construct,
    id: string,
    { sound, problems }: CheckedProps<DatasetProps>,
    mount: (volume: DatasetVolume) => MountedDataset,
  ) {
    super(scope, id);
    reportProblems(this, problems);
    this.name = sound.name ?? id;
    if (!/^[A-Za-z0-9._-]+$/.test(this.name)) {
      this.problem({
        id: 'invalid-dataset-name',
        key: 'name',
        message: 'LLaMA-Factory takes a list of names separated by commas, and the name is part of a path',
        got: this.name,
        allowed: 'letters, digits, ., _ and -',
      });
    }
    this._mounted = mount(this);
  }

  private inline(props: DatasetProps, paths: readonly string[], single: string | undefined): MountedDataset {
    const files = paths.flatMap((path) => this.read(path));
    const [first] = files;
    const rows = files.length === 1 && first !== undefined ? first.rows : files.flatMap((file) => file.rows);
    const directory = `${DATA_PATH}/${this.name}`;
    const entry = datasetEntry(single === undefined ? directory : `${directory}/${single}`, describe(props), rows[0]);
    const faulty = files.filter((file) => this.reportRows(file.path, file.rows, entry)).length > 0;
    const parts = files.map((file, i) => {
      const part = files.length === 1 ? undefined : String(i);
      const key = fileKey(file.path);
      const id = part === undefined ? 'Resource' : `Part${part}`;
      return {
        name: volumeName(this.name, part),
        key,
        configMap: contentConfigMap(this, id, { [key]: file.text }, part),
      };
    });
    return {
      name: this.name,
      entry,
      rows: files.length === paths.length && files.length > 0 ? rows : undefined,
      rowsReported: faulty,
      identity: files.map((file) => file.sha256),
      volumes: parts.map((part) => ({ name: part.name, configMap: part.configMap.name })),
      // File by file: a ConfigMap mounted as a folder also shows `..data`, which LLaMA-Factory would read as a file.
      mounts: parts.map((part) => ({ name: part.name, mountPath: `${directory}/${part.key}`, subPath: part.key })),
    };
  }

  private claimed(props: DatasetClaimProps): MountedDataset {
    const path = this.pathIn('volume', props.path);
    reportProblems(this, objectNameProblems('claimName', props.claimName));
    const directory = `${DATA_PATH}/${this.name}`;
    const volume = volumeName(this.name, undefined);
    return {
      name: this.name,
      entry: datasetEntry(`${directory}/${path}`, describe(props)),
      identity: { claim: props.claimName, path, revision: props.revision },
      volumes: [{ name: volume, claim: props.claimName }],
      mounts: [{ name: volume, mountPath: directory }],
    };
  }

  private fetched({ source, ...props }: DatasetSourceProps): MountedDataset {
    const path = this.pathIn('source', props.path);
    const what = source._data(path);
    // One directory for each content, whatever run asks for it and however its data set is called.
    const directory = `.data/${digest(what)}`;
    reportProblems(this, [...source._problems, ...missingProblems(source, path)]);
    return {
      name: this.name,
      entry: datasetEntry(`${directory}/${path}`, describe(props)),
      identity: what,
      fetch: { origin: source._origin, what, directory },
      volumes: [],
      mounts: [],
    };
  }

  /** A path without slashes around it. */
  private pathIn(place: 'volume' | 'source', given: string): string {
    const path = withoutTrailingSlashes(given).replace(/^\/+/, '');
    const parts = path.split('/');
    if (path === '' || parts.includes('..') || (place === 'source' && parts.some((part) => ['', '.'].includes(part)))) {
      this.problem({
        id: 'relative-path',
        key: 'path',
        message: `the file or folder is named from the root of the ${place}`,
        got: given,
        allowed: 'math/train.jsonl',
      });
    }
    return path;
  }

  private listed(path: string): string[] {
    try {
      const files = readdirSync(path)
        .sort()
        .filter((name) => statSync(join(path, name)).isFile());
      const data = files.filter((name) => ['.json', '.jsonl'].includes(extname(name)));
      const types = new Set(data.map((name) => extname(name)));
      if (data.length === 0 || types.size > 1) {
        this.problem({
          id: 'dataset-directory',
          key: 'path',
          message: 'LLaMA-Factory reads a folder whose files are all of one type',
          got: files.length === 0 ? `${path} is empty` : files.join(', '),
          allowed: '.json files only, or .jsonl files only',
        });
      }
      return data.map((name) => join(path, name));
    } catch (error) {
      this.problem({
        id: 'dataset-file',
        key: 'path',
        message: 'the folder cannot be read',
        got: `${path}: ${reason(error)}`,
      });
      return [];
    }
  }

  private read(path: string): DataFile[] {
    const fault = (message: string, change?: string, at?: Position): [] => {
      const place = at && { file: path, ...at };
      this.problem({ id: 'dataset-file', key: 'path', message, got: path, change, place });
      return [];
    };
    if (!['.json', '.jsonl'].includes(extname(path))) {
      return fault(
        'only .json and .jsonl files can be carried in a ConfigMap',
        'convert the file, or take it from a claim, a hub or a web server: DatasetVolume.fromClaim and fromSource take arrow, csv, parquet and txt too',
      );
    }
    let text: string;
    try {
      // Strict, since what isn't UTF-8 would train as � otherwise; a byte order mark at the beginning is dropped.
      text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
        return fault(
          "the file isn't UTF-8",
          'convert it: iconv -f GB18030 -t UTF-8, if it comes from a Chinese Windows',
        );
      }
      return fault(`the file cannot be read: ${reason(error)}`, `paths are relative to the working directory`);
    }
    const sha256 = createHash('sha256').update(text).digest('hex');
    const known = this.rowsKnown();
    const key = `${extname(path)} ${sha256}`;
    let rows = known.get(key);
    if (rows === undefined) {
      const parsed = parseDataFile(path, text);
      if ('fault' in parsed) return fault(parsed.fault, parsed.change, parsed.at);
      rows = parsed.rows;
      known.set(key, rows);
    }
    return [{ path, text, sha256, rows }];
  }

  private rowsKnown(): Map<string, readonly unknown[]> {
    const { root } = this.node;
    const known = rowsKnown.get(root) ?? new Map();
    rowsKnown.set(root, known);
    return known;
  }

  /** Reports rows that would be left out or stop the run; answers whether there are any. */
  private reportRows(path: string, rows: readonly unknown[], entry: Mapping): boolean {
    const faults = faultyRows(rows, entry);
    if (faults.length === 0) return false;
    const shown = faults.slice(0, 5).map((fault) => `row ${fault.row}: ${fault.reason}`);
    const more = faults.length > shown.length ? `; and ${faults.length - shown.length} more` : '';
    this.problem({
      id: 'dataset-rows',
      key: path,
      message: `${faults.length} of ${rows.length} samples would be left out or stop the run`,
      got: shown.join('; ') + more,
      change: 'mend the rows, or name the columns and roles they have by the props columns and tags',
      source: 'llamafactory/data/converter.py',
    });
    return true;
  }

  private problem(problem: Problem): void {
    reportProblems(this, [problem]);
  }
}

/** What a file is called in its ConfigMap and in the pod: its name, or where no key can be so, a digest of it. */
function fileKey(path: string): string {
  const name = basename(path);
  return /^[-._A-Za-z0-9]{1,253}$/.test(name) ? name : `data-${digest(name)}${extname(path)}`;
}

function describe(props: DatasetProps): DatasetDescription {
  return {
    formatting: props.formatting ?? DatasetFormat.ALPACA,
    columns: props.columns,
    tags: props.tags,
    ranking: props.ranking,
    numSamples: props.numSamples,
  };
}

/** What can be said at synth of whether a source has data at a path: a hub's files are known when they are fetched. */
function missingProblems({ _origin: origin }: Source, path: string): Problem[] {
  if (!('files' in origin)) {
    if (origin.repository !== undefined) return [];
    return [
      {
        id: 'invalid-source',
        key: 'source.repository',
        message: 'data come from a repository of data sets, and none is named',
        change: "name it: repository: 'owner/name'",
      },
    ];
  }
  const names = Object.keys(origin.files);
  const files = dataFilesAt(names, path);
  if (files.length > 0 && areReadAlike(files)) return [];
  return [
    {
      id: 'dataset-directory',
      key: 'path',
      message:
        files.length === 0
          ? `the source has no data file at ${path}`
          : 'LLaMA-Factory reads a folder whose files are all of one type',
      got: (files.length === 0 ? names : files).join(', '),
      allowed: `a file, or a folder of files, of one type: ${DATA_TYPES.join(', ')}`,
    },
  ];
}

function volumeName(name: string, part: string | undefined): string {
  return objectName([part === undefined ? 'data' : `part${part}`, name]);
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'it is a folder' : (code ?? String(error));
}
