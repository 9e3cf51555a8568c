import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Gate, type QwenQLoRAJobProps } from '../../src';
import { exitClasses } from '../../src/kubernetes/failure-policy';
import { runtimeFile } from '../../src/kubernetes/runtime-file';
import { TERMINATION_GRACE_SECONDS } from '../../src/kubernetes/trainer-env';
import { chartOf, jobOf, manifestsOf, mathRun, only } from '../synthesis';

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

/** The pod of a Job of a run with nothing said but that, and how often it is replaced. */
function podOf(component: string, props: Partial<QwenQLoRAJobProps>) {
  const { app, chart } = chartOf();
  mathRun(chart, props);
  const { spec } = jobOf(manifestsOf(app), component);
  return { pod: spec?.template.spec, backoffLimit: spec?.backoffLimit ?? 0, deadline: spec?.activeDeadlineSeconds };
}

/** The seconds between the tries of a Job: the Job controller doubles 10 s, up to 10 minutes. */
const pauses = (backoffLimit: number): number[] =>
  Array.from({ length: backoffLimit }, (_, retry) => Math.min(10 * 2 ** retry, 600));
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** A number in a script. */
function numberIn(file: Parameters<typeof runtimeFile>[0], pattern: RegExp): number {
  const [, number] = pattern.exec(runtimeFile(file)) ?? [];
  return Number(number);
}

describe('the table of what holds what', () => {
  const training = podOf('train', {});
  const prepare = podOf('prepare', {});
  const preflight = podOf('preflight', { preflight: true });
  const waves = podOf('train', { gate: Gate.waves() });
  const [, table = ''] = /## What holds what, and how long\n([\s\S]*?)\n## /.exec(page) ?? [];

  test('has what the prepare pod asks for', () => {
    const { requests } = only(prepare.pod?.containers ?? []).resources ?? {};
    expect(table).toContain(`prepare ${requests?.['cpu']} CPUs and ${requests?.['memory']?.replace('Gi', ' GiB')}`);
  });

  test('has how long the training pod waits, and with Gate.waves() not at all', () => {
    const waiting = (pod: typeof training.pod) =>
      Number(only(pod?.initContainers ?? []).env?.find(({ name }) => name === 'WAIT_TIMEOUT_SECONDS')?.value);
    expect(table).toContain(`\`prepareTimeout\`, ${waiting(training.pod) / 3600} hours;`);
    expect(table).toContain(`${numberIn('wait-for.sh', /WAIT_SILENCE_SECONDS:-(\d+)/) / 60} minutes in which nobody`);
    expect(waiting(waves.pod)).toBe(0);
  });

  test('has how soon a failure is believed', () => {
    const often = numberIn('wait-for.sh', /\n {2}sleep (\d+) &/);
    const old = numberIn('wait-for.sh', /timeout < 300 \? timeout : (\d+)/);
    expect(table).toContain(`${often} seconds, or ${old / 60} minutes where it had failed before`);
    expect(page).toContain(`already when a training pod came is\ngiven ${old / 60} minutes for that`);
  });

  test('has the tries of each Job, and the time between them', () => {
    expect(preflight.backoffLimit).toBe(prepare.backoffLimit);
    expect(table).toContain(`${prepare.backoffLimit + 1} tries, ${sum(pauses(prepare.backoffLimit))} seconds between`);
    expect(table).toContain(`${waves.backoffLimit + 1} looks, ${sum(pauses(waves.backoffLimit))} seconds between`);
    expect(table).toContain(`nothing | ${pauses(training.backoffLimit).join(', ')} seconds |`);
  });

  test('has the grace period, and a deadline of prepare alone where nobody set one', () => {
    expect(table).toContain(`the grace period, ${training.pod?.terminationGracePeriodSeconds} seconds`);
    expect([training.deadline, preflight.deadline]).toEqual([undefined, undefined]);
    expect(prepare.deadline).toBeGreaterThan(3600);
    expect(table).toContain('prepare also ends at `prepareDeadline`');
  });
});
