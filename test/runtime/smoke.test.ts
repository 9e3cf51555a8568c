import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, launch, MESSAGES, pod } from './pod';
import { cleanUp, RUNTIME, run, textOf, write } from './programs';

jest.setTimeout(60_000);
afterAll(cleanUp);

const sample = (length: number, mark = 'x') => ({ instruction: mark.repeat(length), output: '答' });

/** A pod with a data set and a smoke config; the trainer tells which config it was given. */
function smoking(data: Record<string, string>, info: Record<string, object>, trainer = '') {
  const made = pod(`
case "$2" in *smoke_config.yaml) which=smoke ;; *) which=real ;; esac
echo "$which" >>"$PLACE/runs"
${trainer}`);
  const { place } = made;
  const source = join(place, 'data');
  for (const [name, text] of Object.entries(data)) write(join(source, name), text);
  write(join(source, 'dataset_info.json'), JSON.stringify(info));
  write(
    made.env.TRAIN_CONFIG ?? '',
    `dataset: ${Object.keys(info).join(',')}\ndataset_dir: ${source}\noutput_dir: /x\n`,
  );
  const target = join(place, 'smoke', 'data');
  const smokeConfig = write(
    join(place, 'smoke_config.yaml'),
    `dataset_dir: ${target}\noutput_dir: ${join(place, 'smoke', 'output')}\nmax_steps: 2\n`,
  );
  const env: Record<string, string> = { ...made.env, SMOKE_CONFIG: smokeConfig, SMOKE_ROWS: '2' };
  return {
    ...made,
    env,
    runs: () => textOf(join(place, 'runs')).trim().split('\n'),
    taken: (name: string) => JSON.parse(readFileSync(join(target, `${name}.json`), 'utf8')),
    info: () => JSON.parse(readFileSync(join(target, 'dataset_info.json'), 'utf8')),
  };
}

const three = JSON.stringify([sample(5), sample(500), sample(7), sample(50)]);

describe('the smoke run', () => {
  test('comes first, on the longest samples, with entries otherwise the same; then the real run', async () => {
    const entry = { file_name: 'math.json', formatting: 'alpaca', columns: { prompt: 'instruction' } };
    const { env, runs, taken, info } = smoking({ 'math.json': three }, { math: entry });
    const ended = await launch(env);
    expect([ended.code, runs()]).toEqual([0, ['smoke', 'real']]);
    expect(taken('math')).toEqual([sample(500), sample(50)]);
    expect(info()).toEqual({ math: { ...entry, file_name: 'math.json' } });
  });

  test('that passed is not run again when the pod is replaced', async () => {
    const { env, runs } = smoking(
      { 'math.json': three },
      { math: { file_name: 'math.json' } },
      '[[ $which == smoke ]]',
    );
    await launch(env);
    await launch(env);
    expect(runs()).toEqual(['smoke', 'real', 'real']);
  });

  test('that failed stops the run, and says so', async () => {
    const { env, runs, message, output } = smoking(
      { 'math.json': three },
      { math: { file_name: 'math.json' } },
      `cat ${join(MESSAGES, 'cuda-out-of-memory-step.txt')}; exit 1`,
    );
    expect((await launch(env)).code).toBe(codeOf('cuda-out-of-memory'));
    expect(message()).toMatch(/^smoke run: cuda-out-of-memory: .*Tried to allocate/);
    expect(runs()).toEqual(['smoke']);
    expect(existsSync(join(output, '.smoke-passed'))).toBe(false);
  });

  test('whose loss is NaN stops the run', async () => {
    const { env, runs, message } = smoking(
      { 'math.json': three },
      { math: { file_name: 'math.json' } },
      `mkdir -p "$PLACE/smoke/output"; echo '{"log_history": [{"loss": NaN, "grad_norm": NaN}]}' >"$PLACE/smoke/output/trainer_state.json"`,
    );
    expect((await launch(env)).code).toBe(codeOf('loss'));
    expect(message()).toMatch(/^smoke run: loss: /);
    expect(runs()).toEqual(['smoke']);
  });

  test.each([
    ['a data set that is not there', {}, /^smoke run: data: .*File .*math\.json not found/],
    [
      'a data set that is cut',
      { 'math.json': three.slice(0, -40) },
      /^smoke run: data: .*math\.json is not valid JSON/,
    ],
  ])('of %s is a fault of the data', async (_what, data, text) => {
    const { env, message } = smoking(data, { math: { file_name: 'math.json' } });
    expect((await launch(env)).code).toBe(codeOf('data'));
    expect(message()).toMatch(text);
  });

  test('is not run without SMOKE_CONFIG', async () => {
    const { env, runs } = smoking({}, { math: { file_name: 'math.json' } });
    await launch({ ...env, SMOKE_CONFIG: '' });
    expect(runs()).toEqual(['real']);
  });
});

describe('the longest samples', () => {
  const lines = [sample(5), sample(500), sample(50)].map((row) => JSON.stringify(row));

  test.each([
    ['JSON Lines', 'd.jsonl', `${lines.join('\n')}\n`],
    ['JSON Lines without a last line feed', 'd.jsonl', lines.join('\n')],
    ['JSON Lines under the name of JSON', 'd.json', lines.join('\n')],
    ['a list over many lines', 'd.json', JSON.stringify([sample(5), sample(500), sample(50)], null, 2)],
    ['a list with a byte order mark', 'd.json', `\uFEFF${JSON.stringify([sample(5), sample(500), sample(50)])}`],
  ])('of %s', async (_what, name, text) => {
    const { env, taken } = smoking({ [name]: text }, { d: { file_name: name } });
    await launch(env);
    expect(taken('d')).toEqual([sample(500), sample(50)]);
  });

  test('of a folder of files are those of all files', async () => {
    const { env, taken } = smoking(
      { 'parts/a.json': JSON.stringify([sample(5), sample(60)]), 'parts/b.json': JSON.stringify([sample(70)]) },
      { d: { file_name: 'parts' } },
    );
    await launch(env);
    expect(taken('d')).toEqual([sample(70), sample(60)]);
  });

  test('of every data set of the run', async () => {
    const { env, taken } = smoking(
      { 'a.json': JSON.stringify([sample(5)]), 'b.json': JSON.stringify([sample(7)]) },
      { a: { file_name: 'a.json' }, b: { file_name: 'b.json' } },
    );
    await launch(env);
    expect([taken('a'), taken('b')]).toEqual([[sample(5)], [sample(7)]]);
  });

  test('of another format are the first rows of the file itself', async () => {
    const { env, info, place } = smoking({ 'd.csv': 'instruction,output\n1,2\n' }, { d: { file_name: 'd.csv' } });
    const ended = await launch(env);
    expect(info()).toEqual({ d: { file_name: join(place, 'data', 'd.csv') } });
    expect(ended.stdout).toContain('the smoke run takes its first rows');
  });

  test('of a hub are its first rows', async () => {
    const entry = { hf_hub_url: 'owner/name' };
    const { env, info } = smoking({}, { d: entry });
    expect((await launch(env)).code).toBe(0);
    expect(info()).toEqual({ d: entry });
  });

  test('of a file much larger than a block are found with the memory of a few', async () => {
    const long = sample(3_000_000, '长');
    const rows = [...Array.from({ length: 60 }, () => sample(1_000_000, '短')), long];
    const { env } = smoking({ 'd.json': JSON.stringify(rows) }, { d: { file_name: 'd.json' } });
    const script = `import resource, runpy, sys; sys.argv[1:] = sys.argv[2:]
try: runpy.run_path(sys.argv[0] and "${join(RUNTIME, 'longest-samples.py')}", run_name="__main__")
finally: print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)`;
    const ended = await run('python3', ['-c', script, '-', env.TRAIN_CONFIG ?? '', env.SMOKE_CONFIG ?? '', '1'], env);
    const peak = Number(/peak (\d+)/.exec(ended.stderr)?.[1]);
    expect(ended.stderr).toContain('the longest 1 of 61 samples');
    // The file has 190 MB on disk, and takes 130 MB as a string in memory.
    expect(peak).toBeLessThan(120);
  });
});

describe('the GPU monitor', () => {
  const smi = (text: string) => `#!/bin/bash\n${text}\n`;

  test('writes a sample every few seconds to gpu.csv, and ends with the trainer', async () => {
    const { env, output, place } = pod('until [[ $(wc -l <"$OUTPUT_DIR/gpu.csv") -ge 4 ]]; do sleep 0.05; done');
    write(
      join(place, 'bin', 'nvidia-smi'),
      smi('echo "$@" >"$PLACE/asked"; echo "2026/01/01, 0, 5 MiB, 9 %"; echo "2026/01/01, 1, 5 MiB, 9 %"'),
      0o755,
    );
    const ended = await launch({ ...env, GPU_MONITOR_SECONDS: '0.1' });
    expect(ended.code).toBe(0);
    expect(textOf(join(place, 'asked'))).toBe(
      '--query-gpu=timestamp,index,memory.used,utilization.gpu --format=csv,noheader\n',
    );
    const samples = textOf(join(output, 'gpu.csv')).trim().split('\n');
    expect(samples.slice(0, 2)).toEqual(['2026/01/01, 0, 5 MiB, 9 %', '2026/01/01, 1, 5 MiB, 9 %']);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(textOf(join(output, 'gpu.csv')).trim().split('\n')).toHaveLength(samples.length);
  });

  test.each([
    ['is not there', undefined, /no GPU monitor: nvidia-smi is not in the container/],
    ['fails', 'echo "NVIDIA-SMI has failed"; exit 9', /no GPU monitor: NVIDIA-SMI has failed/],
  ])('says once that nvidia-smi %s, and the run goes on', async (_what, text, said) => {
    const { env, output, place } = pod('sleep 0.5; echo trained');
    if (text !== undefined) write(join(place, 'bin', 'nvidia-smi'), smi(text), 0o755);
    const ended = await launch({ ...env, GPU_MONITOR_SECONDS: '0.1' });
    expect(ended.stdout.match(/no GPU monitor/g)).toHaveLength(1);
    expect(ended.stdout).toMatch(said);
    expect(ended.stdout).toContain('trained\n');
    expect([ended.code, readdirSync(output).includes('gpu.csv')]).toEqual([0, false]);
  });

  test('is not started unless asked for', async () => {
    const { env, output } = pod('exit 0');
    await launch(env);
    expect(readdirSync(output)).not.toContain('gpu.csv');
  });
});

describe('a loss of nothing', () => {
  const dead = "{'loss': '0', 'grad_norm': 'nan', 'learning_rate': '1e-05', 'epoch': '1'}";
  const good = "{'loss': '0.9', 'grad_norm': '0.4', 'learning_rate': '1e-05', 'epoch': '1'}";

  test('for five logged steps on end stops the run early', async () => {
    const { env, message } = pod('for i in 1 2 3 4 5; do echo "$DEAD"; done; sleep 1000', { DEAD: dead });
    expect((await launch(env)).code).toBe(codeOf('loss'));
    expect(message()).toMatch(
      /^loss: .*last 5 steps logged have loss 0 and grad_norm nan: stopped early.*learning_rate/,
    );
  });

  test('that comes and goes does not', async () => {
    const lines = [dead, dead, dead, dead, good, dead, dead, dead, dead, good].join('\n');
    const { env } = pod('echo "$LOG"; echo end', { LOG: lines });
    const ended = await launch(env);
    expect([ended.code, ended.stdout.includes('\nend\n')]).toEqual([0, true]);
  });

  test.each([
    ['nan', 'nan', true],
    ['0.0', '0.0', true],
    ['0', '0.3', false],
    ['1.5', 'inf', false],
  ])('loss %s with a gradient of %s is one: %s', async (loss, gradient, isOne) => {
    const { env } = pod('echo "$LOG"', { LOG: `{'loss': ${loss}, 'grad_norm': ${gradient}, 'learning_rate': 1e-05}` });
    expect((await launch(env)).code).toBe(isOne ? codeOf('loss') : 0);
  });

  test('of which each character comes alone is seen too', async () => {
    const { env } = pod(
      'for i in 1 2 3 4 5; do for ((k = 0; k < ${#DEAD}; k++)); do printf %s "${DEAD:k:1}"; done; echo; done; sleep 1000',
      { DEAD: dead },
    );
    expect((await launch(env)).code).toBe(codeOf('loss'));
  });
});
