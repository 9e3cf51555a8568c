import { podFailurePolicy } from '../../src/kubernetes/failure-policy';
import { jobName, jobOf, type Workload } from '../../src/kubernetes/job';

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
    metadata: { name: 'train', labels: { app: 'a', 'cdk8s-llamafactory/job': 'train' } },
    spec: {
      backoffLimit: 6,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: failurePolicy,
      template: { ...template, metadata: { labels: { 'cdk8s-llamafactory/job': 'train' } } },
    },
  });
});

test('a name follows from the content', () => {
  const [name, again, other] = [{ a: 1 }, { a: 1 }, { a: 2 }].map((content) => jobName(['math'], content));
  expect(name).toMatch(/^math-[0-9a-f]{10}$/);
  expect(again).toBe(name);
  expect(other).not.toBe(name);
});

test('annotations stand there if there are any', () => {
  expect(jobOf(work({ annotations: { why: 'so' } })).metadata.annotations).toEqual({ why: 'so' });
});

test('a deadline and a time to live are passed on', () => {
  expect(jobOf(work({ activeDeadlineSeconds: 3600, ttlSecondsAfterFinished: 60 })).spec).toEqual(
    expect.objectContaining({ activeDeadlineSeconds: 3600, ttlSecondsAfterFinished: 60 }),
  );
});
