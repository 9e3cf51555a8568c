import type { QwenQLoRAJobProps } from '../../src';
import { acknowledge } from '../../src/judge/acknowledgements';
import { type Finding, Severity } from '../../src/run/finding';
import { findingsOf } from '../../src/tree/findings';
import { chartOf, mathDataset, mathRun } from '../synthesis';

const ANNOTATION = 'acknowledge.cdk8s-llamafactory/chatml-template';

const finding = (id: Finding['id'], severity: Severity): Finding => ({
  id,
  severity,
  path: 'a',
  key: 'k',
  message: 'm',
});
const WARNING = finding('report-to-unset', Severity.WARNING);
const ADVICE = finding('chatml-template', Severity.ADVICE);
const ERROR = finding('gpu-memory', Severity.ERROR);

test('one warning or one piece of advice is silenced, and no other', () => {
  expect(acknowledge([WARNING, ADVICE], { 'report-to-unset': 'set up in the image' }, 'a')).toEqual({
    findings: [ADVICE],
    used: { 'report-to-unset': 'set up in the image' },
  });
});

test('an error stays, and is said to be none that can be acknowledged', () => {
  const { findings, used } = acknowledge([ERROR], { 'gpu-memory': 'it will do' }, 'a');
  expect(findings).toMatchObject([
    ERROR,
    { id: 'acknowledged-error', severity: 'error', path: 'a', key: 'acknowledge.gpu-memory' },
  ]);
  expect(used).toEqual({});
});

test('of a rule that finds both, the warning is silenced and the error stays', () => {
  const warning = { ...ERROR, severity: Severity.WARNING, message: 'tight' };
  const { findings, used } = acknowledge([warning, ERROR], { 'gpu-memory': 'measured' }, 'a');
  expect(findings).toMatchObject([ERROR, { id: 'acknowledged-error' }]);
  expect(used).toEqual({ 'gpu-memory': 'measured' });
});

test.each(['', ' \n', null as never])('the reason %j is none', (reason) => {
  expect(acknowledge([WARNING], { 'report-to-unset': reason }, 'a').findings).toMatchObject([
    WARNING,
    { id: 'acknowledged-without-reason', severity: 'error' },
  ]);
});

test('an id that no finding has is an error that names the nearest', () => {
  expect(acknowledge([], { 'report-to-unsett': 'why' }, 'a').findings).toMatchObject([
    {
      id: 'acknowledged-unknown',
      severity: 'error',
      message: 'no finding has the id "report-to-unsett"; did you mean report-to-unset?',
    },
  ]);
});

test('an id that finds nothing is advice', () => {
  expect(acknowledge([], { 'report-to-unset': 'why' }, 'a').findings).toMatchObject([
    { id: 'acknowledged-nothing', severity: 'advice', key: 'acknowledge.report-to-unset' },
  ]);
});

describe('a run', () => {
  const REASON = 'served with its own tokenizer';
  const jobOf = (props: Partial<QwenQLoRAJobProps>) => {
    const { chart } = chartOf();
    const run = mathRun(chart, props);
    return { run, chart };
  };
  const acknowledged = { acknowledge: { 'chatml-template': REASON } };

  test('is silent on what is acknowledged', () => {
    const idsWith = (props: Partial<QwenQLoRAJobProps>) => findingsOf(jobOf(props).chart).map(({ id }) => id);
    expect(idsWith({})).toContain('chatml-template');
    expect(idsWith(acknowledged)).not.toContain('chatml-template');
  });

  test('has the reason in an annotation of its Job, beside its own', () => {
    const { run, chart } = jobOf({ ...acknowledged, annotations: { team: 'ml' } });
    const job = chart.toJson().find(({ kind, metadata }) => kind === 'Job' && metadata.name === run.jobName);
    expect(job.metadata.annotations).toMatchObject({ team: 'ml', [ANNOTATION]: REASON });
    expect(job.spec.template.metadata.annotations).not.toHaveProperty([ANNOTATION]);
  });

  test('is silent on what its podTemplate is acknowledged for, and the Job says why', () => {
    const podTemplate = { spec: { hostNetwork: true } };
    const warned = jobOf({ podTemplate });
    expect(findingsOf(warned.chart).map(({ id }) => id)).toContain('pod-template');
    const { run, chart } = jobOf({ podTemplate, acknowledge: { 'pod-template': 'RDMA' } });
    const job = chart.toJson().find(({ kind, metadata }) => kind === 'Job' && metadata.name === run.jobName);
    expect(findingsOf(chart).map(({ id }) => id)).not.toContain('pod-template');
    expect(job.metadata.annotations).toMatchObject({ 'acknowledge.cdk8s-llamafactory/pod-template': 'RDMA' });
  });

  test('is silent on what is found at synth', () => {
    const podTemplate = { spec: { volumes: [{ name: 'ca', configMap: { name: 'company-ca' } }] } };
    const { chart } = jobOf({ podTemplate, acknowledge: { 'missing-reference': 'the platform team makes it' } });
    expect(findingsOf(chart).map(({ id }) => id)).not.toContain('missing-reference');
  });

  test('stays without an error when the cause of what was acknowledged is cured', () => {
    const { chart } = jobOf({ acknowledge: { 'preflight-holds-gpus': 'one node, one user' } });
    expect(findingsOf(chart).filter(({ id }) => id.startsWith('acknowledged-'))).toMatchObject([
      { id: 'acknowledged-nothing', severity: 'advice', key: 'acknowledge.preflight-holds-gpus' },
    ]);
  });

  test('leaves what another run finds', () => {
    const { chart } = chartOf();
    const dataset = mathDataset(chart);
    mathRun(chart, { dataset, ...acknowledged });
    mathRun(chart, { dataset }, 'other');
    const found = findingsOf(chart).filter(({ id }) => id === 'chatml-template');
    expect(found).toMatchObject([{ path: 'finetune/other' }]);
  });

  test('stays the same run and the same Job', () => {
    const [before, after] = [jobOf({}), jobOf(acknowledged)];
    expect(after.run.runDigest).toBe(before.run.runDigest);
    expect(after.run.jobName).toBe(before.run.jobName);
  });

  test('has no annotation for what silences nothing', () => {
    const { run, chart } = jobOf({ acknowledge: { 'saves-never-fire': 'why' } });
    const job = chart.toJson().find(({ kind, metadata }) => kind === 'Job' && metadata.name === run.jobName);
    expect(Object.keys(job.metadata.annotations).join()).not.toContain('acknowledge');
    expect(findingsOf(chart)).toContainEqual(
      expect.objectContaining({ id: 'acknowledged-nothing', path: 'finetune/math' }),
    );
  });
});
