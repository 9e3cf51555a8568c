import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './pod';
import { cleanUp, folder, RUNTIME, run, start, until, write } from './programs';

const WAIT = join(RUNTIME, 'wait-for.sh');

jest.setTimeout(30_000);
afterAll(cleanUp);

/** A PATH on which `sleep` takes no time, so that minutes pass at once. */
function fastClock(): Record<string, string> {
  const bin = join(folder(), 'bin');
  write(join(bin, 'sleep'), '#!/bin/sh\nexit 0\n', 0o755);
  return { PATH: `${bin}:${process.env.PATH}` };
}

test('goes on at once when every marker is there', async () => {
  const place = folder();
  const markers = ['a', 'b'].map((name) => write(join(place, name, '.complete'), '{}'));
  const ended = await run('sh', [WAIT, ...markers]);
  expect([ended.code, ended.stdout]).toEqual([0, 'wait-for.sh: everything is there\n']);
});

test('waits for the one that is missing, and goes on within five seconds of its coming', async () => {
  const place = folder();
  const there = write(join(place, 'there'), '');
  const late = join(place, 'late');
  const { child, ended } = start('sh', [WAIT, there, late]);
  let said = '';
  child.stdout?.on('data', (text) => {
    said += String(text);
  });
  await until('the first look', () => said.includes(`waiting for ${late} (0 of 7200 s)`));
  write(late, '');
  const written = Date.now();
  expect((await ended).code).toBe(0);
  expect(Date.now() - written).toBeLessThan(6000);
});

test('says each minute what it waits for, and fails with where to look, for good', async () => {
  const missing = join(folder(), '.complete');
  const ended = await run('sh', [WAIT, missing], { ...fastClock(), WAIT_TIMEOUT_SECONDS: '150' });
  const said = (seconds: number) => `wait-for.sh: waiting for ${missing} (${seconds} of 150 s)`;
  expect(ended.stdout.trim().split('\n')).toEqual([said(0), said(60), said(120)]);
  expect(ended.stderr).toContain(`after 150 s still missing: ${missing}`);
  expect(ended.stderr).toContain('look at the log of the Job that makes it: kubectl logs');
  // A retry would hold the GPUs for as long once more.
  expect(ended.code).toBe(codeOf('config'));
});

test('that only looks may be tried again', async () => {
  const ended = await run('sh', [WAIT, join(folder(), '.complete')], { WAIT_TIMEOUT_SECONDS: '0' });
  expect(ended.code).toBe(codeOf('other'));
});

describe('nobody at work', () => {
  test('for half an hour ends the wait for good: the Job never started', async () => {
    const missing = join(folder(), 'model', '.complete');
    const ended = await run('sh', [WAIT, missing], fastClock());
    expect([ended.code, ended.stdout]).toEqual([codeOf('config'), expect.stringContaining('(1740 of 7200 s)')]);
    expect(ended.stderr).toContain('nobody has been at work on it for 1800 s');
  });

  test('for half an hour ends it too where the last try was killed in the middle', async () => {
    const place = folder();
    write(join(place, 'model', '.preparing'), '{"try": 7, "beat": 9}\n');
    const ended = await run('sh', [WAIT, join(place, 'model', '.complete')], fastClock());
    expect([ended.code, ended.stdout]).toEqual([codeOf('config'), expect.stringContaining('(1740 of 7200 s)')]);
  });

  test('is not said while a sign changes beside any of the markers', async () => {
    const place = folder();
    const markers = ['model', 'data'].map((name) => join(place, name, '.complete'));
    const sign = join(place, 'data', '.preparing');
    write(sign, '0\n');
    const { PATH = '' } = fastClock();
    // Changes with every step of the clock.
    write(
      join(PATH.split(':')[0] ?? '', 'sleep'),
      `#!/bin/sh\nread -r n <"${sign}"; echo $((n + 1)) >"${sign}"\n`,
      0o755,
    );
    const ended = await run('sh', [WAIT, ...markers], { PATH, WAIT_TIMEOUT_SECONDS: '3600' });
    expect([ended.code, ended.stdout]).toEqual([codeOf('config'), expect.stringContaining('(3540 of 3600 s)')]);
    expect(ended.stderr).not.toContain('nobody');
  });
});

/** Two markers of which the second is missing, with why beside it. */
function refused() {
  const place = folder();
  const there = write(join(place, 'a', '.complete'), '{}');
  const failed = write(join(place, 'b', '.failed'), 'preflight: data: no valid sample\n');
  return { markers: [there, join(place, 'b', '.complete')], failed };
}

describe('a failure beside a missing marker', () => {
  test('is passed on at once where there is no time to wait, with the code of a refused configuration', async () => {
    const ended = await run('sh', [WAIT, ...refused().markers], { WAIT_TIMEOUT_SECONDS: '0' });
    expect([ended.code, ended.stderr]).toEqual([codeOf('config'), 'preflight: data: no valid sample\n']);
  });

  test('that comes while it waits is passed on at the next look', async () => {
    const { markers, failed } = refused();
    rmSync(failed);
    const { child, ended } = start('sh', [WAIT, ...markers]);
    let said = '';
    child.stdout?.on('data', (text) => {
      said += String(text);
    });
    await until('the first look', () => said.includes('(0 of 7200 s)'));
    write(failed, 'preflight: config: refused\n');
    expect(await ended).toMatchObject({ code: codeOf('config'), stderr: 'preflight: config: refused\n' });
    expect(said).not.toContain('(60 of');
  });

  test('that was there before counts after five minutes, in which the next try may take it away', async () => {
    const ended = await run('sh', [WAIT, ...refused().markers], fastClock());
    expect([ended.code, ended.stderr]).toEqual([codeOf('config'), 'preflight: data: no valid sample\n']);
    expect(ended.stdout).toContain('(240 of 7200 s)');
    expect(ended.stdout).not.toContain('(300 of 7200 s)');
  });

  test('that the next try takes away is forgotten', async () => {
    const { markers, failed } = refused();
    const { child, ended } = start('sh', [WAIT, ...markers]);
    let said = '';
    child.stdout?.on('data', (text) => {
      said += String(text);
    });
    await until('the first look', () => said !== '');
    rmSync(failed);
    write(markers[1] ?? '', '{}');
    expect((await ended).code).toBe(0);
  });

  test('beside a marker that is there says nothing', async () => {
    const { markers } = refused();
    write(markers[1] ?? '', '{}');
    expect((await run('sh', [WAIT, ...markers])).code).toBe(0);
  });
});

test('a folder of that name is no marker', async () => {
  const ended = await run('sh', [WAIT, folder()], { ...fastClock(), WAIT_TIMEOUT_SECONDS: '5' });
  expect(ended.code).toBe(codeOf('config'));
});

test('TERM ends the wait at once', async () => {
  const { child, ended } = start('sh', [WAIT, join(folder(), 'never')]);
  let said = '';
  child.stdout?.on('data', (text) => {
    said += String(text);
  });
  await until('the first look', () => said !== '');
  const sent = Date.now();
  child.kill('SIGTERM');
  await new Promise((resolve) => child.on('exit', resolve));
  expect(Date.now() - sent).toBeLessThan(1000);
  expect(child.exitCode).toBe(143);
  await ended;
});
