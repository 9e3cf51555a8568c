import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { canonicalJson, digest } from '../../src/run/digest';

test('keys are sorted at every depth', () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: { f: null, e: 'x' } })).toBe(
    '{"a":{"e":"x","f":null},"b":[{"c":2,"d":1}]}',
  );
});

test('the order of a list stays', () => {
  expect(canonicalJson([2, 1])).toBe('[2,1]');
});

test('a key that stands there undefined is as good as none', () => {
  expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
});

test('the text reads back as the value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('the order in which keys were written does not count', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const turned = Object.fromEntries(Object.entries(value).reverse());
      expect(digest(turned)).toBe(digest(value));
    }),
  );
});

test('a digest is the beginning of the SHA-256 of the text', () => {
  expect(digest('数学')).toBe(createHash('sha256').update('数学').digest('hex').slice(0, 10));
});

test('a digest of a value is that of its canonical JSON', () => {
  expect(digest({ b: 1, a: 2 })).toBe(digest('{"a":2,"b":1}'));
});

test('another value has another digest', () => {
  expect(digest({ a: 1 })).not.toBe(digest({ a: '1' }));
});
