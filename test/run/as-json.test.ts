import { asJson } from '../../src/run/as-json';

test.each([
  [{ a: [1, 'b', null] }, '{"a":[1,"b",null]}'],
  [9007199254740993n, '"9007199254740993"'],
  [[{ a: 9007199254740993n }], '[{"a":"9007199254740993"}]'],
  [undefined, 'undefined'],
])('%p as JSON is %s', (value, text) => {
  expect(asJson(value)).toBe(text);
});
