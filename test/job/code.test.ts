import { join } from 'node:path';
import { QwenQLoRAJob } from '../../src';
import { readCode } from '../../src/job/code';
import { temporaryFolder, write } from '../folder';
import { chartOf, configMapWith, containerOf, envOf, jobOf, manifestsOf, mathDataset, only } from '../synthesis';

const folder = temporaryFolder();
let count = 0;
/** A folder of its own with these files. */
const folderOf = (files: Record<string, string | Buffer>) => write(join(folder, String(count++)), files);

test('Python files are read, those of packages below included, sorted', () => {
  expect(readCode(folderOf({ 'b.py': 'b', 'a/__init__.py': '', 'a/c/d.py': 'd' }))).toEqual({
    files: { 'a____init__.py': '', 'a__c__d.py': 'd', 'b.py': 'b' },
    items: [
      { key: 'a____init__.py', path: 'a/__init__.py' },
      { key: 'a__c__d.py', path: 'a/c/d.py' },
      { key: 'b.py', path: 'b.py' },
    ],
    problems: [],
  });
});

test('other files, caches and what is hidden are left out', () => {
  const files = { 'a.py': '', 'a.txt': '', '__pycache__/a.py': '', '.git/b.py': '', '.c.py': '' };
  expect(Object.keys(readCode(folderOf(files)).files)).toEqual(['a.py']);
});

test('a folder without Python files is a problem', () => {
  const directory = folderOf({ 'a.txt': '' });
  expect(readCode(directory).problems).toEqual([
    { id: 'code-folder', key: 'code', message: 'the folder holds no .py file', got: directory, allowed: undefined },
  ]);
});

test('a folder that is missing is a problem', () => {
  const directory = join(folder, 'nowhere');
  expect(readCode(directory).problems).toEqual([
    expect.objectContaining({ message: 'the folder cannot be read', got: `${directory}: ENOENT` }),
  ]);
});

test.each(['奖励.py', 'two words.py'])('a file named %j is a problem, once', (name) => {
  expect(readCode(folderOf({ [name]: '' })).problems).toEqual([
    {
      id: 'code-folder',
      key: 'code',
      message: 'the name of a file is a key of a ConfigMap',
      got: name,
      allowed: 'letters, digits, ., _ and -',
    },
  ]);
});

test('two files whose keys would be the same are a problem', () => {
  expect(readCode(folderOf({ 'a/b.py': '1', 'a__b.py': '2' })).problems).toEqual([
    expect.objectContaining({ message: 'two files would have the same key in the ConfigMap', got: 'a__b.py' }),
  ]);
});

test('in the pod the files stand where they stood, on PYTHONPATH before the packages', () => {
  const { app, chart } = chartOf();
  const code = folderOf({ 'rewards/maths.py': 'x = 1\n' });
  new QwenQLoRAJob(chart, 'math', { dataset: mathDataset(chart), code });
  const manifests = manifestsOf(app);
  const job = jobOf(manifests, 'train');
  const volume = only((job.spec?.template.spec?.volumes ?? []).filter(({ name }) => name === 'code'));
  expect(configMapWith(manifests, 'rewards__maths.py').data).toEqual({ 'rewards__maths.py': 'x = 1\n' });
  expect(volume.configMap?.items).toEqual([{ key: 'rewards__maths.py', path: 'rewards/maths.py' }]);
  expect(envOf(containerOf(job))['PYTHONPATH']).toMatch(/^\/code:\/models\/\.packages\//);
});
