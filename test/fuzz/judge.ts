import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { main } from '../../src/cli/main';
import { checkRules } from '../../src/judge/rules';
import { loadYaml } from '../../src/llamafactory/load';
import { renderTrainConfig } from '../../src/llamafactory/render-train-config';
import type { FilesInput, Input, ValuesInput } from './inputs';

/** What is wrong with the answer to an input; undefined if nothing is. Anything thrown is wrong. */
export function faultOf(input: Input, folder: string): string | undefined {
  try {
    return 'files' in input ? ofFiles(input, folder) : ofValues(input);
  } catch (error) {
    return `thrown: ${error instanceof Error ? error.stack : String(error)}`;
  }
}

function ofFiles({ files, release, fix }: FilesInput, folder: string): string | undefined {
  // Fixes may leave files of their own; all else is written over.
  if (fix) rmSync(folder, { recursive: true, force: true });
  rmSync(join(folder, 'launch.sh'), { force: true });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const path = join(folder, 'train.yaml');
  const options = ['--format', 'json', '--llamafactory', release];
  const planned = run('plan', path, ...options);
  if (planned.err.includes("can't be planned")) return `plan: ${planned.err}`;
  const linted = run('lint', ...(fix ? ['--fix'] : []), path, ...options);
  const findings = JSON.parse(linted.out).findings as Array<{ id: string; message: string }>;
  const failed = findings.find(({ id }) => id === 'check-failed');
  return failed && `${failed.id}: ${failed.message}`;
}

function ofValues({ args, release }: ValuesInput): string | undefined {
  const text = renderTrainConfig(args, release);
  const { loads, findings, root } = loadYaml(text, release, 'train.yaml');
  const plain = isDeepStrictEqual(JSON.parse(JSON.stringify(args) ?? 'null'), args);
  const run = { path: 'a', file: 'train.yaml', release, args, datasets: [], gpus: 1, nodes: 1 };
  const known = checkRules(run).some(({ id }) => id === 'broken-interpolation');
  if (loads || !plain || root === 'empty' || known) return undefined;
  return `the rendered config does not load: ${findings.map(({ message }) => message).join(', ')}`;
}

function run(...args: string[]): { out: string; err: string } {
  const [out, err]: [string[], string[]] = [[], []];
  main(args, { out: (text) => out.push(text), err: (text) => err.push(text) });
  return { out: out.join(''), err: err.join('') };
}
