import { podFailurePolicy } from '../../src/kubernetes/failure-policy';
import { jobSpec } from '../../src/kubernetes/job';

const template = { spec: { containers: [] } };

test('a Job of one pod says how often it tries, and never has two pods at once', () => {
  expect(jobSpec(template, { backoffLimit: 6, failurePolicy: false })).toStrictEqual({
    backoffLimit: 6,
    podReplacementPolicy: 'Failed',
    template,
  });
});

test('with a failure policy exit codes decide about a retry', () => {
  const failurePolicy = podFailurePolicy('trainer');
  expect(jobSpec(template, { backoffLimit: 3, failurePolicy }).podFailurePolicy).toEqual(failurePolicy);
});

test('a deadline and a time to live are passed on', () => {
  expect(
    jobSpec(template, {
      backoffLimit: 0,
      failurePolicy: false,
      activeDeadlineSeconds: 3600,
      ttlSecondsAfterFinished: 60,
    }),
  ).toEqual(expect.objectContaining({ backoffLimit: 0, activeDeadlineSeconds: 3600, ttlSecondsAfterFinished: 60 }));
});
