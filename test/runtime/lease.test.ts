import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { safetensors } from './hub';
import { codeOf, LAUNCH, launch, pod } from './pod';
import { cleanUp, folder, RUNTIME, run, start, textOf, until, write } from './programs';

const LEASE = join(RUNTIME, 'lease.py');
const FAST = { LEASE_BEAT_SECONDS: '0.2', LEASE_STALE_SECONDS: '1' };

jest.setTimeout(60_000);
afterAll(cleanUp);

// A pod on another node, whose volume has no locks that reach this one: another boot id, and not alone by the kernel.
const take = (directory: string, alone = 'no') =>
  run('python3', [LEASE, 'take', directory, join(directory, 'answer'), alone], FAST);
const lease = (directory: string, number: number, content: object): string =>
  write(join(directory, '.lease', String(number)), JSON.stringify(content));
const elsewhere = (directory: string, number: number, beat = 1): string =>
  lease(directory, number, { state: 'held', pod: 'other-pod', boot: 'another', beat });
const numbers = (directory: string): string[] => readdirSync(join(directory, '.lease')).sort();

/** Does something while a pod elsewhere keeps the lease of a folder. */
async function besideAnother<T>(output: string, work: () => Promise<T>): Promise<T> {
  let beat = 0;
  elsewhere(output, 3);
  const alive = setInterval(() => {
    beat += 1;
    elsewhere(output, 3, beat);
  }, 100);
  const done = await work();
  clearInterval(alive);
  return done;
}

describe('a lease', () => {
  test('is taken at once in a new folder', async () => {
    const directory = folder();
    expect((await take(directory)).code).toBe(0);
    expect(numbers(directory)).toEqual(['1']);
    expect(JSON.parse(readFileSync(join(directory, '.lease', '1'), 'utf8'))).toEqual(
      expect.objectContaining({ state: 'held', beat: 0 }),
    );
  });

  test('of a pod on another node that is alive is refused, with its name', async () => {
    const directory = folder();
    const ended = await besideAnother(directory, () => take(directory));
    expect([ended.code, ended.stdout]).toEqual([3, 'other-pod\n']);
    expect(numbers(directory)).toEqual(['3']);
  });

  test('that gives no sign is taken over, under the next number', async () => {
    const directory = folder();
    elsewhere(directory, 3);
    const ended = await take(directory);
    expect([ended.code, numbers(directory)]).toEqual([0, ['4']]);
    expect(ended.stderr).toMatch(/other-pod may still write.*\n.*other-pod gave no sign for 1 s: taking over/);
  });

  test('that was given back is taken at once', async () => {
    const directory = folder();
    lease(directory, 3, { state: 'released', pod: 'other-pod', boot: 'another' });
    const ended = await take(directory);
    expect([ended.code, ended.stderr, numbers(directory)]).toEqual([0, '', ['4']]);
  });

  test("of this node's own boot is taken at once by whoever holds the kernel's lock, and not otherwise", async () => {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const directory = folder();
    lease(directory, 3, { state: 'held', pod: 'dead-pod', boot, beat: 5 });
    expect((await take(directory, 'yes')).stderr).toBe('');
    lease(directory, 7, { state: 'held', pod: 'dead-pod', boot, beat: 5 });
    expect((await take(directory, 'no')).stderr).toContain('dead-pod gave no sign');
  });

  test('that is damaged goes stale like any other', async () => {
    const directory = folder();
    write(join(directory, '.lease', '3'), '{"state":');
    const ended = await take(directory);
    expect([ended.code, numbers(directory)]).toEqual([0, ['4']]);
  });

  test('that is stale is won by exactly one of eight pods that want it', async () => {
    const directory = folder();
    elsewhere(directory, 3);
    // Each keeps what it took, as launch.sh does.
    const script = `python3 "${LEASE}" take "$0" "$1" no && exec python3 "${LEASE}" keep "$(cat "$1")" "$PPID" "$1.taken"`;
    const pods = Array.from({ length: 8 }, (_, i) =>
      start('bash', ['-c', script, directory, join(directory, `answer-${i}`)], FAST),
    );
    const codes: Array<number | null> = [];
    for (const { ended } of pods) void ended.then(({ code }) => codes.push(code));
    await until('seven to be refused', () => codes.filter((code) => code === 3).length === 7);
    expect(numbers(directory).filter((name) => /^\d+$/.test(name))).toEqual(['4']);
    for (const { child } of pods) child.kill();
    await Promise.all(pods.map(({ ended }) => ended));
  });
});

describe('a run', () => {
  const WAITING = 'touch "$PLACE/ready"; until [[ -e "$PLACE/go" ]]; do sleep 0.02; done';

  test('is refused while a pod on another node writes to its folder', async () => {
    const { env, output, message, place } = pod('touch "$PLACE/trained"', FAST);
    const ended = await besideAnother(output, () => launch(env));
    expect(ended.code).toBe(codeOf('locked'));
    expect(message()).toBe(
      `locked: another run is writing to the same folder. other-pod is writing to ${output}: wait for its pod to end, or delete its Job\n`,
    );
    expect(readdirSync(place)).not.toContain('trained');
  });

  test('gives its lease back, so that the next pod does not wait', async () => {
    const { env, output } = pod('exit 3');
    await launch(env);
    expect(JSON.parse(textOf(join(output, '.lease', '1'))).state).toBe('released');
  });

  test('that was killed with everything does not block its replacement on the same node', async () => {
    const { env, place } = pod(WAITING);
    const first = start('unshare', ['--pid', '--fork', '--mount-proc', '--kill-child', 'bash', LAUNCH], env);
    await until('the first run', () => readdirSync(place).includes('ready'));
    first.child.kill('SIGKILL');
    await first.ended;
    write(join(place, 'go'), '');
    const again = await launch(env);
    expect([again.code, again.stderr]).toEqual([0, '']);
  });

  test('that another pod took over from is stopped at once, and leaves the lease alone', async () => {
    const { env, output, place, message } = pod(WAITING, FAST);
    const first = start('bash', [LAUNCH], env);
    await until('the run', () => readdirSync(place).includes('ready'));
    elsewhere(output, 2);
    const ended = await first.ended;
    expect(ended.code).toBe(codeOf('locked'));
    expect(message()).toContain('other-pod took over: this pod gave no sign for too long');
    expect(JSON.parse(textOf(join(output, '.lease', '2'))).pod).toBe('other-pod');
  });

  test('goes on while its volume has gone for a while', async () => {
    const { env, output, place } = pod(WAITING, FAST);
    const { ended } = start('bash', [LAUNCH], env);
    await until('the run', () => readdirSync(place).includes('ready'));
    rmSync(join(output, '.lease'), { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 500));
    writeFileSync(join(place, 'go'), '');
    expect((await ended).code).toBe(0);
  });
});

describe('a run on several nodes', () => {
  const RUN = { RUN_UID: 'run-1' };
  const NODE = { ...FAST, ...RUN, LEASE_JOIN_SECONDS: '2' };
  const node = (rank: number, output: string, variables: Record<string, string> = {}) =>
    pod('touch "$PLACE/trained"', { ...NODE, NODE_RANK: String(rank), OUTPUT_DIR: output, ...variables });
  const trained = ({ place }: ReturnType<typeof node>): boolean => readdirSync(place).includes('trained');

  test('is written about by the node of rank 0 alone, and the others begin when it has the folder', async () => {
    // What the trainer leaves is there before the other node ends: it would be marked there, if that node marked anything.
    const first = pod('cp "$PLACE"/left/* "$OUTPUT_DIR"; until [[ -e "$PLACE/go" ]]; do sleep 0.02; done', {
      ...NODE,
      NODE_RANK: '0',
    });
    write(join(first.place, 'left', 'adapter_model.safetensors'), safetensors(500));
    write(join(first.place, 'left', 'trainer_state.json'), '{"global_step": 20, "log_history": [{"loss": 1.5}]}');
    const second = node(1, first.output, { LEASE_JOIN_SECONDS: '30' });
    const joined = start('bash', [LAUNCH], second.env);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(trained(second)).toBe(false);
    const leading = start('bash', [LAUNCH], first.env);
    expect((await joined.ended).code).toBe(0);
    expect(trained(second)).toBe(true);
    // It has ended, and the mark is not its to write; nor did it take the lease.
    const left = ['adapter_model.safetensors', 'trainer_state.json'];
    expect(readdirSync(first.output).sort()).toEqual(['.lease', '.lock', ...left]);
    expect(numbers(first.output)).toEqual(['1']);
    write(join(first.place, 'go'), '');
    expect((await leading.ended).code).toBe(0);
    expect(readdirSync(first.output)).toContain('.complete');
  });

  test('does not begin on a node whose folder another run writes to', async () => {
    const { env, output, message, ...second } = node(1, join(folder(), 'out'));
    const ended = await besideAnother(output, () => launch(env));
    expect(ended.code).toBe(codeOf('locked'));
    expect(message()).toContain('other-pod is writing to');
    expect(trained({ env, output, message, ...second })).toBe(false);
  });

  test('does not begin by what an earlier try of it left, nor on a volume that the first node is not on', async () => {
    const second = node(1, join(folder(), 'out'));
    lease(second.output, 3, { state: 'held', pod: 'dead-pod', boot: 'another', beat: 5, run: RUN.RUN_UID });
    const ended = await launch(second.env);
    expect(ended.code).toBe(codeOf('other'));
    expect(second.message()).toContain('did not take');
    expect(trained(second)).toBe(false);
  });

  test.each([
    [{ NODE_RANK: '1', RUN_UID: '' }, 'RUN_UID is not set'],
    [{ NODE_RANK: 'one' }, 'NODE_RANK is one'],
  ])('needs to know which node of which run it is: %j', async (variables, said) => {
    const { env, message } = node(1, join(folder(), 'out'), variables);
    expect((await launch(env)).code).toBe(codeOf('config'));
    expect(message()).toContain(said);
  });
});
