import { Construct } from 'constructs';
import { contentConfigMap } from '../../src/tree/content-config-map';
import { chartOf, findingsWith, manifestsOf, only } from '../synthesis';

const nameFor = (data: Record<string, string>, part?: string) =>
  contentConfigMap(new Construct(chartOf().chart, 'math'), 'Resource', data, part).name;

test('the ConfigMap holds the files, labelled, and never changes', () => {
  const { app, chart } = chartOf();
  const made = contentConfigMap(new Construct(chart, 'math'), 'Resource', { a: '1', b: '2' });
  expect(made.keys).toEqual(['a', 'b']);
  expect(only(manifestsOf(app).configMaps)).toEqual({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: made.name,
      namespace: 'ml',
      labels: expect.objectContaining({ 'app.kubernetes.io/instance': 'finetune-math' }),
    },
    data: { a: '1', b: '2' },
    immutable: true,
  });
});

test('the name is that of the construct and a digest of the content', () => {
  expect(nameFor({ a: '1' })).toMatch(/^finetune-math-[0-9a-f]{10}$/);
});

test('a part of the name tells the objects of one construct apart', () => {
  expect(nameFor({ a: '1' }, 'config')).toMatch(/^finetune-math-config-[0-9a-f]{10}$/);
});

test('the same content has the same name, in whatever order its files come', () => {
  expect(nameFor({ a: '1', b: '2' })).toBe(nameFor({ b: '2', a: '1' }));
});

test.each([
  ['a text', { a: '2' }],
  ['a key', { b: '1' }],
  ['a further file', { a: '1', b: '' }],
  ['text moved to another file', { a: '', b: '1' }],
])('%s changes the name', (_, data) => {
  expect(nameFor(data)).not.toBe(nameFor({ a: '1' }));
});

test('what stands in one file is not mistaken for two', () => {
  expect(nameFor({ a: '1\nb 1\n2' })).not.toBe(nameFor({ a: '1', b: '2' }));
});

test('a file that is too large is found, at its construct', () => {
  const { app, chart } = chartOf();
  contentConfigMap(new Construct(chart, 'math'), 'Resource', { a: 'x'.repeat(2 ** 20) });
  expect(findingsWith(app, 'config-map-too-large')).toEqual([
    expect.objectContaining({ path: 'finetune/math', key: 'a' }),
  ]);
});
