import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { linkModules, REPOSITORY, runProgram, temporaryFolder, write } from './folder';

const folder = linkModules(temporaryFolder());

/** A program with two faults, one in the data set and one in the run, that ends in `last`. */
const program = (last: string, pool = 'gpus: 2') => `
import { App, Chart } from 'cdk8s';
import { DatasetFormat, DatasetVolume, Gpu, NodePool, QwenQLoRAJob, synth } from 'cdk8s-llamafactory';
const app = new App();
const chart = new Chart(app, 'finetune', { namespace: 'ml' });
new QwenQLoRAJob(chart, 'math', {
  dataset: DatasetVolume.fromFile(chart, 'math-train', {
    path: process.argv[2] ?? 'nowhere.json',
    name: 'math_train',
    formatting: DatasetFormat.SHAREGPT,
  }),
  nodePool: NodePool.of(Gpu.T10, { ${pool} }),
  gpus: 4,
});
${last}
`;
const GOOD = `import { join } from 'node:path';
process.argv[2] = join(${JSON.stringify(REPOSITORY)}, 'test', 'fixtures', 'math.json');
`;

/** Runs a program in a folder of its own, with manifests of an earlier time there. */
function run(name: string, text: string) {
  const cwd = write(join(folder, name), { 'main.ts': text, 'dist/old.k8s.yaml': 'old' });
  const outdir = join(cwd, 'dist');
  const ended = runProgram(join(cwd, 'main.ts'), { cwd, outdir });
  return { ...ended, files: existsSync(outdir) ? readdirSync(outdir) : [], outdir };
}

const ERRORS = `error: finetune/math-train: path  [dataset-file]
  the file cannot be read: no such file
  got      nowhere.json
  change   paths are relative to the working directory

error: finetune/math: gpus  [node-too-small]
  no node of the pool has so many GPUs
  got      4
  allowed  at most 2
  change   ask for fewer`;

describe('synth, of a program with faults,', () => {
  let ended: ReturnType<typeof run>;
  beforeAll(() => {
    ended = run('faulty', program('synth(app);'));
  });

  test('prints all of them, and that nothing was written', () => {
    expect(ended.stderr).toContain(ERRORS);
    expect(ended.stderr).toMatch(/\n\n2 errors: nothing was written\n$/);
  });

  test('prints no stack trace', () => {
    expect(ended.stderr).not.toMatch(/^\s+at |Error:|node:internal/m);
  });

  test('ends with 1', () => {
    expect(ended.status).toBe(1);
  });

  test('leaves the manifests there are as they were', () => {
    expect(ended.files).toEqual(['old.k8s.yaml']);
    expect(readFileSync(join(ended.outdir, 'old.k8s.yaml'), 'utf8')).toBe('old');
  });
});

test('one fault is counted as one', () => {
  expect(run('one', program('synth(app);', 'gpus: 4')).stderr).toMatch(/\n\n1 error: nothing was written\n$/);
});

describe('app.synth, of a program with faults,', () => {
  let ended: ReturnType<typeof run>;
  beforeAll(() => {
    ended = run('plain', program('app.synth();'));
  });

  test('fails with a line for each', () => {
    expect(ended.status).not.toBe(0);
    expect(ended.stderr).toContain(
      'finetune/math-train: path: the file cannot be read: no such file; got nowhere.json; ' +
        'paths are relative to the working directory (dataset-file)',
    );
    expect(ended.stderr).toContain(
      'finetune/math: gpus: no node of the pool has so many GPUs; got 4; allowed: at most 2; ' +
        'ask for fewer (node-too-small)',
    );
  });

  test('writes nothing', () => {
    expect(ended.files).toEqual(['old.k8s.yaml']);
  });
});

test('synth, of a good program, writes its manifests and says nothing', () => {
  const ended = run('good', GOOD + program('synth(app);', 'gpus: 4'));
  expect([ended.status, ended.stdout, ended.stderr]).toEqual([0, '', '']);
  expect(ended.files).toEqual(['finetune-storage.k8s.yaml', 'finetune.k8s.yaml', 'old.k8s.yaml']);
});
