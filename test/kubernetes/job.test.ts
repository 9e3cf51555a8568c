import { podFailurePolicy } from '../../src/kubernetes/failure-policy';
import { jobOf, type Workload } from '../../src/kubernetes/job';

const failurePolicy = podFailurePolicy('trainer');
const template = { spec: { containers: [] } };
const work = (more: Partial<Workload> = {}): Workload => ({
  name: 'train',
  labels: { app: 'a' },
  annotations: {},
  template,
  backoffLimit: 6,
  failurePolicy,
  ...more,
});

test('a Job of one pod says how often it tries and what ends it, and never has two pods at once', () => {
  expect(jobOf(work())).toStrictEqual({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'train', labels: { app: 'a' } },
    spec: { backoffLimit: 6, podReplacementPolicy: 'Failed', podFailurePolicy: failurePolicy, template },
  });
});

test('annotations stand there if there are any', () => {
  expect(jobOf(work({ annotations: { why: 'so' } })).metadata.annotations).toEqual({ why: 'so' });
});

test('a deadline and a time to live are passed on', () => {
  expect(jobOf(work({ activeDeadlineSeconds: 3600, ttlSecondsAfterFinished: 60 })).spec).toEqual(
    expect.objectContaining({ activeDeadlineSeconds: 3600, ttlSecondsAfterFinished: 60 }),
  );
});
