/**
 * Has jsii compile the public API, so that it can be had in Python, Java and Go: `npm run check:jsii`. Nothing is
 * published from what it writes, which goes to a temporary folder.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');

/** What jsii takes: its own settings are older, and know neither `Object.hasOwn` nor `replaceAll`. */
const COMPILER_OPTIONS = {
  target: 'ES2022',
  lib: ['es2022'],
  module: 'CommonJS',
  moduleResolution: 'node',
  strict: true,
  declaration: true,
  stripInternal: true,
  skipLibCheck: true,
  noEmitOnError: true,
  types: ['node'],
  rootDir: 'src',
  outDir: 'lib',
};

function compile(folder: string): number {
  const { name, version, license, description, dependencies, peerDependencies, devDependencies } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  );
  for (const part of ['src', 'README.md']) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['src'] }));
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      name,
      version,
      license,
      description,
      dependencies,
      peerDependencies,
      devDependencies,
      main: 'lib/index.js',
      types: 'lib/index.d.ts',
      bundledDependencies: Object.keys(dependencies),
      author: { name: `the authors of ${name}`, organization: true },
      repository: { type: 'git', url: `https://example.com/${name}.git` },
      jsii: { outdir: 'dist', targets: {}, tsconfig: 'tsconfig.json', validateTsconfig: 'off' },
    }),
  );
  const jsii = join(ROOT, 'node_modules', '.bin', 'jsii');
  return spawnSync(jsii, ['--silence-warnings', 'reserved-word'], { cwd: folder, stdio: 'inherit' }).status ?? 1;
}

const folder = mkdtempSync(join(tmpdir(), 'jsii-'));
try {
  process.exitCode = compile(folder);
} finally {
  rmSync(folder, { recursive: true });
}
