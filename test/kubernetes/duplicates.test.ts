import { duplicateNames, type NamedObject } from '../../src/kubernetes/duplicates';

const object = (changes: Partial<NamedObject> = {}): NamedObject => ({
  path: 'finetune/a',
  apiGroup: 'batch',
  kind: 'Job',
  namespace: 'ml',
  name: 'math',
  keys: () => [],
  ...changes,
});

test('two objects of one kind, namespace and name are an error that names both', () => {
  expect(duplicateNames([object(), object({ path: 'finetune/b' })])).toEqual([
    {
      id: 'duplicate-name',
      severity: 'error',
      path: 'finetune/b',
      key: 'metadata.name',
      message: 'finetune/a already makes a Job of this name in this namespace; the second would overwrite it',
      got: 'math',
      change: 'give one of the two constructs another id, or its chart another namespace',
    },
  ]);
});

test.each([
  ['kind', { kind: 'ConfigMap' }],
  ['namespace', { namespace: 'other' }],
  ['name', { name: 'other' }],
  ['API group', { apiGroup: 'other' }],
])('another %s makes another object', (_, changes) => {
  expect(duplicateNames([object(), object(changes)])).toEqual([]);
});

test('parts that only look the same when put together make different objects', () => {
  expect(duplicateNames([object({ namespace: 'a/b', name: 'c' }), object({ namespace: 'a', name: 'b/c' })])).toEqual(
    [],
  );
});

test('each further object is reported against the first', () => {
  const findings = duplicateNames([object({ path: '1' }), object({ path: '2' }), object({ path: '3' })]);
  expect(findings.map(({ path, message }) => [path, message.slice(0, 1)])).toEqual([
    ['2', '1'],
    ['3', '1'],
  ]);
});
