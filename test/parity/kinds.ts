/**
 * Configs judged where they lie and by what they are for: LLaMA-Factory's own examples of each release, in a folder laid
 * out as its repository, and cases of each rule for configs that are not to train.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileStore } from '../../src/cli/file-store';
import { lintFile } from '../../src/cli/lint';
import { kindOf } from '../../src/llamafactory/config-kind';
import { loadConfig } from '../../src/llamafactory/load-config';
import { CARDS } from '../../src/planning/catalog/cards';
import type { Card } from '../../src/run/card';
import type { Release } from '../../src/run/releases';
import type { ConfigKind } from '../../src/run/run';
import { SITE, VENV } from '../trainer-packages';
import { imageOf } from './judge';
import { KIND_CASES } from './kind-cases';

/** A config by its path in the folder, what the twin takes it for, and what it says. */
export interface PlacedConfig {
  readonly path: string;
  readonly kind: ConfigKind;
}

/** A recorded verdict: what the file was given to, whether it was taken, what was said. */
export type PlacedVerdict = readonly [kind: ConfigKind, accepted: boolean, error?: string];

/** A folder as the release's repository is laid out, with the cases in a folder of their own. */
export function repositoryOf(release: Release): string {
  const folder = mkdtempSync(join(tmpdir(), 'llamafactory-examples-'));
  const examples = JSON.parse(readFileSync(join(__dirname, 'examples', `${release}.json`), 'utf8'));
  const files: Record<string, string> = { ...examples };
  for (const { id, text } of KIND_CASES) files[`kinds/${id}.yaml`] = text;
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** The configs of such a folder. */
export function placedConfigs(folder: string, release: Release): PlacedConfig[] {
  const examples = Object.keys(JSON.parse(readFileSync(join(__dirname, 'examples', `${release}.json`), 'utf8')));
  const paths = [
    ...examples.filter((path) => path.endsWith('.yaml')),
    ...KIND_CASES.map(({ id }) => `kinds/${id}.yaml`),
  ];
  return paths.map((path) => {
    const { args } = loadConfig(readFileSync(join(folder, path), 'utf8'), release, path);
    return { path, kind: kindOf(args) };
  });
}

/** What `lint` says of a config where it lies. */
export function lintedAt(folder: string, path: string, release: Release): ReturnType<typeof lintFile> {
  const options = {
    release,
    card: CARDS['A100-80GB'] as Card,
    gpus: 4,
    nodes: 1,
    here: folder,
    // No model was loaded where the verdicts were recorded: what quantised files need was not asked for.
    image: { ...imageOf(release), packages: ['autoawq', 'gptqmodel', 'aqlm'] },
  };
  return lintFile(join(folder, path), options, fileStore());
}

/** What the real release says, started at the root with the command that the config is for. */
export function askAtRoot(
  folder: string,
  configs: readonly PlacedConfig[],
  release: Release,
): Map<string, PlacedVerdict> {
  const verdicts = new Map<string, PlacedVerdict>();
  for (const kind of ['train', 'export', 'inference', 'evaluation', 'webui'] as const) {
    const own = configs.filter((config) => config.kind === kind).map(({ path }) => path);
    if (own.length === 0) continue;
    writeFileSync(join(folder, 'cases.list'), own.join('\n'));
    const [out, errors] = [join(folder, 'verdicts.jsonl'), join(folder, 'errors.log')];
    const options = ['--version', release, '--deep', '--arch', 'ampere', '--gpus', '4', '--cwd', folder];
    const command = ['--command', kind === 'webui' ? 'train' : kind];
    const run = spawnSync(
      join(VENV, 'bin', 'python'),
      [join(__dirname, 'oracle.py'), ...options, ...command, '--list', 'cases.list'],
      {
        cwd: folder,
        env: { ...process.env, LF_ORACLE_SITE: SITE },
        stdio: ['ignore', openSync(out, 'w'), openSync(errors, 'w')],
      },
    );
    if (run.status !== 0) throw new Error(`the oracle failed: ${readFileSync(errors, 'utf8').slice(-2000)}`);
    for (const line of readFileSync(out, 'utf8').split('\n').filter(Boolean)) {
      const { file, accepted, error } = JSON.parse(line) as { file: string; accepted: boolean; error?: string };
      const said = error?.replaceAll(`${folder}/`, '').slice(0, 100);
      verdicts.set(file, said === undefined ? [kind, accepted] : [kind, accepted, said]);
    }
  }
  return verdicts;
}

export function readPlaced(release: Release): Record<string, PlacedVerdict> {
  return JSON.parse(readFileSync(fileOf(release), 'utf8'));
}

export function writePlaced(release: Release, verdicts: ReadonlyMap<string, PlacedVerdict>): void {
  const lines = [...verdicts].map(([path, verdict]) => `${JSON.stringify(path)}: ${JSON.stringify(verdict)}`);
  writeFileSync(fileOf(release), `{\n${lines.join(',\n')}\n}\n`);
}

function fileOf(release: Release): string {
  return join(__dirname, 'verdicts', `${release}-kinds.json`);
}
