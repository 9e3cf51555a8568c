import { ApiObject, Chart } from 'cdk8s';
import { type Finding, Severity } from '../../src/run/finding';
import { findingsOf, report, reportProblems, reportReferences } from '../../src/tree/findings';
import { chartOf } from '../synthesis';

const finding = (changes: Partial<Finding> = {}): Finding => ({
  id: 'host-path',
  severity: Severity.ERROR,
  path: 'finetune',
  key: 'some',
  message: 'something is wrong',
  ...changes,
});
const configMap = (chart: Chart, id: string, name: string, data?: object) =>
  new ApiObject(chart, id, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...(data && { data }) });

let written: string[];
beforeEach(() => {
  written = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
});
afterEach(() => jest.restoreAllMocks());

test('a tree in which nobody found anything has no findings', () => {
  expect(findingsOf(chartOf().app)).toEqual([]);
});

test('findings of all constructs come together at the root', () => {
  const { app, chart } = chartOf();
  const other = new Chart(app, 'other');
  report(chart, [finding({ key: 'a' })]);
  report(other, [finding({ key: 'b' }), finding({ key: 'c' })]);
  expect(findingsOf(app).map(({ key }) => key)).toEqual(['a', 'b', 'c']);
});

test('findings of one tree are not those of another', () => {
  report(chartOf().chart, [finding()]);
  expect(findingsOf(chartOf().app)).toEqual([]);
});

test('the same finding is told once', () => {
  const { app, chart } = chartOf();
  report(chart, [finding(), finding(), finding({ got: 'x' })]);
  expect(findingsOf(app)).toHaveLength(2);
});

test('a problem of a value becomes an error at the construct that was given it', () => {
  const { app, chart } = chartOf();
  reportProblems(chart, [{ id: 'host-path', key: 'some', message: 'something is wrong' }]);
  expect(findingsOf(app)).toEqual([finding()]);
});

test('all errors fail the synth at once, a line each', () => {
  const { app, chart } = chartOf();
  report(chart, [finding({ key: 'a' }), finding({ key: 'b' })]);
  expect(() => chart.toJson()).toThrow(
    /finetune: a: something is wrong \(host-path\)\n.*finetune: b: something is wrong \(host-path\)/,
  );
  expect(app.node.validate()).toHaveLength(2);
});

test('warnings and advice do not fail it', () => {
  const { chart } = chartOf();
  report(chart, [finding({ severity: Severity.WARNING }), finding({ severity: Severity.ADVICE })]);
  expect(() => chart.toJson()).not.toThrow();
});

test('warnings are printed once, however many charts there are', () => {
  const { app, chart } = chartOf();
  new Chart(app, 'other');
  report(chart, [finding({ severity: Severity.WARNING })]);
  for (const each of app.charts) each.toJson();
  expect(written.join('')).toBe('warning: finetune: some  [host-path]\n  something is wrong\n');
});

test('without warnings nothing is printed', () => {
  const { chart } = chartOf();
  report(chart, []);
  chart.toJson();
  expect(written).toEqual([]);
});

test('what is reported after a synth counts in the next', () => {
  const { chart } = chartOf();
  report(chart, []);
  chart.toJson();
  report(chart, [finding()]);
  expect(() => chart.toJson()).toThrow(/host-path/);
});

test('two objects of one name fail the synth', () => {
  const { app, chart } = chartOf();
  report(chart, []);
  configMap(chart, 'a', 'same');
  configMap(chart, 'b', 'same');
  expect(findingsOf(app)).toEqual([expect.objectContaining({ id: 'duplicate-name', path: 'finetune/b', got: 'same' })]);
});

test('one name in two namespaces is no fault', () => {
  const { app, chart } = chartOf();
  configMap(chart, 'a', 'same');
  configMap(new Chart(app, 'other', { namespace: 'other' }), 'b', 'same');
  expect(findingsOf(app)).toEqual([]);
});

test('PersistentVolumes have no namespace to tell them apart', () => {
  const { app, chart } = chartOf();
  for (const each of [chart, new Chart(app, 'other', { namespace: 'other' })]) {
    new ApiObject(each, 'disk', { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'disk' } });
  }
  expect(findingsOf(app).map(({ id }) => id)).toEqual(['duplicate-name']);
});

const podOf = (key: string) => ({
  path: 'finetune/math',
  namespace: 'ml',
  existingClaims: [],
  pod: { containers: [], volumes: [{ name: 'v', configMap: { name: 'files', items: [{ key, path: key }] } }] },
});

test('what a pod refers to is looked up among all objects, those made later included', () => {
  const { app, chart } = chartOf();
  reportReferences(chart, podOf('a'));
  expect(findingsOf(app).map(({ id }) => id)).toEqual(['missing-reference']);
  configMap(chart, 'files', 'files', { a: '1' });
  expect(findingsOf(app)).toEqual([]);
});

test('keys are those of the ConfigMap as it is written', () => {
  const { app, chart } = chartOf();
  reportReferences(chart, podOf('b'));
  configMap(chart, 'files', 'files', { a: '1' });
  expect(findingsOf(app)).toEqual([
    expect.objectContaining({ message: "the ConfigMap 'files' has no key 'b'", allowed: 'a' }),
  ]);
});

test('binary data counts as keys too', () => {
  const { app, chart } = chartOf();
  reportReferences(chart, podOf('b'));
  new ApiObject(chart, 'files', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'files' },
    binaryData: { b: 'AA==' },
  });
  expect(findingsOf(app)).toEqual([]);
});
