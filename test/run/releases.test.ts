import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import type { ReleaseFacts } from '../../src/run/release-table';
import {
  before,
  DEFAULT_RELEASE,
  isIn,
  RELEASE_FACTS,
  RELEASES,
  type Release,
  since,
  transformersOf,
} from '../../src/run/releases';
import { REPOSITORY } from '../folder';

const read = (file: string) => readFileSync(join(REPOSITORY, file), 'utf8');

describe('the table of releases', () => {
  test('has those of the data, in its order, with their transformers', () => {
    const { releases } = JSON.parse(read('data/llamafactory/fields.json'));
    const table = RELEASES.map((release) => [release, { transformers: RELEASE_FACTS[release].transformers }]);
    expect(Object.entries(releases)).toEqual(table);
  });

  test.each(RELEASES)('has what is recorded of %s', (release) => {
    const recorded = ['', '-fixed', '-silent', '-data'].map((kind) => `test/parity/verdicts/${release}${kind}.json`);
    const files = [`tools/llamafactory-schema/templates-${release}.json`, ...recorded];
    expect(files.filter((file) => !existsSync(join(REPOSITORY, file)))).toEqual([]);
  });

  test.each(['README.md', 'README.zh-CN.md', 'docs/command-line.md', 'src/trainer-image.ts'])(
    'is told in whole by %s',
    (file) => {
      const text = read(file);
      expect(RELEASES.filter((release) => !text.includes(release))).toEqual([]);
    },
  );

  test('has the default that documentation names', () => {
    expect(read('src/trainer-image.ts').match(/@default \d.*/g)).toEqual(Array(2).fill(`@default ${DEFAULT_RELEASE}`));
  });

  test('takes no release without its transformers and its image', () => {
    // @ts-expect-error no image, and not said that there is none
    const wanting: ReleaseFacts = { transformers: '5.7.0' };
    // @ts-expect-error no transformers
    const unknown: ReleaseFacts = { image: undefined };
    // @ts-expect-error no release of the table
    const missing: Release = '0.9.2';
    expect([wanting, unknown, missing]).toHaveLength(3);
  });
});

describe('releases are compared by their order', () => {
  const those = (wanted: (release: Release) => boolean) => RELEASES.filter(wanted);

  test('since a release means that one and later ones, before it means older ones', () => {
    expect(those((release) => since(release, '0.9.4'))).toEqual(['0.9.4', '0.9.5']);
    expect(those((release) => before(release, '0.9.4'))).toEqual(['0.9.3']);
  });

  test.each([
    [{}, ['0.9.3', '0.9.4', '0.9.5']],
    [{ since: '0.9.4' }, ['0.9.4', '0.9.5']],
    [{ before: '0.9.5' }, ['0.9.3', '0.9.4']],
    [{ since: '0.9.4', before: '0.9.5' }, ['0.9.4']],
    [{ until: '0.9.4' }, ['0.9.3', '0.9.4']],
  ] as const)('%j is %j', (range, releases) => {
    expect(those((release) => isIn(release, range))).toEqual(releases);
  });

  test('the default is the newest with an image', () => {
    expect(RELEASES.filter((release) => RELEASE_FACTS[release].image !== undefined).at(-1)).toBe(DEFAULT_RELEASE);
  });
});

test.each([
  ["the image's, where it is known", { release: '0.9.5', image: { transformers: '4.53.1' } }, 4, 53],
  ["the release's, where the image is not", { release: '0.9.3' }, 4, 52],
  ['of 0.9.5 the newest that it allows', { release: '0.9.5' }, 5, 6],
  ['of a version without a minor part its first', { release: '0.9.5', image: { transformers: '5' } }, 5, 0],
] as const)('the transformers of a run are %s', (_, run, major, minor) => {
  expect(transformersOf(run)).toEqual({ major, minor });
});

describe('a release in the source', () => {
  const files = readdirSync(join(REPOSITORY, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== join('run', 'release-table.ts'))
    .map((file) => join('src', file));

  test.each([
    ["if (release === '0.9.5') a();", ["0.9.5 in release === '0.9.5'"]],
    ["const OLD = ['0.9.3', '0.9.4'];", ["0.9.3 in ['0.9.3', '0.9.4']", "0.9.4 in ['0.9.3', '0.9.4']"]],
    ["const T = { '0.9.5': 5 };", ["0.9.5 in '0.9.5': 5"]],
    ['switch (release) { case `0.9.4`: a(); }', ['0.9.4 in case `0.9.4`: a();']],
    ["const range = { since: '0.9.4', before: '0.9.5' };", []],
    ["if (since(run.release, '0.9.4') || before(run.release, '0.9.3')) a();", []],
    ["const text = 'LLaMA-Factory 0.9.4 and older';", []],
  ])('is looked for in %s', (text, found) => {
    expect(releasesNamedIn('a.ts', text)).toEqual(found);
  });

  test('is one that others come since or before, never one to be equal to', () => {
    expect(files.length).toBeGreaterThan(200);
    expect(files.flatMap((file) => releasesNamedIn(file, read(file)))).toEqual([]);
  });
});

/** The releases that stand in code as a text of their own, but for those that `since` and `before` are given. */
function releasesNamedIn(file: string, text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) && /^\d+\.\d+\.\d+$/.test(node.text) && !isBound(node)) {
      found.push(`${node.text} in ${node.parent.getText()}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true));
  return found;
}

/** True for the second argument of since() and before(), and for what stands under `since:` and `before:`. */
function isBound(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isPropertyAssignment(parent))
    return parent.initializer === node && /^(since|before)$/.test(parent.name.getText());
  const called = ts.isCallExpression(parent) && parent.arguments[1] === node;
  return called && /^(since|before)$/.test(parent.expression.getText());
}
