import { join } from 'node:path';
import { main } from '../../src/cli/main';
import { temporaryFolder, write } from '../folder';

const folder = temporaryFolder();
const CONFIG = { model_name_or_path: 'Qwen/Qwen3-0.6B', stage: 'sft', do_train: true, finetuning_type: 'lora' };
const MORE = { dataset: 'math', template: 'qwen3_nothink', output_dir: '/out' };
const INFO = { 'data/dataset_info.json': '{"math": {"file_name": "m.json"}}' };
const DATA = { ...INFO, 'data/m.json': '[{"instruction": "1", "input": "", "output": "2"}]' };

function project(name: string, changes: object = {}): string {
  const config = JSON.stringify({ ...CONFIG, ...MORE, ...changes });
  write(join(folder, name), { ...DATA, 'train.yaml': config });
  return join(folder, name, 'train.yaml');
}

function lint(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const status = main(['lint', ...args], { out: (text) => out.push(text), err: (text) => err.push(text) });
  return { status, out: out.join(''), err: err.join('') };
}

const REPORT_TO = ['--acknowledge', 'report-to-unset=nothing is installed'];

test('what is acknowledged is not found, and counted', () => {
  const path = project('silent');
  expect(lint(path).out).toContain('report-to-unset');
  const { out, err } = lint(path, ...REPORT_TO);
  expect(out).not.toContain('report-to-unset');
  expect(out).toContain(', 1 acknowledged (');
  expect(err).toBe('');
});

test('JSON keeps its keys', () => {
  const { out } = lint(project('json'), ...REPORT_TO, '--format', 'json');
  expect(Object.keys(JSON.parse(out))).toEqual(['file', 'release', 'kind', 'root', 'accepted', 'findings']);
});

test('a second one is for another id', () => {
  const path = project('several', { save_steps: 100_000 });
  const { out } = lint(path, ...REPORT_TO, '--acknowledge', 'saves-never-fire=short=on purpose');
  expect(out).toContain(', 2 acknowledged (');
});

test('an error stays an error', () => {
  const path = project('error', { quantization_bit: 4, quantization_method: 'bitsandbytes' });
  const { out, status } = lint(path, '--acknowledge', 'quantization-without-effect=why');
  expect(out).toContain('[acknowledged-error]');
  expect(status).toBe(1);
});

test('what one of the files has is enough', () => {
  const [one, other] = [project('one'), project('other', { report_to: 'none' })];
  expect(lint(one, other, ...REPORT_TO).err).toBe('');
});

test('what no file has is said on stderr', () => {
  const { err, status } = lint(project('unused', { report_to: 'none' }), ...REPORT_TO);
  expect(err).toBe('warning: nothing was found that --acknowledge report-to-unset is for: take it out\n');
  expect(status).toBe(0);
});

test.each(['report-to-unset', 'report-to-unset=', 'report-to-unset= ', 'report-to-unsett=why'])(
  '--acknowledge %s is no usage',
  (text) => {
    expect(lint(project('usage'), '--acknowledge', text)).toMatchObject({ status: 2, out: '' });
  },
);
