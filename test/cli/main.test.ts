import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { parse as parseYaml } from 'yaml';
import { main } from '../../src/cli/main';
import { REPOSITORY, temporaryFolder, write } from '../folder';

const SEED = join(REPOSITORY, 'test/fixtures/seed');
const folder = temporaryFolder();

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function run(...args: string[]): Ended {
  const [out, err]: [string[], string[]] = [[], []];
  const status = main(args, { out: (text) => out.push(text), err: (text) => err.push(text) });
  return { status, out: out.join(''), err: err.join('') };
}

function linesOf({ out }: Ended) {
  return out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const GOOD = {
  model_name_or_path: 'Qwen/Qwen3-0.6B',
  stage: 'sft',
  do_train: true,
  finetuning_type: 'lora',
  dataset: 'math',
  template: 'qwen3',
  output_dir: 'out',
  per_device_train_batch_size: 1,
};
const DATA = {
  'data/dataset_info.json': JSON.stringify({ math: { file_name: 'math.json' } }),
  'data/math.json': JSON.stringify(
    Array.from({ length: 40 }, (_, i) => ({ instruction: `${i} + 1?`, input: '', output: `${i + 1}` })),
  ),
};

/** A folder with a config that lacks nothing, changed; answers the config's path. */
function project(
  name: string,
  changes: Readonly<Record<string, unknown>> = {},
  files: Readonly<Record<string, string>> = {},
): string {
  const args = Object.fromEntries(Object.entries({ ...GOOD, ...changes }).filter(([, value]) => value !== undefined));
  write(join(folder, name), { ...DATA, 'train.yaml': JSON.stringify(args, null, 1), ...files });
  return join(folder, name, 'train.yaml');
}

describe('lint', () => {
  test('a config without fault is accepted, has no error and exits with 0', () => {
    const ended = run('lint', project('good'), '--format', 'json');
    const [report] = linesOf(ended);
    expect(report).toMatchObject({ file: join(folder, 'good/train.yaml'), release: '0.9.5', accepted: true });
    expect(report.findings.filter(({ severity }: { severity: string }) => severity === 'error')).toEqual([]);
    expect(ended).toMatchObject({ status: 0, err: '' });
  });

  test('a line of JSON has the keys of the contract and no others', () => {
    const [report] = linesOf(run('lint', project('keys', { stage: 'SFT' }), '--format', 'json'));
    expect(Object.keys(report)).toEqual(['file', 'release', 'kind', 'root', 'accepted', 'findings']);
    const finding = report.findings.find(({ id }: { id: string }) => id === 'stage');
    expect(Object.keys(finding)).toEqual(['id', 'severity', 'file', 'line', 'column', 'key', 'message', 'fix']);
    expect(finding.fix).toEqual([{ file: 'train.yaml', key: 'stage', op: 'set', value: 'sft' }]);
  });

  test('what the parser lets through stays accepted, with an error', () => {
    const ended = run(
      'lint',
      project('silent', { quantization_bit: 4, quantization_method: 'bitsandbytes' }),
      '--format',
      'json',
    );
    const [report] = linesOf(ended);
    expect(report.accepted).toBe(true);
    expect(report.findings).toContainEqual(expect.objectContaining({ severity: 'error', key: 'quantization_method' }));
    expect(ended.status).toBe(1);
  });

  test('the release decides', () => {
    const path = join(SEED, 'train_config.yaml');
    const accepted = ['0.9.3', '0.9.4', '0.9.5'].map(
      (release) => linesOf(run('lint', path, '--llamafactory', release, '--format', 'json'))[0].accepted,
    );
    expect(accepted).toEqual([true, false, false]);
  });

  test('every file is judged, whatever the others are', () => {
    const bad = write(join(folder, 'bad'), {
      'empty.yaml': '',
      'list.yaml': '- 1\n',
      'text.yaml': 'hello',
      'binary.yaml': Buffer.from([0xff, 0xfe, 0, 1]),
      'control.yaml': 'a: \u0000\n',
      'cyclic.yaml': 'a: &a\n  b: *a\n',
      'broken.yaml': 'a: [',
      'deep.yaml': '['.repeat(100_000),
      'large.yaml': 'a: 1\n'.repeat(300_000),
      'huge.yaml': 'a: 1\n'.repeat(1_000_000),
    });
    const names = ['none', 'empty', 'list', 'text', 'binary', 'control', 'cyclic', 'broken', 'deep', 'large', 'huge'];
    const paths = [bad, ...names.map((name) => join(bad, `${name}.yaml`)), project('after')];
    const ended = run('lint', ...paths, '--format', 'json');
    const reports = linesOf(ended);
    expect(reports.map(({ file }) => file)).toEqual(paths);
    expect(
      reports.slice(0, -1).map(({ accepted, findings }) => [accepted, findings.map(({ id }: { id: string }) => id)]),
    ).toEqual(
      [
        'unreadable-file',
        'unreadable-file',
        'yaml-empty',
        'yaml-not-mapping',
        'yaml-not-mapping',
        'yaml-binary',
        'yaml-binary',
        'yaml-cycle',
        'yaml-syntax',
        'yaml-nesting',
        'yaml-too-large',
        'yaml-too-large',
      ].map((id) => [false, [id]]),
    );
    expect(reports.at(-1)?.accepted).toBe(true);
    expect(ended).toMatchObject({ status: 1, err: '' });
  });

  test("paths start from the config's folder", () => {
    const path = project(
      'paths',
      { deepspeed: 'ds/z3.json', dataset_dir: 'sets' },
      {
        'ds/z3.json': '{"zero_optimization": {"stage": 3}}',
        'sets/dataset_info.json': DATA['data/dataset_info.json'],
        'sets/math.json': DATA['data/math.json'],
      },
    );
    expect(linesOf(run('lint', path, '--format', 'json'))[0].accepted).toBe(true);
  });

  test('options stand for the keys', () => {
    const path = project(
      'options',
      { deepspeed: 'nowhere.json', dataset_dir: 'nowhere' },
      { 'z3.json': '{"zero_optimization": {"stage": 3}}' },
    );
    expect(linesOf(run('lint', path, '--format', 'json'))[0].accepted).toBeNull();
    const given = ['--deepspeed', join(folder, 'options/z3.json'), '--dataset-dir', join(folder, 'options/data')];
    expect(linesOf(run('lint', path, '--format', 'json', ...given))[0].accepted).toBe(true);
  });

  test('a data file that cannot be read is an error of its data set', () => {
    const path = project('data', {}, { 'data/math.json': '[{' });
    const [report] = linesOf(run('lint', path, '--format', 'json'));
    expect(report.findings).toContainEqual(
      expect.objectContaining({ id: 'dataset-file', severity: 'error', key: 'dataset' }),
    );
  });

  test('rows that are too many to be looked at are a warning, in one file or in those of a folder', () => {
    const entry = (name: string) => JSON.stringify({ math: { file_name: name } });
    const lines = '{}\n'.repeat(300_000);
    const one = project('rows', {}, { 'data/math.json': lines + lines });
    const several = project(
      'shards',
      {},
      { 'data/dataset_info.json': entry('parts'), 'data/parts/a.jsonl': lines, 'data/parts/b.jsonl': lines },
    );
    for (const path of [one, several]) {
      const [report] = linesOf(run('lint', path, '--format', 'json'));
      expect(report.findings).toContainEqual(
        expect.objectContaining({
          id: 'dataset-not-read',
          severity: 'warning',
          key: 'dataset',
          message: expect.stringContaining('at most 64 MiB, 500000 rows'),
          line: 1,
          column: 1,
        }),
      );
    }
  });

  test('thousands of data sets are imported in the time of their number', () => {
    const names = Array.from({ length: 5000 }, (_, i) => `set${i}`);
    const info = Object.fromEntries(names.map((name) => [name, { file_name: 'math.json' }]));
    const path = project('names', { dataset: names.join(',') }, { 'data/dataset_info.json': JSON.stringify(info) });
    expect(run('import', dirname(path)).out).toContain('set4999');
  }, 60_000);

  test('one object a line is read whatever the file is called', () => {
    const path = project(
      'lines',
      {},
      { 'data/math.json': '{"instruction":"1","output":"2"}\n{"instruction":"3","output":"4"}\n' },
    );
    expect(linesOf(run('plan', path, '--format', 'json'))[0].schedule.trainSamples).toBe(2);
  });

  test('whatever a config holds, there is a report', () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .dictionary(fc.constantFrom(...Object.keys(GOOD), 'dataset_dir', 'deepspeed', 'cutoff_len'), fc.jsonValue())
        .map((args) => JSON.stringify(args)),
    );
    fc.assert(
      fc.property(text, (config) => {
        const path = project('fuzz', {}, { 'train.yaml': config });
        expect(linesOf(run('lint', path, '--format', 'json'))).toHaveLength(1);
        expect([0, 1]).toContain(run('plan', path, '--format', 'json').status);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

describe('lint --fix', () => {
  const copy = join(folder, 'seed');
  let ended: Ended;
  beforeAll(() => {
    cpSync(SEED, copy, { recursive: true });
    ended = run('lint', '--fix', join(copy, 'train_config.yaml'));
  });

  test("the seed's config is accepted afterwards, and 4 bits are 4 bits", () => {
    expect(linesOf(run('lint', join(copy, 'train_config.yaml'), '--format', 'json'))[0].accepted).toBe(true);
    expect(parseYaml(readFileSync(join(copy, 'train_config.yaml'), 'utf8'))).toMatchObject({
      quantization_method: 'bnb',
      lora_rank: 16,
    });
  });

  test('the difference is shown', () => {
    expect(ended.out).toContain('-quantization_method: bitsandbytes\n');
    expect(ended.out).toContain('-save_safetensors: true\n');
  });

  test('a second time changes nothing', () => {
    const before = readFileSync(join(copy, 'train_config.yaml'), 'utf8');
    const again = run('lint', '--fix', join(copy, 'train_config.yaml'));
    expect(readFileSync(join(copy, 'train_config.yaml'), 'utf8')).toBe(before);
    expect(again.out).not.toContain('+++');
  });

  test('comments and order stay', () => {
    const rest = Object.entries(GOOD).map(([key, value]) => `${key}: ${value}\n`);
    const path = project('comments', {}, { 'train.yaml': `# mine\nlearning_rates: 1e-4 # slow\n${rest.join('')}` });
    const text = readFileSync(path, 'utf8');
    run('lint', '--fix', path);
    expect(readFileSync(path, 'utf8').startsWith(text.replace('learning_rates', 'learning_rate'))).toBe(true);
  });
});

describe('plan', () => {
  test('JSON has every field of the contract', () => {
    const ended = run('plan', join(SEED, 'train_config.yaml'), '--samples', '200', '--format', 'json');
    const [planned] = linesOf(ended);
    expect(planned.schedule).toMatchObject({
      trainSamples: 180,
      evalSamples: 20,
      optimizerStepsPerEpoch: 6,
      optimizerSteps: 120,
      warmupSteps: 12,
      saves: [120],
      evaluations: [120],
    });
    const { gpu, host, shmBytes, diskBytes } = planned.memory;
    for (const bytes of [
      gpu.loadBytes,
      gpu.stepAllocatedBytes,
      gpu.stepReservedBytes,
      gpu.contextBytes,
      gpu.usableBytes,
      host.perRankBytes,
      host.podBytes,
      shmBytes,
      diskBytes,
    ]) {
      expect(bytes).toBeGreaterThan(0);
    }
    expect(gpu.fits).toBe(gpu.verdict === 'fits');
    expect(Object.keys(gpu.parts)).toContain('checkpoints');
    expect(planned.throughput.tokensPerSecond.least).toBeGreaterThan(0);
    expect(planned.advice).toBeInstanceOf(Array);
    expect(ended.status).toBe(0);
  });

  test('what does not fit is said to', () => {
    const path = project('large', { model_name_or_path: 'Qwen/Qwen3-14B', per_device_train_batch_size: 8 });
    const { gpu } = linesOf(run('plan', path, '--gpu', 'T4', '--format', 'json'))[0].memory;
    expect(gpu).toMatchObject({ fits: false, verdict: 'does not fit' });
  });

  test('a model nobody knows has a schedule and no memory', () => {
    const [planned] = linesOf(run('plan', project('unknown', { model_name_or_path: 'me/mine' }), '--format', 'json'));
    expect(planned).toMatchObject({ schedule: { trainSamples: 40 }, memory: null, throughput: null });
  });

  test('the text has the plan and its card', () => {
    const { out, status } = run('plan', project('text'), '--gpu', 'a10', '--gpus', '2');
    expect(out).toContain('2 x A10');
    expect(out).toContain('verdict: ');
    expect(status).toBe(0);
  });

  test('a card may be described in place of named', () => {
    const described = ['--gpu-memory', '16384Mi', '--compute-capability', '7.5'];
    const speed = ['--gpu-bandwidth', '403', '--gpu-tflops', '68'];
    const planned = (...card: string[]) => linesOf(run('plan', project('described'), ...card, '--format', 'json'))[0];
    const named = JSON.stringify(planned('--gpu', 'T10')).replaceAll('a T10', 'a 16384Mi GPU');
    expect(planned(...described, ...speed)).toEqual(JSON.parse(named));
    expect(planned(...described)).toEqual({ ...planned('--gpu', 'T10'), throughput: null, advice: expect.anything() });
    expect(run('plan', project('described'), ...described).out).toContain('4 x 16384Mi GPU');
    expect(run('lint', project('described'), ...described).out).toContain('(checked for 4 x 16384Mi GPU,');
  });

  test('a file that holds no config is one error on stderr', () => {
    const path = project('none', {}, { 'train.yaml': '' });
    expect(run('plan', path)).toMatchObject({ status: 1, out: '', err: expect.stringContaining('yaml-empty') });
  });
});

describe('usage', () => {
  test.each([
    [['lint']],
    [['lint', 'a.yaml', '--gpu', 'T1O']],
    [['lint', 'a.yaml', '--gpus', '0']],
    [['plan', 'a.yaml', '--gpu-memory', '24', '--compute-capability', '8.9']],
    [['plan', 'a.yaml', '--gpu-memory', '24Gi', '--compute-capability', '8']],
    [['plan', 'a.yaml', '--gpu-memory', '24Gi']],
    [['plan', 'a.yaml', '--compute-capability', '8.9']],
    [['plan', 'a.yaml', '--gpu-memory', '24Gi', '--compute-capability', '8.9', '--gpu', 'A10']],
    [['plan', 'a.yaml', '--gpu-memory', '24Gi', '--compute-capability', '8.9', '--gpu-bandwidth', '900']],
    [['plan', 'a.yaml', '--gpu-tflops', '100']],
    [['import', '.', '--gpu-memory', '24Gi']],
    [['lint', 'a.yaml', '--llamafactory', '0.9.6']],
    [['lint', 'a.yaml', '--format', 'xml']],
    [['plan', 'a.yaml', 'b.yaml']],
    [['lnt']],
    [[]],
  ])('%j exits with 2', (args) => {
    expect(run(...args)).toMatchObject({ status: 2, out: '' });
  });

  test('--help exits with 0', () => {
    expect(run('lint', '--help')).toMatchObject({ status: 0, err: '' });
  });
});

test('the program itself prints and exits', () => {
  const program = [require.resolve('tsx/cli'), join(REPOSITORY, 'src/cli/main.ts')];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...program, 'lint', 'train_config.yaml', '--format', 'json'],
    { cwd: SEED, encoding: 'utf8' },
  );
  expect(JSON.parse(stdout)).toMatchObject({ file: 'train_config.yaml', accepted: false });
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
});

describe('lint --fix leaves to its author what it can not be sure of', () => {
  const fixed = (name: string, changes: Readonly<Record<string, unknown>>, files = {}) => {
    const path = project(name, changes, files);
    const { out } = run('lint', '--fix', '--format', 'json', path);
    const findings: { id: string; fix: unknown[] }[] = JSON.parse(out.trim()).findings;
    return { args: parseYaml(readFileSync(path, 'utf8')) as Record<string, unknown>, findings };
  };

  test('a data set whose name is like that of one that is named already', () => {
    const { args, findings } = fixed('twice', { dataset: 'math,maht' });
    expect(args['dataset']).toBe('math,maht');
    expect(findings).toContainEqual(expect.objectContaining({ id: 'dataset', fix: [] }));
  });

  test('an argument that no release knows, whose value would be gone', () => {
    const { args, findings } = fixed('unknown', { lora_rnk: 64, lora_rank: 8, frobnicate: 1 });
    expect([args['lora_rnk'], args['lora_rank'], args['frobnicate']]).toEqual([64, 8, 1]);
    expect(findings.filter(({ id }) => id === 'unknown-argument').map(({ fix }) => fix)).toEqual([[], []]);
  });

  test('but a misspelt argument is spelt right where that is not there', () => {
    expect(fixed('misspelt', { lora_rnk: 64 }).args).toMatchObject({ lora_rank: 64 });
  });

  test('how a model thinks that always does, which no argument changes', () => {
    const model = 'Qwen/Qwen3-4B-Thinking-2507';
    const { args, findings } = fixed('thinking', { model_name_or_path: model, template: 'qwen3' });
    expect(args).not.toHaveProperty('enable_thinking');
    expect(findings).toContainEqual(expect.objectContaining({ id: 'thinking-without-cot', fix: [] }));
  });

  test('but a model that never thinks gets the template of such models', () => {
    const given = { model_name_or_path: 'Qwen/Qwen3-4B-Instruct-2507', template: 'qwen3' };
    expect(fixed('instruct', given).args).toMatchObject({ template: 'qwen3_nothink' });
  });
});

describe('lint of a config with secrets', () => {
  const SECRETS = {
    hf_hub_token: 'tiger-one',
    wandb_api_key: 'tiger-two',
    swanlab_lark_secret: 'tiger-three',
    ddp_timeout: 'tiger-four',
    hub_token: 'tiger-four',
  };

  test.each([[[]], [['--format', 'json']]])('names the places, and shows no value (%j)', (options) => {
    const { status, out, err } = run('lint', project('secrets', SECRETS), ...options);
    expect(status).toBe(1);
    for (const key of ['hf_hub_token', 'wandb_api_key', 'swanlab_lark_secret', 'hub_token']) expect(out).toContain(key);
    expect(`${out}${err}`).not.toContain('tiger');
  });

  test('says which variable to put it into, and moves none by a fix', () => {
    const path = project('secrets-moved', { wandb_api_key: 'tiger', hub_token: 'tiger' });
    expect(run('lint', path).out).toContain('HF_TOKEN');
    run('lint', path, '--fix');
    expect(readFileSync(path, 'utf8')).toContain('"wandb_api_key": "tiger"');
  });

  test('mends what stands beside them, and shows no value', () => {
    const path = project('secrets-fixed');
    const text = `${readFileSync(path, 'utf8').replace(/\n\}$/, '')},\n "hub_token": "tiger",\n "lora_rank": "8"\n}\n`;
    write(dirname(path), { 'train.yaml': text });
    const { out, err } = run('lint', path, '--fix');
    expect(readFileSync(path, 'utf8')).toContain('"hub_token": "tiger"');
    expect(out).toContain('+ "lora_rank": 8');
    expect(`${out}${err}`).not.toContain('tiger');
  });

  test('leaves one that is given twice to its author', () => {
    const path = project('secrets-twice');
    const text = 'hub_token: tiger-one\nhub_token: tiger-two\n';
    write(dirname(path), { 'train.yaml': text });
    const { out, err } = run('lint', path, '--fix', '--format', 'json');
    expect(readFileSync(path, 'utf8')).toContain(text);
    expect(`${out}${err}`).not.toContain('tiger');
  });
});
