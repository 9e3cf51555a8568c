import { itemsAt, jsonFault } from '../../src/llamafactory/json-fault';

test.each([
  ['{"a": 1\n "b": 2}', 2, 2, "Expecting ',' delimiter"],
  ['{"a": 1,}', 1, 9, 'Expecting property name enclosed in double quotes'],
  ['[1, ]', 1, 5, 'Expecting value'],
  ['{"a" 1}', 1, 6, "Expecting ':' delimiter"],
  ["{'a': 1}", 1, 2, 'Expecting property name enclosed in double quotes'],
  ['[1]\n[2]', 2, 1, 'Extra data'],
  ['{"a": [1, 2}', 1, 12, "Expecting ',' delimiter"],
  ['', 1, 1, 'Expecting value'],
  ['{"a": ', 1, 7, 'Expecting value'],
  ['{"a": "b\n"}', 1, 7, 'a string is not ended, or not as JSON has it'],
  ['["\\q"]', 1, 2, 'a string is not ended, or not as JSON has it'],
  ['{"a": True}', 1, 7, 'Expecting value'],
])('%j is no JSON, from line %i, column %i on', (text, line, column, said) => {
  expect(() => JSON.parse(text)).toThrow();
  expect(jsonFault(text)).toEqual({ line, column, text: said });
});

test.each(['{"a": [1, -2.5e3, true, null, "x\\"\\u00e9"], "b": {}}', ' [] ', '"x"', '[NaN, -Infinity]'])(
  '%j is JSON',
  (text) => {
    expect(jsonFault(text)).toBeUndefined();
  },
);

test('the items of a list are known by where they begin', () => {
  const text = '[\n {"a": "x,[\\"y"},\n [1, 2], 3\n]';
  expect(itemsAt(text).map((at) => text.slice(at, at + 2))).toEqual(['{"', '[1', '3\n']);
  expect(itemsAt('{"a": [1]}')).toEqual([]);
  expect(itemsAt('[]')).toEqual([]);
});
