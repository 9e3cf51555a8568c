import { parseDataFile } from '../../src/llamafactory/dataset-file';

test('a list of samples is its rows', () => {
  expect(parseDataFile('d.json', '[{"a": 1}, {"a": 2}]')).toEqual({ rows: [{ a: 1 }, { a: 2 }] });
});

test('lines of samples are its rows, blank lines left out', () => {
  expect(parseDataFile('d.jsonl', '{"a": 1}\n\n  \n{"a": 2}\r\n')).toEqual({ rows: [{ a: 1 }, { a: 2 }] });
});

test.each(['d.json', 'd.jsonl'])('an empty %s is a fault', (name) => {
  expect(parseDataFile(name, ' \n')).toEqual({ fault: 'the file is empty' });
});

test('a single object instead of a list is said to be so, with what to do', () => {
  expect(parseDataFile('d.json', '{"messages": []}')).toEqual({
    fault: 'the file holds a single object, and a list of samples is needed',
    change: 'put the samples between [ and ], separated by commas',
  });
});

test('another value is shown', () => {
  expect(parseDataFile('d.json', '42')).toEqual({ fault: 'the file holds 42, and a list of samples is needed' });
});

test('a list without samples is a fault', () => {
  expect(parseDataFile('d.json', '[]')).toEqual({ fault: 'the list of samples is empty' });
});

test('text that is no JSON is a fault, with the reason', () => {
  expect(parseDataFile('d.json', '[{]')).toEqual({
    fault: "the file isn't JSON: Expecting property name enclosed in double quotes",
    at: { line: 1, column: 3 },
  });
});

test('a bad line is named by its number', () => {
  expect(parseDataFile('d.jsonl', '{"a": 1}\n\n{a}')).toEqual({
    fault: "line 3 isn't JSON: Expecting property name enclosed in double quotes",
    at: { line: 3, column: 2 },
  });
});

test.each([
  ['d.jsonl', '{}\n'.repeat(500_001), /^the file has more than 500000 rows, /],
  ['d.json', `[${'{},'.repeat(500_000)}{}]`, /^the file has 500001 rows, /],
  ['d.json', `[[${'{},'.repeat(6_000_000)}{}]]`, /^the file holds more than 5000000 values, /],
])('a %s of more than can be looked at is said to be so, and none of it is taken', (name, text, fault) => {
  expect(parseDataFile(name, text)).toEqual({
    fault: expect.stringMatching(fault),
    change: expect.stringContaining('check a part of the rows'),
    tooLarge: true,
  });
});

test('commas in texts are no values', () => {
  const text = JSON.stringify([{ a: ',['.repeat(6_000_000) }]);
  expect(parseDataFile('d.json', text)).toMatchObject({ rows: [{}] });
});
