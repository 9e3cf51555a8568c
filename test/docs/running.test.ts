import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitClasses } from '../../src/kubernetes/failure-policy';
import { TERMINATION_GRACE_SECONDS } from '../../src/kubernetes/trainer-env';

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'running.md'), 'utf8');

test('the page has the exit codes that the pod and the failure policy use', () => {
  const rows = [...page.matchAll(/^\| (\d+) \| ([a-z-]+) \| (.+) \| (the Job fails|another try) \|$/gm)];
  const told = rows.map(([, code, name, meaning, then]) => ({
    code: Number(code),
    name,
    meaning,
    retry: then === 'another try',
  }));
  const byCode = (a: { code: number }, b: { code: number }) => a.code - b.code;
  const known = exitClasses().map(({ code, name, meaning, retry }) => ({ code, name, meaning, retry }));
  expect(told.sort(byCode)).toEqual(known.sort(byCode));
});

test('the page has the grace period of the pod', () => {
  expect(page).toContain(`the pod's grace period, ${TERMINATION_GRACE_SECONDS} s, without the last 10 s`);
});
