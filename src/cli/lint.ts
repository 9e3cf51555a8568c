import { dirname, isAbsolute, relative, resolve } from 'node:path';
import type { Acknowledgements } from '../judge/acknowledgements';
import { attempt } from '../judge/guarded';
import { judge } from '../judge/judge';
import { maskedFinding, maskedLines } from '../judge/secrets';
import { KINDS } from '../llamafactory/config-kind';
import { type Edit, type Finding, Severity } from '../run/finding';
import type { Release } from '../run/releases';
import type { ConfigKind } from '../run/run';
import { type FileStore, fileStore, reasonOf } from './file-store';
import { located } from './located';
import { ExitStatus, jsonLine, type Output } from './output';
import { type Root, rootName, rootText } from './root';
import { type RunFromFiles, type RunOptions, runFromFiles } from './run-from-files';

/** What `lint` is asked beside what a run is. */
export interface LintOptions extends RunOptions {
  readonly format: 'text' | 'json';
  /** Write what can be corrected, and show the difference. */
  readonly fix?: boolean;
  /**
   * Reasons for which warnings and advice are right as they are, by id.
   * @default - none
   */
  readonly acknowledge?: Acknowledgements;
}

type JudgeOptions = RunOptions & Pick<LintOptions, 'acknowledge'>;

/** What is said of one file. */
export interface LintReport {
  readonly file: string;
  readonly release: Release;
  /** What the file is for. */
  readonly kind: ConfigKind;
  /** Where the trainer is started. */
  readonly root: Root;
  /** The script that starts it, if one is known. */
  readonly script?: string;
  /** The verdict of the release's own parser, and nothing else; undefined: it hangs on files that are not here. */
  readonly accepted: boolean | undefined;
  readonly findings: readonly Finding[];
  /** The ids of what was found and acknowledged. */
  readonly acknowledged: readonly string[];
}

/** Judges files, prints what is found in each, and says how to exit. */
export function lint(paths: readonly string[], options: LintOptions, output: Output): ExitStatus {
  const store = fileStore();
  const acknowledged = new Set<string>();
  let failed = false;
  for (const [i, path] of paths.entries()) {
    if (options.fix) fixFile(path, options, store);
    const report = lintFile(path, options, store);
    for (const id of report.acknowledged) acknowledged.add(id);
    failed ||= report.findings.some(({ severity }) => severity === Severity.ERROR);
    if (options.format === 'json') output.out(jsonLine(publicShape(report)));
    else output.out(`${i > 0 ? '\n' : ''}${reportText(report, options)}`);
  }
  if (options.fix && !saveAll(store, options, output)) failed = true;
  for (const id of Object.keys(options.acknowledge ?? {})) {
    if (!acknowledged.has(id)) output.err(`warning: nothing was found that --acknowledge ${id} is for: take it out\n`);
  }
  return failed ? ExitStatus.FINDINGS : ExitStatus.OK;
}

/** Judges one file. Whatever is in it, there is a report. */
export function lintFile(path: string, options: JudgeOptions, store: FileStore): LintReport {
  return judgeFile(path, options, store).report;
}

function judgeFile(path: string, options: JudgeOptions, store: FileStore): { report: LintReport; from?: RunFromFiles } {
  const { release } = options;
  const read = attempt(path, '', () => runFromFiles(path, options, store));
  const nowhere: Root = { folder: process.cwd(), from: 'nobody' };
  const refused = { file: path, release, kind: 'train' as const, root: nowhere, accepted: false, acknowledged: [] };
  if ('failed' in read) return { report: { ...refused, findings: [read.failed] } };
  const from = read.value;
  const { run, loads, floats, files, root } = from;
  if (run === undefined) return { report: { ...refused, findings: located(from.findings, path, from, store) }, from };
  const { findings, accepted, acknowledged } = judge(run, {
    written: { floats },
    files,
    further: from.findings,
    acknowledge: options.acknowledge,
  });
  return {
    report: {
      file: path,
      release,
      kind: run.kind ?? 'train',
      root,
      script: run.launchScript?.file,
      accepted: loads && accepted,
      // What one file doesn't have another may: `lint` says what none has.
      findings: located(
        findings.filter(({ id }) => id !== 'acknowledged-nothing'),
        path,
        from,
        store,
      ),
      acknowledged: Object.keys(acknowledged),
    },
    from,
  };
}

/** The public shape; a finding without a computed fix has an empty list. */
function publicShape({ file, release, kind, root, accepted, findings }: LintReport): object {
  return {
    file,
    release,
    kind,
    root: rootName(root),
    accepted: accepted ?? null,
    findings: findings
      .map((finding) => maskedFinding(finding))
      .map(({ id, severity, path, place, key, message, fix }) => ({
        id,
        severity,
        file: place?.file ?? path,
        line: place?.line ?? null,
        column: place?.column ?? null,
        key,
        message,
        fix: fix ?? [],
      })),
  };
}

function reportText(
  { file, release, kind, root, script, accepted, findings, acknowledged }: LintReport,
  { card, gpus, nodes }: RunOptions,
): string {
  const where = `${gpus} x ${card.name}${nodes > 1 ? ` on each of ${nodes} nodes` : ''}`;
  const silent = acknowledged.length === 0 ? '' : `, ${acknowledged.length} acknowledged`;
  const { findingsText } = require('../judge/finding-text') as typeof import('../judge/finding-text');
  const purpose = kind === 'train' ? '' : ` as a config ${KINDS[kind].purpose}`;
  const said = `LLaMA-Factory ${release} ${accepted ? 'takes it' : 'refuses it'}${purpose}`;
  const verdict =
    accepted === undefined ? `whether LLaMA-Factory ${release} takes it${purpose} can't be judged here` : said;
  const started = rootText(root, script);
  const head = `${file}: ${verdict}; ${counts(findings)}${silent} (checked for ${where}, ${started})`;
  return findings.length === 0 ? `${head}\n` : `${head}\n\n${findingsText(findings)}\n`;
}

function counts(findings: readonly Finding[]): string {
  const parts = [
    [Severity.ERROR, 'error', 'errors'],
    [Severity.WARNING, 'warning', 'warnings'],
    [Severity.ADVICE, 'piece of advice', 'pieces of advice'],
  ].flatMap(([severity, one, several]) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [`${count} ${count === 1 ? one : several}`];
  });
  return parts.length === 0 ? 'nothing found' : parts.join(', ');
}

/** More corrections of one file than this are none: two of them undo each other. */
const MOST_FIXES = 200;

/** Corrects a file in the store, one finding after the other, errors first; advice is left to the author. */
function fixFile(path: string, options: LintOptions, store: FileStore): void {
  const done = new Set<string>();
  while (done.size < MOST_FIXES) {
    const { report, from } = judgeFile(path, options, store);
    const next = [Severity.ERROR, Severity.WARNING]
      .flatMap((severity) => report.findings.filter((finding) => finding.severity === severity))
      .find((finding) => finding.fix !== undefined && !done.has(`${finding.id} ${finding.key} ${finding.message}`));
    if (next?.fix === undefined || from === undefined) return;
    done.add(`${next.id} ${next.key} ${next.message}`);
    applyAll(next.fix, from, store);
  }
}

/** Makes all changes of one fix, or none of them. */
function applyAll(edits: readonly Edit[], from: RunFromFiles, store: FileStore): void {
  const { applyEdit } = require('./edits') as typeof import('./edits');
  const texts = new Map<string, string>();
  for (const edit of edits) {
    const { path, key } = from.placeOf(edit);
    const now = store.read(path);
    // A file that isn't here is not made: the trainer may have it.
    const text = texts.get(path) ?? ('text' in now ? now.text : undefined);
    const changed = text === undefined ? undefined : applyEdit(text, { ...edit, key }, path);
    if (changed === undefined) return;
    texts.set(path, changed);
  }
  for (const [path, text] of texts) store.change(path, text);
}

/** Writes the corrected files and shows what changed; false if one can't be written. */
function saveAll(store: FileStore, options: LintOptions, output: Output): boolean {
  const { difference } = require('./difference') as typeof import('./difference');
  const show = (text: string) => (options.format === 'json' ? output.err(text) : output.out(`\n${text}`));
  let saved = true;
  for (const { path, before, after } of store.changes()) {
    const here = relative(process.cwd(), path);
    const name = here.startsWith('..') || isAbsolute(here) ? path : here;
    try {
      store.save(path);
      show(maskedLines(difference(name, before, after)));
    } catch (error) {
      output.err(`error: ${name} can't be written in ${dirname(resolve(path))}: ${reasonOf(error)}\n`);
      saved = false;
    }
  }
  return saved;
}
