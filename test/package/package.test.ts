import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manifestHas } from '../docs/excerpt';
import { blocksOf, projectsOf } from '../docs/extract';
import { untrueOf, writeProject } from '../docs/workshop';

const REPOSITORY = join(__dirname, '../..');
const PEERS = ['constructs', 'cdk8s', 'cdk8s-plus-28'];

const PROGRAM = `import { App, Chart, Size } from 'cdk8s';
import {
  DatasetFormat,
  DatasetVolume,
  DeepSpeedZero3,
  Gpu,
  ModelCache,
  NodePool,
  QwenModel,
  QwenQLoRAJob,
  type QwenQLoRAJobProps,
  SavesVolume,
} from 'cdk8s-llamafactory';

const app = new App();
const chart = new Chart(app, 'finetune', { namespace: 'ml' });
const props: QwenQLoRAJobProps = {
  model: QwenModel.QWEN3_14B,
  dataset: DatasetVolume.fromFile(chart, 'math-train', { path: 'math_train.json', formatting: DatasetFormat.SHAREGPT }),
  deepspeed: new DeepSpeedZero3(chart, 'zero3', { offloadOptimizer: true, offloadParam: true }),
  nodePool: NodePool.of(Gpu.T10, { gpus: 4 }),
  modelCache: new ModelCache(chart, 'models', { size: Size.gibibytes(60) }),
  saves: new SavesVolume(chart, 'saves', { size: Size.gibibytes(20) }),
  train: { learningRate: 3e-5, numTrainEpochs: 20 },
};
new QwenQLoRAJob(chart, 'math', props);
app.synth();
`;

const COMPILER_OPTIONS = {
  target: 'es2022',
  lib: ['es2022'],
  types: [],
  strict: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
};

let directory: string;
let tarball: string;
let consumer: string;

// Packs the repository, which builds it, and installs the tarball in an empty project.
beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'package-')));
  run(REPOSITORY, 'npm', ['pack', '--silent', '--pack-destination', directory]);
  tarball = join(directory, readdirSync(directory)[0] ?? '');
  consumer = join(directory, 'consumer');
  mkdirSync(consumer);
  write('package.json', JSON.stringify({ name: 'consumer', private: true }));
  const peers = PEERS.map((peer) => `${peer}@${installedVersion(peer)}`);
  run(consumer, 'npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, ...peers]);
}, 120_000);

afterAll(() => rmSync(directory, { recursive: true }));

test('the tarball holds what it should and nothing else', () => {
  const files = packed();
  const known =
    /^(?:package\.json|LICENSE|CHANGELOG\.md|README(?:\.zh-CN)?\.md|lib\/.+\.(?:js|d\.ts)|runtime\/.+|data\/.+)$/;
  expect(files.filter((file) => !known.test(file))).toEqual([]);
  expect(files).toEqual(
    expect.arrayContaining([
      ...['package.json', 'LICENSE', 'CHANGELOG.md', 'README.md', 'README.zh-CN.md'],
      ...['lib/index.js', 'lib/index.d.ts', 'runtime/launch.sh'],
    ]),
  );
});

test('every compiled file has its source', () => {
  const sources = packed()
    .filter((file) => file.startsWith('lib/'))
    .map((file) => file.replace(/^lib/, 'src').replace(/(?:\.d\.ts|\.js)$/, '.ts'));
  expect(sources.filter((source) => !existsSync(join(REPOSITORY, source)))).toEqual([]);
});

test('publint finds nothing', () => {
  expect(run(directory, bin('publint'), ['run', '--strict', tarball])).toContain('All good!');
});

test('are-the-types-wrong finds nothing', () => {
  const report = run(directory, bin('attw'), [tarball, '--no-definitely-typed', '--format', 'json']);
  expect(JSON.parse(report)).toMatchObject({ analysis: { types: { kind: 'included' } } });
  expect(JSON.parse(report).problems ?? {}).toEqual({});
}, 30_000);

test('require gives every class', () => {
  const script = "console.log(typeof require('cdk8s-llamafactory').QwenQLoRAJob)";
  expect(run(consumer, 'node', ['--eval', script])).toBe('function\n');
});

test('import gives by name what require gives', () => {
  const required = run(consumer, 'node', [
    '--print',
    "Object.keys(require('cdk8s-llamafactory')).sort().join()",
  ]).trim();
  const script = `import { ${required} } from 'cdk8s-llamafactory'; console.log([${required}].includes(undefined))`;
  expect(run(consumer, 'node', ['--input-type=module', '--eval', script])).toBe('false\n');
});

test('a strict program with unskipped library checks compiles as node16, and synthesises as CommonJS and as a module', () => {
  write('math_train.json', readFileSync(join(REPOSITORY, 'examples/qwen3-14b-t10/data/math_train.json'), 'utf8'));
  write('main.cts', PROGRAM);
  write('main.mts', PROGRAM);
  compile('node16', { module: 'node16', moduleResolution: 'node16' }, ['main.cts', 'main.mts']);
  const [common = '', module] = ['main.cjs', 'main.mjs'].map((program) => {
    run(consumer, 'node', [program]);
    const manifest = readFileSync(join(consumer, 'dist/finetune.k8s.yaml'), 'utf8');
    rmSync(join(consumer, 'dist'), { recursive: true });
    return manifest;
  });
  const limits = '/spec/template/spec/containers/0/resources/limits';
  expect(manifestHas(common, 'Job', limits, 'nvidia.com/gpu: "4"')).toBe(true);
  expect(module === common).toBe(true);
}, 60_000);

describe('the examples, copied into a project of one’s own', () => {
  const examples = readdirSync(join(REPOSITORY, 'examples')).filter((name) =>
    existsSync(join(REPOSITORY, 'examples', name, 'main.ts')),
  );
  /** What each example writes, by the package's type. */
  const written: Record<string, Readonly<Record<string, string>>> = {};

  /** Runs every example in a project: all its files as one text, by example. */
  function texts(project: string, program: string, file: string): Record<string, string> {
    return Object.fromEntries(
      examples.map((name) => {
        const outdir = join(project, 'dist', name);
        run(project, program, [join('examples', name, file)], { CDK8S_OUTDIR: outdir });
        const files = readdirSync(outdir).sort();
        return [name, files.map((each) => readFileSync(join(outdir, each), 'utf8')).join('---\n')];
      }),
    );
  }

  test.each(['commonjs', 'module'])(
    'compile and synthesise where the package is of type %s',
    (type) => {
      const project = join(consumer, type);
      mkdirSync(project);
      writeFileSync(join(project, 'package.json'), JSON.stringify({ name: type, private: true, type }));
      cpSync(join(REPOSITORY, 'examples'), join(project, 'examples'), { recursive: true });
      const compilerOptions = { ...COMPILER_OPTIONS, module: 'node16', moduleResolution: 'node16' };
      writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['examples'] }));
      run(project, bin('tsc'), ['-p', 'tsconfig.json']);
      written[type] = texts(project, 'node', 'main.js');
      const limits = '/spec/template/spec/containers/0/resources/limits';
      const training = examples.filter((name) =>
        manifestHas(written[type]?.[name] ?? '', 'Job', limits, 'nvidia.com/gpu: "4"'),
      );
      expect(training).toEqual(examples);
    },
    120_000,
  );

  test('write the same as a module as in CommonJS, compiled or run by tsx', () => {
    expect(written['module']).toEqual(written['commonjs']);
    expect(texts(join(consumer, 'module'), bin('tsx'), 'main.ts')).toEqual(written['commonjs']);
  }, 120_000);
});

test('a strict program with unskipped library checks compiles for a bundler', () => {
  write('main.ts', PROGRAM);
  compile('bundler', { module: 'esnext', moduleResolution: 'bundler', noEmit: true }, ['main.ts']);
}, 60_000);

test("README's first program does what README says", () => {
  const [project] = projectsOf(blocksOf('README.md', readFileSync(join(REPOSITORY, 'README.md'), 'utf8')));
  if (project === undefined) throw new Error('README.md shows no program');
  for (const program of ['cdk8s', 'tsx']) symlinkSync(bin(program), join(consumer, 'node_modules/.bin', program));
  const place = join(consumer, 'readme');
  writeProject(place, project);
  expect(untrueOf(place, project)).toEqual([]);
}, 60_000);

function packed(): string[] {
  const entries = run(directory, 'tar', ['-tzf', tarball]).trim().split('\n');
  return entries.map((entry) => entry.replace(/^package\//, ''));
}

function write(file: string, text: string): void {
  writeFileSync(join(consumer, file), text);
}

function compile(name: string, options: object, files: readonly string[]): void {
  write(`tsconfig.${name}.json`, JSON.stringify({ compilerOptions: { ...COMPILER_OPTIONS, ...options }, files }));
  run(consumer, bin('tsc'), ['-p', `tsconfig.${name}.json`]);
}

function installedVersion(name: string): string {
  const text = readFileSync(join(REPOSITORY, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function bin(name: string): string {
  return join(REPOSITORY, 'node_modules/.bin', name);
}

/** What a program prints; if it fails, the error holds all it said. */
function run(
  cwd: string,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  try {
    return execFileSync(program, args, {
      cwd,
      encoding: 'utf8',
      stdio: 'pipe',
      env: { ...process.env, NO_COLOR: '1', ...env },
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${program} ${args.join(' ')}:\n${stdout}${stderr}`);
  }
}
