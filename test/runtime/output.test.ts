import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { safetensors } from './hub';
import { codeOf, launch, pod } from './pod';
import { cleanUp, RUNTIME, run, textOf, write } from './programs';

jest.setTimeout(60_000);
afterAll(cleanUp);

/** A zip archive with one entry, as torch writes it. */
async function archive(path: string): Promise<void> {
  write(path, '');
  await run('python3', [
    '-c',
    'import sys, zipfile; zipfile.ZipFile(sys.argv[1], "w").writestr("data.pkl", "x" * 999)',
    path,
  ]);
}

/** What a run of a LoRA saves at a step: names and order of transformers 4.52 to 5.6. */
async function checkpoint(output: string, step: number): Promise<string> {
  const path = join(output, `checkpoint-${step}`);
  write(join(path, 'adapter_model.safetensors'), safetensors(1000));
  write(join(path, 'adapter_config.json'), '{}');
  for (const name of ['training_args.bin', 'optimizer.pt', 'scheduler.pt', 'rng_state.pth']) {
    await archive(join(path, name));
  }
  write(join(path, 'trainer_state.json'), JSON.stringify({ global_step: step, log_history: [] }));
  return path;
}

// Says which checkpoint the real get_last_checkpoint would take: the highest number.
const RESUME = 'cd "$OUTPUT_DIR"; ls | sed -n "s/^checkpoint-/resuming from /p" | sort -k3 -n | tail -1';
// What the trainer leaves at the end of 20 steps; the file is made before the run, its owner alone may read it.
const FINISH = `touch "$PLACE/trained-$$"; cp "$PLACE/adapter" "$OUTPUT_DIR/adapter_model.safetensors"; chmod 600 "$OUTPUT_DIR/adapter_model.safetensors"
echo '{"global_step": 20, "log_history": [{"loss": 1.5, "grad_norm": 0.5, "step": 20}]}' >"$OUTPUT_DIR/trainer_state.json"`;

/** A pod whose trainer finishes. */
function finishing(trainer = FINISH) {
  const made = pod(trainer);
  write(join(made.place, 'adapter'), safetensors(500), 0o600);
  const marker = join(made.output, '.complete');
  return {
    ...made,
    marker,
    trainings: () => readdirSync(made.place).filter((name) => name.startsWith('trained-')).length,
  };
}

describe('a finished run', () => {
  test('is marked with its name, its steps and the sizes of its files', async () => {
    const { env, marker } = finishing();
    expect((await launch(env)).code).toBe(0);
    expect(JSON.parse(readFileSync(marker, 'utf8'))).toEqual({
      run: '输出 folder',
      steps: 20,
      files: { 'adapter_model.safetensors': safetensors(500).length },
    });
  });

  test('started again exits 0 without a trainer, and without touching the lock', async () => {
    const { env, trainings, output } = finishing();
    await launch(env);
    const lease = readdirSync(join(output, '.lease'));
    const again = await launch(env);
    expect(again.stdout).toContain('is finished already, with 20 steps: nothing to do');
    expect([again.code, trainings(), readdirSync(join(output, '.lease'))]).toEqual([0, 1, lease]);
  });

  test('that lost its adapter is trained again', async () => {
    const { env, trainings, output } = finishing();
    await launch(env);
    rmSync(join(output, 'adapter_model.safetensors'));
    const again = await launch(env);
    expect(again.stdout).toContain('adapter_model.safetensors is missing or changed');
    expect([again.code, trainings()]).toEqual([0, 2]);
  });

  test('with a damaged marker is trained again', async () => {
    const { env, trainings, marker } = finishing();
    await launch(env);
    writeFileSync(marker, '{"run": "x"');
    expect((await launch(env)).code).toBe(0);
    expect(trainings()).toBe(2);
  });

  test.each([
    ['a trainer that failed', `${FINISH}; exit 1`],
    [
      'a loss of nothing',
      `${FINISH}; echo '{"global_step": 20, "log_history": [{"loss": 0.0, "grad_norm": NaN}]}' >"$OUTPUT_DIR/trainer_state.json"`,
    ],
    ['no adapter', 'exit 0'],
    ['a cut adapter', `${FINISH}; truncate -s 300 "$OUTPUT_DIR/adapter_model.safetensors"`],
  ])('is not marked with %s', async (_what, trainer) => {
    const { env, marker } = finishing(trainer);
    await launch(env);
    expect(existsSync(marker)).toBe(false);
  });

  test('can be read by another user', async () => {
    const { env, output, place } = finishing();
    await launch(env);
    expect(statSync(join(output, 'adapter_model.safetensors')).mode & 0o777).toBe(0o644);
    expect(statSync(output).mode & 0o777).toBe(0o755);
    if (process.getuid?.() !== 0) return;
    // The folder of the test itself is its owner's alone; a volume's root is not.
    await run('chmod', ['755', place]);
    const path = join(output, 'adapter_model.safetensors');
    const read = await run('setpriv', ['--reuid=4321', '--regid=4321', '--clear-groups', 'wc', '-c', path]);
    expect([read.code, Number.parseInt(read.stdout, 10)]).toEqual([0, safetensors(500).length]);
  });

  test('whose loss was NaN before a restart is a failure, though the restart has no steps', async () => {
    const { env } = finishing(
      `${FINISH}; echo '{"global_step": 20, "log_history": [{"loss": NaN, "grad_norm": NaN}, {"train_loss": 0.0}]}' >"$OUTPUT_DIR/trainer_state.json"`,
    );
    expect((await launch(env)).code).toBe(codeOf('loss'));
  });
});

describe('a run that was killed', () => {
  test('resumes from its last whole checkpoint, and keeps the others', async () => {
    const { env, output } = pod(RESUME);
    await checkpoint(output, 9);
    await checkpoint(output, 10);
    const ended = await launch(env);
    expect(ended.stdout).toContain('the last whole one is checkpoint-10');
    expect(ended.stdout).toContain('resuming from 10\n');
    expect(readdirSync(output)).toEqual(expect.arrayContaining(['checkpoint-10', 'checkpoint-9']));
    expect(existsSync(join(output, 'incomplete'))).toBe(false);
  });

  test.each<[string, (path: string) => void, RegExp]>([
    [
      'without trainer_state.json',
      (path) => rmSync(join(path, 'trainer_state.json')),
      /trainer_state\.json is missing or cut/,
    ],
    [
      'with a cut trainer_state.json',
      (path) => truncateSync(join(path, 'trainer_state.json'), 9),
      /trainer_state\.json is missing or cut/,
    ],
    [
      'with a cut adapter',
      (path) => truncateSync(join(path, 'adapter_model.safetensors'), 700),
      /adapter_model\.safetensors is cut/,
    ],
    [
      'with an empty adapter',
      (path) => truncateSync(join(path, 'adapter_model.safetensors'), 0),
      /adapter_model\.safetensors is cut/,
    ],
    ['without weights', (path) => rmSync(join(path, 'adapter_model.safetensors')), /it has no weights/],
    ['with a cut optimizer', (path) => truncateSync(join(path, 'optimizer.pt'), 600), /optimizer\.pt is cut/],
    ['with an empty optimizer', (path) => truncateSync(join(path, 'optimizer.pt'), 0), /optimizer\.pt is cut/],
    [
      'without its scheduler',
      (path) => rmSync(join(path, 'scheduler.pt')),
      /optimizer\.pt and scheduler\.pt one is missing/,
    ],
    ['with a cut random state', (path) => truncateSync(join(path, 'rng_state.pth'), 600), /rng_state\.pth is cut/],
    ['killed in a save on TERM', (path) => void write(join(path, 'checkpoint-is-incomplete.txt'), ''), /saved on TERM/],
    ['whose DeepSpeed part is not finished', (path) => void write(join(path, 'global_step10', 'x'), ''), /every rank/],
  ])('moves a checkpoint %s aside, and resumes from the one before', async (_what, damage, text) => {
    const { env, output } = pod(RESUME);
    await checkpoint(output, 5);
    damage(await checkpoint(output, 10));
    const ended = await launch(env);
    expect(ended.stdout).toMatch(text);
    expect(ended.stdout).toContain('resuming from 5\n');
    expect(readdirSync(join(output, 'incomplete'))).toEqual(['checkpoint-10']);
  });

  test('keeps each of several broken checkpoints of one step', async () => {
    const { env, output } = pod(RESUME);
    for (const _ of [1, 2]) {
      rmSync(join(await checkpoint(output, 10), 'trainer_state.json'));
      await launch(env);
    }
    expect(readdirSync(join(output, 'incomplete')).sort()).toEqual(['checkpoint-10', 'checkpoint-10.2']);
  });

  test('with model weights only resumes from them', async () => {
    const { env, output } = pod(RESUME);
    const path = await checkpoint(output, 10);
    for (const name of ['optimizer.pt', 'scheduler.pt', 'rng_state.pth']) rmSync(join(path, name));
    expect((await launch(env)).stdout).toContain('resuming from 10\n');
  });

  test("resumes from DeepSpeed's own folder", async () => {
    const { env, output } = pod(RESUME);
    const path = await checkpoint(output, 10);
    rmSync(join(path, 'optimizer.pt'));
    await archive(join(path, 'global_step10', 'zero_pp_rank_0_mp_rank_00_optim_states.pt'));
    write(join(path, 'latest'), 'global_step10');
    expect((await launch(env)).stdout).toContain('resuming from 10\n');
  });

  test('while it wrote the adapter, without checkpoints, starts anew: the adapter is moved aside', async () => {
    const { env, output } = pod('[[ ! -e $OUTPUT_DIR/adapter_model.safetensors ]] || echo refused');
    write(join(output, 'adapter_model.safetensors'), safetensors(10));
    const ended = await launch(env);
    expect(ended.stdout).not.toContain('refused');
    expect(readdirSync(join(output, 'incomplete'))).toEqual(['adapter_model.safetensors']);
  });
});

test('python files need nothing but the standard library', () => {
  const known = new Set([
    'argparse',
    'contextlib',
    'glob',
    'heapq',
    'json',
    'math',
    'os',
    're',
    'signal',
    'struct',
    'sys',
    'time',
    'zipfile',
  ]);
  for (const name of ['diagnose.py', 'lease.py', 'output.py', 'watch.py']) {
    const imports = [...textOf(join(RUNTIME, name)).matchAll(/^\s*(?:import|from) (\w+)/gm)].map(
      (match) => match[1] ?? '',
    );
    expect(imports.filter((module) => !known.has(module))).toEqual([]);
    expect(imports.length).toBeGreaterThan(0);
  }
});
