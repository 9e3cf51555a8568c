import { blocksOf, commandsOf, projectsOf, useOf } from './extract';

function page(...lines: string[]) {
  return blocksOf('page.md', lines.join('\n'));
}

test('a block has its language, its text, its line and the comment before it', () => {
  const blocks = page(
    '# Title',
    '',
    '<!-- output: ls -->',
    '',
    '```text',
    'a',
    '',
    '  b',
    '```',
    '',
    '```ts',
    '1;',
    '```',
  );
  expect(blocks).toEqual([
    { page: 'page.md', line: 5, language: 'text', text: 'a\n\n  b', tag: { name: 'output', value: 'ls' } },
    { page: 'page.md', line: 11, language: 'ts', text: '1;', tag: undefined },
  ]);
});

test('a comment with text between it and the block says nothing of the block', () => {
  expect(page('<!-- output: ls -->', 'Prose.', '```text', 'a', '```')[0]?.tag).toBeUndefined();
});

test('a block in a list loses the list indent', () => {
  expect(page('1. First', '   ```sh', '   npm ci', '   ```')[0]?.text).toBe('npm ci');
});

test('a longer fence holds a shorter one', () => {
  expect(page('````text', '```', '````').map(({ text }) => text)).toEqual(['```']);
});

test('a block that is never closed is an error with its line', () => {
  expect(() => page('', '```ts')).toThrow('page.md:2: the block is never closed');
});

test.each([
  ['```ts', 'program'],
  ['```sh', 'commands'],
  ['<!-- write: a.json -->\n```json', 'file'],
  ['<!-- write: a.ts -->\n```ts', 'file'],
  ['<!-- output: ls -->\n```text', 'claim'],
  ['<!-- file: dist/a.yaml#Job -->\n```yaml', 'claim'],
  ['<!-- fails -->\n```ts', 'program'],
  ['<!-- fails -->\n```sh', undefined],
  ['<!-- outptu: ls -->\n```text', undefined],
  ['```', undefined],
  ['```yaml', undefined],
  ['~~~python', undefined],
])('%j is for: %s', (opening, use) => {
  const fence = opening.includes('~~~') ? '~~~' : '```';
  expect(page(...opening.split('\n'), 'x', fence).map(useOf)).toEqual([use]);
});

test('a project is the files before a program, the program and the claims after it', () => {
  const projects = projectsOf(
    page(
      ...['<!-- write: data.json -->', '```json', '[]', '```'],
      ...['```ts', '1;', '```', '```sh', 'npm ci', '```'],
      ...['<!-- output: ls -->', '```text', 'a', '```'],
      ...['```ts', '2;', '```'],
      ...['<!-- write: b.yaml -->', '```yaml', 'b: 1', '```'],
      ...['<!-- file: b.yaml -->', '```yaml', 'b: 1', '```'],
      ...['<!-- write: c.yaml -->', '```yaml', 'c: 1', '```'],
    ),
  );
  const shapes = projects.map(({ files, program, claims }) => [files.length, program?.text, claims.length]);
  expect(shapes).toEqual([
    [1, '1;', 1],
    [0, '2;', 0],
    [1, undefined, 1],
    [1, undefined, 0],
  ]);
});

test('the commands of a shell block leave out comments and join continued lines', () => {
  const [block] = page('```sh', '# first', 'npm install \\', '  cdk8s', '', 'kubectl apply', '```');
  expect(block && commandsOf(block)).toEqual(['npm install cdk8s', 'kubectl apply']);
});
