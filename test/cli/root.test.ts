import { join } from 'node:path';
import { main } from '../../src/cli/main';
import { temporaryFolder, write } from '../folder';

const folder = temporaryFolder();

const CONFIG = {
  model_name_or_path: 'Qwen/Qwen3-0.6B',
  stage: 'sft',
  do_train: true,
  finetuning_type: 'lora',
  dataset: 'sums',
  template: 'qwen3',
  output_dir: '/saves/x',
  per_device_train_batch_size: 1,
  report_to: 'none',
};
const DATA = {
  'data/dataset_info.json': '{"sums": {"file_name": "sums.json"}}',
  'data/sums.json': JSON.stringify(Array.from({ length: 8 }, (_, i) => ({ instruction: `q ${i}`, output: 'a' }))),
};

/** A folder with files, the config as text of an object. */
function project(name: string, config: string, files: Readonly<Record<string, string>>, changes = {}): string {
  const text = JSON.stringify({ ...CONFIG, ...changes });
  return join(write(join(folder, name), { ...files, [config]: text }), config);
}

function run(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const status = main(args, { out: (text) => out.push(text), err: (text) => err.push(text) });
  return { status, out: out.join(''), err: err.join('') };
}

function report(...args: string[]) {
  const { status, out } = run('lint', ...args, '--format', 'json');
  return { status, ...JSON.parse(out) };
}

describe('the trainer is started', () => {
  test('where the files are that the config names: above its folder', () => {
    const path = project('above', 'configs/sft/train.yaml', DATA);
    expect(report(path)).toMatchObject({ accepted: true, root: join(folder, 'above') });
    expect(JSON.parse(run('plan', path, '--format', 'json').out).schedule).toMatchObject({ trainSamples: 8 });
    expect(run('plan', path).out).toContain(`started in ${join(folder, 'above')}, where its files are`);
  });

  test("in the config's own folder, if its files are there", () => {
    const path = project('own', 'configs/train.yaml', {
      'configs/data/dataset_info.json': DATA['data/dataset_info.json'],
      'configs/data/sums.json': DATA['data/sums.json'],
    });
    expect(report(path)).toMatchObject({ accepted: true, root: join(folder, 'own/configs') });
  });

  test('where most of its files are', () => {
    const files = { ...DATA, 'ds/z2.json': '{"zero_optimization": {"stage": 2}}' };
    const own = { 'configs/data/dataset_info.json': '{}' };
    const path = project('most', 'configs/train.yaml', { ...files, ...own }, { deepspeed: 'ds/z2.json' });
    expect(report(path)).toMatchObject({ accepted: true, root: join(folder, 'most') });
  });

  test.each([
    ['names the config by', 'CUDA_VISIBLE_DEVICES=0,1 llamafactory-cli train configs/train.yaml\n'],
    ['goes to', 'cd "$(dirname "$0")/.."\nllamafactory-cli train "$PWD/configs/train.yaml"\n'],
    ['goes to step by step', 'cd ${BASH_SOURCE%/*}\ncd ..\nllamafactory-cli train $CONFIGS/train.yaml\n'],
  ])('where the launch script %s', (name, script) => {
    const files = { ...DATA, 'configs/data/dataset_info.json': '{}', 'scripts/run.sh': script };
    const path = project(`script ${name}`, 'configs/train.yaml', files);
    const root = join(folder, `script ${name}`);
    const launch = ['--launch', join(root, 'scripts/run.sh')];
    expect(report(path, ...launch)).toMatchObject({ accepted: true, root });
    expect(run('lint', path, ...launch).out).toContain(`started in ${root}, as ${launch[1]} says`);
  });

  test('where a script says that is found in scripts, from the folder we run in', () => {
    const files = {
      ...DATA,
      'configs/data/dataset_info.json': '{}',
      'scripts/run.sh': 'lmf train configs/train.yaml\n',
    };
    const path = project('found', 'configs/train.yaml', files);
    const before = process.cwd();
    process.chdir(join(folder, 'found'));
    try {
      expect(report('configs/train.yaml')).toMatchObject({ accepted: true, root: '.' });
      expect(run('lint', 'configs/train.yaml').out).toContain('started here, as scripts/run.sh says');
    } finally {
      process.chdir(before);
    }
    expect(path).toContain('found');
  });

  test('where --root says, whatever else there is', () => {
    const files = { ...DATA, 'configs/data/dataset_info.json': '{}', 'run.sh': 'cd configs\n' };
    const path = project('option', 'configs/train.yaml', files);
    const root = join(folder, 'option/configs');
    expect(report(path, '--root', root)).toMatchObject({ accepted: false, root });
    expect(run('lint', path, '--root', join(folder, 'nowhere'))).toMatchObject({ status: 2 });
  });
});

describe('a file that is not here', () => {
  test.each([
    ['dataset_info.json', {}, 'data/dataset_info.json'],
    ['the data', { 'data/dataset_info.json': DATA['data/dataset_info.json'] }, 'data/sums.json'],
  ])('leaves the verdict open: %s', (name, files, absent) => {
    const ended = report(project(`absent ${name}`, 'train.yaml', files));
    expect(ended).toMatchObject({ status: 0, accepted: null });
    expect(ended.findings).toContainEqual(
      expect.objectContaining({ id: 'absent-file', severity: 'warning', message: expect.stringContaining(absent) }),
    );
    expect(run('lint', join(folder, `absent ${name}`, 'train.yaml')).out).toContain("takes it can't be judged here");
  });

  test('is not taken out of the config by --fix', () => {
    const path = project('no-deepspeed', 'train.yaml', DATA, { deepspeed: 'ds/z3.json' });
    expect(report(path, '--fix')).toMatchObject({ accepted: null });
    expect(run('lint', path).out).toContain('ds/z3.json is not here');
  });

  test('but has a like name beside it is misspelt', () => {
    const files = { ...DATA, 'ds/z3.json': '{"zero_optimization": {"stage": 3}}' };
    const path = project('misspelt', 'train.yaml', files, { deepspeed: 'ds/zz3.json' });
    const { accepted, findings } = report(path);
    expect(accepted).toBe(false);
    expect(findings.find(({ id }: { id: string }) => id === 'deepspeed-config')).toMatchObject({
      fix: [{ key: 'deepspeed', op: 'set', value: 'ds/z3.json' }],
    });
  });

  test('does not hide what is refused all the same', () => {
    const path = project('refused', 'train.yaml', {}, { stage: 'SFT' });
    expect(report(path)).toMatchObject({ status: 1, accepted: false });
    const info = { 'data/dataset_info.json': DATA['data/dataset_info.json'] };
    expect(report(project('both', 'train.yaml', info, { dataset: 'sums,other' }))).toMatchObject({ accepted: false });
  });
});
