import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf, commandsOf, projectsOf, useOf } from './extract';
import { untrueOf, Workshop } from './workshop';

const REPOSITORY = join(__dirname, '../..');

/** What the commands of shell blocks begin with: they need a registry, a cluster or a reader, so nothing runs them. */
const COMMANDS = [
  'KUBECTL_APPLYSET=true kubectl ',
  'cd ',
  'docker ',
  'git clone ',
  'kubectl ',
  'mkdir ',
  'npm ci',
  'npm cit',
  'npm init',
  'npm install',
  'npm pack',
  'npm run ',
  'npm test',
  'npx cdk8s ',
  'npx cdk8s-llamafactory ',
  'npx jest ',
  'npx tsx ',
];

const docs = readdirSync(join(REPOSITORY, 'docs'), { recursive: true, encoding: 'utf8' });
const pages = [
  'README.md',
  'README.zh-CN.md',
  'images/trainer/README.md',
  ...docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
];
const blocks = pages.flatMap((page) => blocksOf(page, read(page)));
const projects = pages
  .filter((page) => page !== 'README.zh-CN.md')
  .flatMap((page) => projectsOf(blocks.filter((block) => block.page === page)));

test('every block can be checked', () => {
  expect(blocks.filter((block) => useOf(block) === undefined)).toEqual([]);
});

test('shell blocks hold known commands only', () => {
  const commands = blocks.filter((block) => useOf(block) === 'commands').flatMap(commandsOf);
  expect(commands.filter((command) => !COMMANDS.some((known) => `${command} `.startsWith(known)))).toEqual([]);
});

// So the Chinese page's blocks are checked by checking the English one's.
test('both READMEs have the same blocks in the same order', () => {
  const [english, chinese] = ['README.md', 'README.zh-CN.md'].map((page) =>
    blocks.filter((block) => block.page === page).map(({ language, tag, text }) => ({ language, tag, text })),
  );
  expect(chinese).toEqual(english);
});

test('README shows a program', () => {
  expect(projects.some(({ page, program }) => page === 'README.md' && program !== undefined)).toBe(true);
});

describe('the programs of the pages', () => {
  let workshop: Workshop;
  let directories: string[];

  beforeAll(() => {
    workshop = new Workshop();
    directories = projects.map((project) => workshop.write(project));
  });

  afterAll(() => workshop.remove());

  test('pass the type checker', () => {
    expect(workshop.typeErrors()).toBe('');
  }, 60_000);

  test.each(projects.map((project, index) => ({ ...project, index })))(
    '$page, line $line, does what the page says',
    ({ index, ...project }) => {
      expect(untrueOf(directories[index] ?? '', project)).toEqual([]);
    },
    60_000,
  );
});

function read(page: string): string {
  return readFileSync(join(REPOSITORY, page), 'utf8');
}
