import { type ExitClass, exitClasses, podFailurePolicy } from '../../src/kubernetes/failure-policy';

const exit = (code: number, retry: boolean): ExitClass => ({ name: `c${code}`, code, retry, meaning: 'x' });

test('a disruption is looked at first and does not count as a try', () => {
  expect(podFailurePolicy('trainer').rules[0]).toEqual({
    action: 'Ignore',
    onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }],
  });
});

test('faults that would come again fail the job at once, by sorted codes of the trainer container only', () => {
  expect(
    podFailurePolicy('trainer', undefined, [exit(13, false), exit(10, false), exit(14, true)]).rules.slice(1),
  ).toEqual([{ action: 'FailJob', onExitCodes: { containerName: 'trainer', operator: 'In', values: [10, 13] } }]);
});

test('no rule with an empty list of codes is made', () => {
  expect(podFailurePolicy('trainer', undefined, [exit(14, true)]).rules).toHaveLength(1);
});

test('the table fails the job for configuration, data, GPU memory, loss, full disk and full shared memory', () => {
  expect(podFailurePolicy('trainer').rules[1]?.onExitCodes?.values).toEqual([10, 11, 12, 13, 15, 17]);
});

test('the container that waits for preflight fails the job by the code of a refused run alone', () => {
  expect(podFailurePolicy('trainer', 'check-prepare').rules.slice(2)).toEqual([
    { action: 'FailJob', onExitCodes: { containerName: 'check-prepare', operator: 'In', values: [10] } },
  ]);
});

test('host memory, termination, NCCL, a lock and anything unknown are tried again', () => {
  const retried = exitClasses().filter(({ retry }) => retry);
  expect(Object.fromEntries(retried.map(({ name, code }) => [name, code]))).toEqual({
    'host-memory': 137,
    nccl: 14,
    locked: 16,
    terminated: 143,
    other: 1,
  });
});

test('every class of the table has a name and a code of its own that a container can exit with', () => {
  const classes = exitClasses();
  expect(new Set(classes.map(({ name }) => name)).size).toBe(classes.length);
  expect(new Set(classes.map(({ code }) => code)).size).toBe(classes.length);
  for (const { code } of classes) expect(code > 0 && code < 256).toBe(true);
});
