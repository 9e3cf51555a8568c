import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { equalsText, hasLines, manifestHas } from './excerpt';
import type { Block, Project } from './extract';

const REPOSITORY = join(__dirname, '../..');

/** What a command did: its exit status, and what it printed on both streams. */
export interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

/** A folder for the projects of the pages, where `cdk8s-llamafactory` is this repository's source. */
export class Workshop {
  public readonly directory = realpathSync(mkdtempSync(join(tmpdir(), 'docs-')));

  public constructor() {
    symlinkSync(join(REPOSITORY, 'node_modules'), join(this.directory, 'node_modules'));
    const compilerOptions = {
      target: 'es2022',
      module: 'node16',
      moduleResolution: 'node16',
      types: ['node'],
      strict: true,
      noEmit: true,
      esModuleInterop: true,
      skipLibCheck: true,
      paths: { 'cdk8s-llamafactory': [join(REPOSITORY, 'src/index.ts')] },
    };
    writeFileSync(join(this.directory, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  }

  /** Writes the project's files and its program, `main.ts`; answers its folder, called by page and line. */
  public write(project: Project): string {
    const directory = join(this.directory, `${project.page.replaceAll('/', '-')}-line-${project.line}`);
    writeProject(directory, project);
    return directory;
  }

  /** Type-checks every project written so far; answers what the compiler says, nothing if all is well. */
  public typeErrors(): string {
    return run(this.directory, join(REPOSITORY, 'node_modules/.bin/tsc')).output;
  }

  public remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}

/** Writes a project's files and its program, `main.ts`, into a folder. */
export function writeProject(directory: string, project: Project): void {
  mkdirSync(directory, { recursive: true });
  for (const block of project.files) {
    const file = join(directory, block.tag?.value ?? '');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${block.text}\n`);
  }
  if (project.program !== undefined) writeFileSync(join(directory, 'main.ts'), `${project.program.text}\n`);
  installCommand(directory);
}

/** The command line as `npm install` would put it there, run from this repository's source. */
function installCommand(directory: string): void {
  const command = join(directory, 'node_modules/.bin/cdk8s-llamafactory');
  mkdirSync(dirname(command), { recursive: true });
  writeFileSync(command, `#!/bin/sh\nexec tsx '${join(REPOSITORY, 'src/cli/main.ts')}' "$@"\n`);
  chmodSync(command, 0o755);
}

/** Runs a project's program and checks what its page says of it; answers what isn't so. */
export function untrueOf(directory: string, project: Project): string[] {
  const faults = [];
  if (project.program !== undefined) {
    const { status, output } = run(directory, 'tsx main.ts');
    const wanted = project.program.tag?.name === 'fails' ? 1 : 0;
    if (status !== wanted) faults.push(`${where(project.program)}: exits with ${status}, not ${wanted}:\n${output}`);
  }
  for (const claim of project.claims) {
    const found = untrue(directory, claim);
    if (found !== undefined) faults.push(`${where(claim)}: ${found}`);
  }
  return faults;
}

/** Runs a shell command in a folder, with the repository's programs on the path and a small environment. */
export function run(directory: string, command: string): Outcome {
  const bin = join(REPOSITORY, 'node_modules/.bin');
  const { status, stdout } = spawnSync('sh', ['-c', `{ ${command}\n} 2>&1`], {
    cwd: directory,
    encoding: 'utf8',
    env: { PATH: [bin, process.env['PATH']].join(delimiter), HOME: process.env['HOME'] ?? '', NO_COLOR: '1' },
  });
  return { status, output: stdout };
}

function where(block: Block): string {
  return `${block.page}:${block.line}`;
}

function untrue(directory: string, claim: Block): string | undefined {
  const value = claim.tag?.value ?? '';
  if (claim.tag?.name === 'output') {
    const { output } = run(directory, value);
    return equalsText(output, claim.text) ? undefined : `\`${value}\` prints:\n${output}`;
  }
  const [, path = '', kind, pointer = ''] = /^([^#]+)(?:#([^/]+)(\/.*)?)?$/.exec(value) ?? [];
  const text = readFileSync(join(directory, path), 'utf8');
  const holds = kind === undefined ? hasLines(text, claim.text) : manifestHas(text, kind, pointer, claim.text);
  return holds ? undefined : `${value} isn't so; the file holds:\n${text}`;
}
