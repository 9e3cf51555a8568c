import fc from 'fast-check';
import { loadYaml } from '../../src/llamafactory/load';

const ids = (text: string, release: '0.9.3' | '0.9.5' = '0.9.5') =>
  loadYaml(text, release, 'train.yaml').findings.map(({ id }) => id);
const value = (text: string, release: '0.9.3' | '0.9.5' = '0.9.5') => loadYaml(`x: ${text}`, release, 'f').args['x'];

describe('reading a train config', () => {
  test('a key given twice is refused from 0.9.4 on, with both places', () => {
    const { loads, findings } = loadYaml('pure_bf16: false\nseed: 1\npure_bf16: true\n', '0.9.5', 'train.yaml');
    expect(loads).toBe(false);
    expect(findings).toMatchObject([{ id: 'yaml-duplicate-key', key: 'pure_bf16' }]);
    expect(findings[0]?.message).toBe('`pure_bf16` is given twice (first in line 1)');
    expect(findings[0]?.place).toMatchObject({ line: 3, column: 1 });
  });

  test('of a key given twice 0.9.3 takes the last', () => {
    const { loads, args } = loadYaml('seed: 1\nseed: 2\n', '0.9.3', 'train.yaml');
    expect([loads, args]).toEqual([true, { seed: 2 }]);
  });

  test('1e-4 is a number from 0.9.4 on and a string before', () => {
    expect([value('1e-4'), value('1e-4', '0.9.3')]).toEqual([0.0001, '1e-4']);
  });

  test('YAML 1.1 reads yes, octal and base 60', () => {
    expect([value('yes'), value('010'), value('1:30'), value('"yes"')]).toEqual([true, 8, 90, 'yes']);
  });

  test('a date is a string from 0.9.4 on and refused before', () => {
    expect(value('2024-01-01')).toBe('2024-01-01');
    expect(ids('x: 2024-01-01', '0.9.3')).toEqual(['yaml-tag']);
  });

  test('a whole number written as a float is remembered', () => {
    const { args, floats } = loadYaml('a: 2.0\nb: 2\n', '0.9.5', 'f');
    expect([args, [...floats]]).toEqual([{ a: 2, b: 2 }, ['a']]);
  });

  test('an interpolation stays as it is, what only looks like one is refused', () => {
    expect(value('${output_dir}/x')).toBe('${output_dir}/x');
    expect([ids('x: ${'), ids('x: {"${": 1}')]).toEqual([['yaml-interpolation'], []]);
  });

  test('a key called __proto__ is a key like any other', () => {
    const { args } = loadYaml('__proto__: {lora_rank: 8}\n', '0.9.5', 'a.yaml');
    expect(Object.keys(args)).toEqual(['__proto__']);
    expect(args['lora_rank']).toBeUndefined();
  });

  test('says where a key stands', () => {
    expect(loadYaml('a: 1\n\nb: 2\n', '0.9.5', 'f').position('b')).toEqual({ line: 3, column: 1 });
  });

  test.each([
    ['an empty file', '', 'yaml-empty'],
    ['nothing but a comment', '# x\n', 'yaml-empty'],
    ['a list', '- a\n', 'yaml-not-mapping'],
    ['a text', 'hello\n', 'yaml-not-mapping'],
    ['a binary file', 'a\u0000b', 'yaml-binary'],
    ['a huge file', `a: ${'x'.repeat(1_000_001)}`, 'yaml-too-large'],
    ['a cycle', 'a: &a [*a]\n', 'yaml-cycle'],
    ['aliases that explode', explosion(), 'yaml-too-large'],
    ['two documents', 'a: 1\n---\nb: 2\n', 'yaml-syntax'],
    ['broken syntax', 'a: [1\n', 'yaml-syntax'],
    ['a depth that no stack holds', `a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`, 'yaml-nesting'],
  ])('%s gets one clear finding', (_, text, id) => {
    expect(ids(text)).toEqual([id]);
    expect(ids(text, '0.9.3')).toEqual([id]);
  });

  test.each([
    ['brackets', (depth: number) => `x: ${'['.repeat(depth)}${']'.repeat(depth)}`],
    ['braces', (depth: number) => `x: ${'{a: '.repeat(depth)}1${'}'.repeat(depth)}`],
    ['entries in entries', (depth: number) => `x:\n  ${'- '.repeat(depth - 1)}1`],
    [
      'indentation',
      (depth: number) => Array.from({ length: Math.min(depth, 1000) }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    ],
  ])('nesting of %s is read as far as it goes, and refused beyond, before the stack ends', (_, nested) => {
    const nests = (depth: number) => ids(nested(depth)).includes('yaml-nesting');
    expect([nests(20), nests(100_000)]).toEqual([false, true]);
  });

  test('brackets that were closed do not count', () => {
    expect(ids(`x: [${'[1], '.repeat(500)}2]`)).toEqual([]);
    expect(ids(`x: [${'{a: 1}, '.repeat(500)}2]`)).toEqual([]);
  });

  test.each([
    ['x: *nobody', 'yaml-anchor', '*nobody refers to an anchor that is not defined'],
    ['x: &a [*a]', 'yaml-cycle', '*a stands inside what it refers to'],
    [`x: ${'['.repeat(100_000)}`, 'yaml-nesting', 'it is nested too deeply to be read'],
    ['x: !!set [1]', 'yaml-tag', 'the tag set can not be read'],
  ])('%.20s is refused with the reason', (text, id, message) => {
    expect(loadYaml(text, '0.9.5', 'f').findings).toMatchObject([{ id, message: expect.stringContaining(message) }]);
  });

  test.each([
    ['', 'empty'],
    ['- 1', 'list'],
    ['a: 1', 'mapping'],
    ['text', 'text'],
    ['2.0', 'value'],
    ['~', 'empty'],
  ])('the root of %j is called %s', (text, root) => {
    expect(loadYaml(text, '0.9.5', 'f').root).toBe(root);
  });

  // What PyYAML reads in them; a value in quotes or brackets may go on at the start of a line.
  test.each<[string, unknown]>([
    ['x: "a \\" b\nc"\ny: 1\n', { x: 'a " b c', y: 1 }],
    ["x: 'it''s\nb'\ny: 1\n", { x: "it's b", y: 1 }],
    ["x: [\"a]\", 'b]''',\n1]\ny: 2\n", { x: ['a]', "b]'", 1], y: 2 }],
    ["x: 'a\\'\ny: 1\n", { x: 'a\\', y: 1 }],
    ['x: "a\\\\"\ny: "b\nc"\n', { x: 'a\\', y: 'b c' }],
    ['x: {a: "}",\nb: 1}\ny: 3\n', { x: { a: '}', b: 1 }, y: 3 }],
    ["x: [it's,\n1]\ny: 4\n", { x: ["it's", 1], y: 4 }],
    ['x: "a\'\nb"\ny: 1\n', { x: "a' b", y: 1 }],
  ])('%j is read over its lines', (text, args) => {
    expect(loadYaml(text, '0.9.5', 'f').args).toEqual(args);
    expect(loadYaml(text, '0.9.3', 'f').args).toEqual(args);
  });

  test('a text that holds a mapping is read again', () => {
    const { loads, args } = loadYaml('"model_name_or_path: x"\n', '0.9.5', 'f');
    expect([loads, args]).toEqual([true, { model_name_or_path: 'x' }]);
    expect([loadYaml('"[x]"', '0.9.5', 'f').root, loadYaml('"x: 1"', '0.9.3', 'f').root]).toEqual(['list', 'text']);
    expect(ids('"x: 1\\nx: 2"')).toEqual(['yaml-duplicate-key']);
  });

  test('between brackets a question mark begins no value', () => {
    expect([ids('x: {a: ???}'), ids('x: [???]'), ids('x: {??: 1}')]).toEqual(Array(3).fill(['yaml-syntax']));
    expect([ids('x: [a?b]', '0.9.3'), ids('x: {a?: 1}', '0.9.3')]).toEqual(Array(2).fill(['yaml-syntax']));
    expect([ids('x: ???'), ids('x: {"???": "???"}'), ids('x: {?a: 1}'), ids('x: [a?]')]).toEqual(Array(4).fill([]));
  });

  test('between brackets a colon needs a blank behind it to libyaml, and begins nothing', () => {
    expect([ids('x: {a:[1]}'), ids('x: {a:}'), ids('x: [:a]')]).toEqual(Array(3).fill(['yaml-syntax']));
    expect([ids('x: {a:[1]}', '0.9.3'), ids('x: {"a":[1]}'), ids('x: [a:b]')]).toEqual([[], [], []]);
    expect(ids('x: [:a]', '0.9.3')).toEqual(['yaml-syntax']);
  });

  test('a tab within a key is part of it to libyaml alone', () => {
    expect([ids('a\tb: 1'), ids('a\tb: 1', '0.9.3')]).toEqual([[], ['yaml-tab']]);
  });

  test('a mark of a document ends it in quotes, too', () => {
    expect([ids('x: "a\n---\nb"'), ids('x: "a\n... b"')]).toEqual([['yaml-syntax'], ['yaml-syntax']]);
    expect([ids('x: "a\n ---\nb"'), ids('x: "a\n---b"')]).toEqual([[], []]);
  });

  test('halves of characters and other directives are refused by libyaml, which 0.9.3 does not use', () => {
    expect([ids('x: "\\ud83d\\ude00"'), ids('%FOO\n---\nx: 1')]).toEqual([['yaml-syntax'], ['yaml-directive']]);
    expect([ids('x: "\\\\ud83d"'), ids('%TAG ! tag:x\n---\nx: 1')]).toEqual([[], []]);
    expect([ids('x: "\\ud83d\\ude00"', '0.9.3'), ids('%FOO\n---\nx: 1', '0.9.3')]).toEqual([[], []]);
  });

  test.each([
    ['x: 1\n...\n%TAG ! a\n', 'yaml-directive'],
    ['%\n---\nx: 1', 'yaml-directive'],
    ['%YAML 1.1\n%YAML 1.1\n---\nx: 1', 'yaml-directive'],
    ['%TAG ! a\n%TAG ! b\n---\nx: 1', 'yaml-directive'],
    ['%YAML 2.0\n---\nx: 1', 'yaml-version'],
  ])('%j is refused by both', (text, id) => {
    expect([ids(text), ids(text, '0.9.3')]).toEqual([[id], [id]]);
  });

  test('directives that are right, and what only looks like one', () => {
    expect(ids('# x\n%YAML 1.2\n%TAG !a! tag:a\n%TAG !b! tag:b\n---\nx: "a\n%b"\n')).toEqual([]);
    expect([ids('%YAML 1.3\n---\nx: 1'), ids('%YAML 1.3\n---\nx: 1', '0.9.3')]).toEqual([['yaml-version'], []]);
  });

  test('a byte order mark begins a file; before another line it is a blank to libyaml', () => {
    expect([ids('\ufeffx: 1'), ids('x: 1\n\ufeffy: 2'), ids('x: 1\n\ufeff# y')]).toEqual([[], ['yaml-syntax'], []]);
  });

  test('bytes can be a key', () => {
    expect(value('{!!binary aGk=: 1}')).toEqual({ hi: 1 });
  });

  test('a fault names the project that refuses it', () => {
    const source = (release: '0.9.3' | '0.9.5') => loadYaml('x: *a', release, 'f').findings[0]?.source;
    expect([source('0.9.3'), source('0.9.5')]).toEqual([
      expect.stringMatching(/yaml/i),
      expect.stringMatching(/omegaconf/i),
    ]);
    expect(source('0.9.3')).not.toBe(source('0.9.5'));
  });

  test('an octal number of any length is itself', () => {
    expect(value('0777777777777777777777')).toBe(0o777777777777777777777n);
    expect(value('-0777777777777777777777')).toBe(-0o777777777777777777777n);
  });

  test('a key that is not there stands nowhere', () => {
    expect(loadYaml('a: 1', '0.9.5', 'f').position('b')).toBeUndefined();
  });

  test('never throws, whatever the text', () => {
    const character = fc.constantFrom(...'ab1: -\n\t"\'[]{},&*!|>#%@?~.${}<');
    fc.assert(
      fc.property(fc.array(character, { maxLength: 60 }), (characters) => {
        for (const release of ['0.9.3', '0.9.5'] as const) loadYaml(characters.join(''), release, 'f');
      }),
      { numRuns: 500, seed: 7 },
    );
  });
});

function explosion(): string {
  const line = (level: number) =>
    `l${level}: &l${level} [${Array(40)
      .fill(`*l${level - 1}`)
      .join(', ')}]`;
  return `l0: &l0 [x, x, x]\n${[1, 2, 3, 4].map(line).join('\n')}\n`;
}
