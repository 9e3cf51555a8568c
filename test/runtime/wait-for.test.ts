import { join } from 'node:path';
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

test('says each minute what it waits for, and fails with where to look', async () => {
  const missing = join(folder(), '.complete');
  const ended = await run('sh', [WAIT, missing], { ...fastClock(), WAIT_TIMEOUT_SECONDS: '150' });
  const said = (seconds: number) => `wait-for.sh: waiting for ${missing} (${seconds} of 150 s)`;
  expect(ended.stdout.trim().split('\n')).toEqual([said(0), said(60), said(120)]);
  expect(ended.stderr).toContain(`after 150 s still missing: ${missing}`);
  expect(ended.stderr).toContain('look at the log of the prepare Job: kubectl logs');
  expect(ended.code).toBe(1);
});

test('a folder of that name is no marker', async () => {
  const ended = await run('sh', [WAIT, folder()], { ...fastClock(), WAIT_TIMEOUT_SECONDS: '5' });
  expect(ended.code).toBe(1);
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
