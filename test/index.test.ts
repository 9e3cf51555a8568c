import { execFileSync } from 'node:child_process';
import * as library from '../src';
import { REPOSITORY } from './folder';

test('the public surface is this and no more', () => {
  expect(Object.keys(library).sort()).toEqual([
    'Adapter',
    'CaBundle',
    'CpuPool',
    'DatasetFormat',
    'DatasetVolume',
    'DeepSpeedZero3',
    'DnsServer',
    'EditOperation',
    'FineTuningJob',
    'Gate',
    'Gpu',
    'Manifests',
    'Model',
    'ModelCache',
    'NetworkAccess',
    'NodePool',
    'QwenModel',
    'QwenQLoRAJob',
    'SavesVolume',
    'Source',
    'Strategy',
    'TrainConfig',
    'TrainerImage',
    'synth',
  ]);
});

describe('importing the library', () => {
  // In a process of its own: jest loads modules in another way.
  const program = `
    const fs = require('node:fs');
    const read = [];
    const readFileSync = fs.readFileSync;
    fs.readFileSync = (path, ...rest) => (read.push(String(path)), readFileSync(path, ...rest));
    require('./src/index.ts');
    const modules = Object.keys(require.cache).map((path) => path.replaceAll('\\\\', '/'));
    console.log(JSON.stringify({ modules, read }));
  `;
  let loaded: { modules: string[]; read: string[] };
  beforeAll(() => {
    loaded = JSON.parse(
      execFileSync(process.execPath, ['--require', 'tsx/cjs', '--eval', program], {
        cwd: REPOSITORY,
        encoding: 'utf8',
      }),
    );
  });

  test.each(['cdk8s-plus-28', 'zod', 'yaml'])('does not load %s', (name) => {
    expect(loaded.modules.filter((path) => path.startsWith(`${REPOSITORY}/node_modules/${name}/`))).toEqual([]);
  });

  test('reads none of its data', () => {
    expect(loaded.read.filter((path) => /\/(data|runtime)\/[^/]*(\/[^/]*)?\.(json|sh|py|txt)$/.test(path))).toEqual([]);
  });

  test('loads the library', () => {
    expect(loaded.modules).toContain(`${REPOSITORY}/src/fine-tuning-job.ts`);
  });
});
