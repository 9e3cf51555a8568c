import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { findingsText } from '../judge/finding-text';
import { attempt } from '../judge/guarded';
import { statOf } from '../llamafactory/read-text';
import type { Card } from '../run/card';
import { type Finding, Severity } from '../run/finding';
import type { Release } from '../run/releases';
import { fileStore, reasonOf } from './file-store';
import type { Change } from './importing/changes';
import { filesBelow, launchScript, trainConfigs } from './importing/find-files';
import { type Imported, type ImportRequest, importRun } from './importing/import-run';
import { readOutside } from './importing/outside';
import { ExitStatus, type Output } from './output';
import { writeWhole } from './write-file';

/** What `import` is asked beside the folder. */
export interface ImportOptions {
  readonly release: Release;
  readonly card: Card;
  /** GPUs of the node, in place of those the launch script uses. */
  readonly gpus?: number;
  /** Where the program goes; undefined: to the standard output. */
  readonly out?: string;
  /** The train config, where the folder has several: seen from the folder, or from here. */
  readonly config?: string;
  /** Replace a file that is there. */
  readonly force?: boolean;
}

/** Makes a program of a folder's files, says what is different in it and what is wrong with it, and how to exit. */
export function importFolder(folder: string, options: ImportOptions, output: Output): ExitStatus {
  const store = fileStore();
  const wrong = wrongUse(folder, options);
  if (wrong !== undefined) return usage(wrong, output);
  const files = filesBelow(folder);
  const configs =
    options.config === undefined
      ? trainConfigs(files, folder, options.release, store)
      : [seenFrom(folder, options.config)];
  const [config] = configs;
  if (config === undefined) return nothingFound(folder, files, output);
  if (configs.length > 1) {
    const names = configs.join(', ');
    return usage(`${folder} has several train configs: ${names}; say which by --config`, output);
  }
  const request: ImportRequest = {
    folder: resolve(folder),
    config,
    script: launchScript(files, folder, config, store),
    release: options.release,
    card: options.card,
    gpus: options.gpus,
    programFolder: resolve(dirname(options.out ?? 'app.ts')),
  };
  const done = attempt(join(folder, config), '', () => importRun(request, store));
  const imported = 'failed' in done ? { summary: '', changes: [], findings: [done.failed] } : done.value;
  if (imported.program !== undefined && !write(imported.program, options, output)) return ExitStatus.FINDINGS;
  const outside = readOutside(folder, store.reads());
  const report = reportText(join(folder, config), imported, outside, options);
  if (options.out === undefined) output.err(report);
  else output.out(report);
  return hasErrors(imported.findings) ? ExitStatus.FINDINGS : ExitStatus.OK;
}

/** What is wrong with the command line; undefined: nothing. */
function wrongUse(folder: string, { config, out, force }: ImportOptions): string | undefined {
  const kind = statOf(folder);
  if (typeof kind === 'string') return `${folder} can't be read: ${kind}`;
  if (!kind.isDirectory()) return `${folder} is no folder; import takes the folder that holds a train config`;
  if (config !== undefined && !existsSync(join(folder, config)) && !existsSync(config)) {
    return `${config}: there is no such file, neither in ${folder} nor here`;
  }
  if (out !== undefined && existsSync(out) && force !== true) {
    return `${out} is there already; --force replaces it, --out names another`;
  }
  return undefined;
}

/** A file as seen from the folder: it is named from there, or from here. */
function seenFrom(folder: string, file: string): string {
  if (!isAbsolute(file) && existsSync(join(folder, file))) return file;
  return relative(resolve(folder), resolve(file));
}

function usage(message: string, output: Output): ExitStatus {
  output.err(`error: ${message}\n`);
  return ExitStatus.USAGE;
}

function nothingFound(folder: string, files: readonly string[], output: Output): ExitStatus {
  const yaml = files.filter((file) => /\.ya?ml$/i.test(file));
  const seen = yaml.length === 0 ? 'it holds no YAML' : `none of ${yaml.join(', ')} names a model or a stage`;
  const finding: Finding = {
    id: 'import-nothing',
    severity: Severity.ERROR,
    path: folder,
    key: '',
    message: `there is no train config in the folder: ${seen}`,
    change: 'name the folder that holds it, or the file by --config',
  };
  output.err(`${findingsText([finding])}\n`);
  return ExitStatus.FINDINGS;
}

function write(program: string, { out }: ImportOptions, output: Output): boolean {
  if (out === undefined) {
    output.out(program);
    return true;
  }
  try {
    writeWhole(out, program);
    return true;
  } catch (error) {
    output.err(`error: ${out} can't be written: ${reasonOf(error)}\n`);
    return false;
  }
}

function reportText(
  config: string,
  { program, summary, changes, findings }: Imported,
  outside: readonly string[],
  { out }: ImportOptions,
): string {
  const head = program === undefined ? `${config}: no program` : `${out ?? 'the program'}: ${summary}, from ${config}`;
  const parts = [
    head,
    ...(outside.length === 0
      ? []
      : [['read from outside the folder', ...outside.map((file) => `  ${file}`)].join('\n')]),
    ...(changes.length === 0 ? [] : [changesText(changes)]),
    ...(findings.length === 0 ? [] : [findingsText(findings)]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function changesText(changes: readonly Change[]): string {
  const lines = changes.map(({ file, key, text }) => `  ${file}: ${key}: ${text}`);
  return ['in what the run differs from the files', ...lines].join('\n');
}

function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === Severity.ERROR);
}
