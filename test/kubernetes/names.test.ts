import fc from 'fast-check';
import { JOB_NAME_LENGTH, NAME_LENGTH, objectName, slug } from '../../src/kubernetes/names';

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** Ids of constructs: anything but a slash, which constructs replace. */
const id = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.string({ unit: fc.constantFrom(...'aZ09-_. 数é🙂'), maxLength: 80 }),
    fc.constantFrom('', '-', '--', 'a-', '数学', '数学训练', 'Math', 'math', 'a'.repeat(63), 'a'.repeat(64), '.'),
  )
  .filter((text) => !text.includes('/'));
const suffix = fc.stringMatching(/^[0-9a-f]{10}$/);
const maxLength = fc.integer({ min: JOB_NAME_LENGTH, max: NAME_LENGTH });

test('a readable path is the name, as it is', () => {
  expect(objectName(['finetune', 'math-train'])).toBe('finetune-math-train');
});

test('the suffix stands at the end', () => {
  expect(objectName(['finetune', 'math'], { suffix: 'ab12' })).toBe('finetune-math-ab12');
});

test.each([
  ['capitals', ['Finetune'], /^finetune-[0-9a-f]{6}$/],
  ['underscores and dots', ['math_train.v2'], /^math-train-v2-[0-9a-f]{6}$/],
  ['another script', ['数学'], /^run-[0-9a-f]{6}$/],
  ['another script beside Latin letters', ['math', '数学'], /^math-[0-9a-f]{6}$/],
  ['hyphens at the ends', ['-math-'], /^math-[0-9a-f]{6}$/],
  ['nothing at all', [], /^run-[0-9a-f]{6}$/],
  ['an empty part', [''], /^run-[0-9a-f]{6}$/],
])('%s: what had to go is told by a hash', (_, parts, expected) => {
  expect(objectName(parts)).toMatch(expected);
});

test('a name that is just short enough stays as it is', () => {
  expect(objectName(['a'.repeat(NAME_LENGTH)])).toBe('a'.repeat(NAME_LENGTH));
});

test('a name that is one too long is cut for a hash', () => {
  expect(objectName(['a'.repeat(NAME_LENGTH + 1)])).toMatch(/^a{56}-[0-9a-f]{6}$/);
});

test('the suffix counts in the length', () => {
  const name = objectName(['a'.repeat(30)], { suffix: '0123456789', maxLength: JOB_NAME_LENGTH });
  expect(name).toMatch(/^a{22}-[0-9a-f]{6}-0123456789$/);
});

test('no two hyphens meet where a long name is cut', () => {
  expect(objectName([`${'a'.repeat(55)}---${'b'.repeat(20)}`])).toMatch(/^a{55}-[0-9a-f]{6}$/);
});

test.each([
  [['sweep', 'q4', 'math-train', 'lr-0-00003'], 29, /^math-train-lr-0-00003-[0-9a-f]{6}$/],
  [['s', 'q4', 'abcdefghij', 'lr-0-00003'], 24, /^s-q4-lr-0-00003-[0-9a-f]{6}$/],
  [['s', 'q4', 'abcdefghij', 'lr-0-00003'], 26, 's-q4-abcdefghij-lr-0-00003'],
  [['a'.repeat(40)], 30, /^a{23}-[0-9a-f]{6}$/],
  [['sweep', `${'a'.repeat(30)}-1`], 30, /^sweep-1-[0-9a-f]{6}$/],
])('a long name of %j keeps whole words of its end, then of its beginning, within %d', (parts, max, expected) => {
  expect(objectName(parts, { maxLength: max, keepEnd: true })).toMatch(expected);
});

test('the same parts give the same name', () => {
  expect(objectName(['数学', 'Train'])).toBe(objectName(['数学', 'Train']));
});

test('a name is a DNS label of the right length, whatever ids, length and suffix', () => {
  fc.assert(
    fc.property(
      fc.array(id, { maxLength: 4 }),
      maxLength,
      fc.option(suffix, { nil: undefined }),
      fc.boolean(),
      (parts, max, end, keepEnd) => {
        const name = objectName(parts, { maxLength: max, suffix: end, keepEnd });
        expect(name).toMatch(DNS_LABEL);
        expect(name.length).toBeLessThanOrEqual(max);
        if (end !== undefined) expect(name.endsWith(`-${end}`)).toBe(true);
      },
    ),
  );
});

test('distinct ids beside each other have distinct names', () => {
  fc.assert(
    fc.property(fc.uniqueArray(id, { minLength: 2, maxLength: 6 }), maxLength, fc.boolean(), (ids, max, keepEnd) => {
      const names = ids.map((each) => objectName(['finetune', each], { maxLength: max, keepEnd }));
      expect(new Set(names).size).toBe(ids.length);
    }),
  );
});

test.each([
  ['Qwen3-14B', 'qwen3-14b'],
  ['math  train', 'math-train'],
  ['_a_', 'a'],
  ['数学', ''],
])('the slug of %j is %j', (text, expected) => {
  expect(slug(text)).toBe(expected);
});
