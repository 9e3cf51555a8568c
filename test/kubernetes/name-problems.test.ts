import {
  annotationProblems,
  directoryProblems,
  keyProblems,
  labelProblems,
  objectNameProblems,
  variableProblems,
} from '../../src/kubernetes/name-problems';

const got = (problems: ReturnType<typeof keyProblems>) => problems.map((problem) => [problem.key, problem.got]);

test.each(['models', 'shared.models', 'a-1', '1', 'a'.repeat(253), undefined])('%s names an object', (name) => {
  expect(objectNameProblems('claimName', name)).toEqual([]);
});

test.each(['', 'Models', 'my_models', '-a', 'a-', 'a..b', '.a', '模型', 'a'.repeat(254)])('%s names none', (name) => {
  expect(objectNameProblems('claimName', name)).toEqual([
    expect.objectContaining({ id: 'invalid-name', key: 'claimName', got: JSON.stringify(name) }),
  ]);
});

test.each(['team', 'example.com/Team_1', 'a'.repeat(63)])('%s is a key', (name) => {
  expect(keyProblems('labels', name)).toEqual([]);
});

test.each(['', 'a b', '/team', 'example.com/', 'Example.com/team', 'a/b/c', '-a', 'a'.repeat(64)])(
  '%s is none, told once',
  (name) => {
    expect(got(keyProblems('labels', name))).toEqual([['labels', JSON.stringify(name)]]);
  },
);

test.each(['', 'maths', '2026-11-24', 'a'.repeat(63)])("%s is a label's value", (value) => {
  expect(labelProblems('labels', { team: value })).toEqual([]);
});

test.each(['two words', 'a/b', '-a', '数学', 'a'.repeat(64)])('%s is none', (value) => {
  expect(got(labelProblems('labels', { team: value }))).toEqual([['labels.team', JSON.stringify(value)]]);
});

test('annotations may hold any text, to a size', () => {
  expect(annotationProblems('annotations', { note: 'two words, 数学' })).toEqual([]);
  expect(got(annotationProblems('annotations', { note: 'x'.repeat(262_144) }))).toEqual([
    ['annotations', '262148 bytes'],
  ]);
});

test('a key of annotations is a key', () => {
  expect(got(annotationProblems('annotations', { 'a b': '' }))).toEqual([['annotations', '"a b"']]);
});

test.each(['NCCL_DEBUG', '_a', 'a.b-c'])('%s names a variable', (name) => {
  expect(variableProblems('env', { [name]: '' })).toEqual([]);
});

test.each(['', '1A', 'A B', 'A=B', 'é'])('"%s" names none', (name) => {
  expect(got(variableProblems('env', { [name]: '' }))).toEqual([['env', JSON.stringify(name)]]);
});

test.each([undefined, 'team/a', 'a..b'])('%s is a directory of a volume', (path) => {
  expect(directoryProblems('subPath', path)).toEqual([]);
});

test.each(['', '/team', '../a', 'a/../b'])('"%s" is none', (path) => {
  expect(directoryProblems('subPath', path)).toEqual([expect.objectContaining({ id: 'relative-path', got: path })]);
});
