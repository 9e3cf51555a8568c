import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { main } from '../../src/cli/main';
import { camelCase } from '../../src/llamafactory/fields';
import { loadYaml } from '../../src/llamafactory/load';
import { ownerOf } from '../../src/llamafactory/owned-arguments';
import type { FolderInput } from './import-inputs';

/** What is wrong with what import makes of a folder; undefined if nothing is. */
export function importFault(input: FolderInput, folder: string): string | undefined {
  rmSync(folder, { recursive: true, force: true });
  lay(input, folder);
  const [out, err]: [string[], string[]] = [[], []];
  let status: number;
  try {
    status = main(['import', folder, ...input.options], {
      out: (text) => out.push(text),
      err: (text) => err.push(text),
    });
  } catch (error) {
    return `thrown: ${error instanceof Error ? error.stack : String(error)}`;
  }
  const [program, report] = [out.join(''), err.join('')];
  if (![0, 1, 2].includes(status)) return `exit status ${status}`;
  if (/check-failed|error: unexpected|^\s+at .*:\d+:\d+/m.test(report)) return `failed: ${report.slice(0, 600)}`;
  if (status === 0 && program === '') return 'exit status 0 and no program';
  return codeFault(program) ?? (program === '' ? undefined : droppedFrom(input, `${program}${report}`));
}

function lay({ files, links, folders }: FolderInput, folder: string): void {
  const at = (name: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    rmSync(join(folder, name), { recursive: true, force: true });
    return join(folder, name);
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(at(name), content);
  for (const [name, target] of Object.entries(links)) symlinkSync(target, at(name));
  for (const name of folders) mkdirSync(at(name), { recursive: true });
}

/** Calls and names that a program may hold; everything else is data. */
const CALLED =
  /^(App|Chart|synth|list|literal|Size\.gibibytes|Adapter\.from(Claim|Saves|Source)|DatasetVolume\.from(File|Directory|Claim)|DeepSpeedZero3|FineTuningJob|QwenQLoRAJob|NodePool\.of|ModelCache(\.fromClaim)?|Model\.custom|SavesVolume|Source\.(huggingFace|modelScope)|TrainConfig\.fromYaml|TrainerImage\.(official|custom))$/;

/** A program that doesn't parse, or in which something else is called than the library. */
function codeFault(program: string): string | undefined {
  if (program === '') return undefined;
  const source = ts.createSourceFile('app.ts', program, ts.ScriptTarget.Latest, true);
  const { parseDiagnostics } = source as unknown as { parseDiagnostics: readonly ts.Diagnostic[] };
  const [first] = parseDiagnostics;
  if (first !== undefined)
    return `does not parse: ${ts.flattenDiagnosticMessageText(first.messageText, ' ')}\n${program}`;
  let fault: string | undefined;
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const callee = node.expression.getText();
      if (!CALLED.test(callee)) fault ??= `calls ${callee}\n${program}`;
    } else if (ts.isIdentifier(node) && node.text === 'INJECTED') fault ??= `user text became code\n${program}`;
    else if (ts.isTemplateExpression(node) || ts.isFunctionLike(node)) fault ??= `holds ${node.getText()}\n${program}`;
    ts.forEachChild(node, visit);
  };
  visit(source);
  const statements = source.statements.filter((each) => !ts.isImportDeclaration(each)).length;
  // app, chart, the job, synth.
  return fault ?? (statements === 4 ? undefined : `has ${statements} statements\n${program}`);
}

/** A key of the train config that is neither in the program nor in the report. */
function droppedFrom({ files, links, folders, options }: FolderInput, text: string): string | undefined {
  const config = files['train.yaml'];
  if (typeof config !== 'string' || 'train.yaml' in links || folders.includes('train.yaml')) return undefined;
  if (!options.includes('--config') && !/from \S*train\.yaml/.test(text)) return undefined;
  const { args } = loadYaml(config, '0.9.5', 'train.yaml');
  const shown = (key: string) => JSON.stringify(key).slice(1, -1);
  const dropped = Object.keys(args).find((key) => {
    if (args[key] === null || args[key] === '') return false;
    if (ownerOf(key) === undefined && text.includes('TrainConfig.fromYaml(')) return false;
    return ![key, shown(key), camelCase(key), key.replaceAll("'", "\\'")].some((each) => text.includes(each));
  });
  return dropped === undefined
    ? undefined
    : `${JSON.stringify(dropped)} is neither in the program nor in the report\n${text}`;
}
