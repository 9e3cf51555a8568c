import { parseCsv } from '../../src/llamafactory/csv-rows';

test('each line is a row, an empty cell null', () => {
  expect(parseCsv('instruction,input,output\nq 0,,a 0\r\n\n"q, ""1""\nx",y,a\n')).toEqual({
    rows: [
      { instruction: 'q 0', input: null, output: 'a 0' },
      { instruction: 'q, "1"\nx', input: 'y', output: 'a' },
    ],
  });
});

test('the last line needs no end, and what it lacks is null', () => {
  expect(parseCsv('a,b\n1,')).toEqual({ rows: [{ a: 1, b: null }] });
  expect(parseCsv('a,b\nx')).toEqual({ rows: [{ a: 'x', b: null }] });
});

test('a column of numbers alone holds numbers, another text', () => {
  expect(parseCsv('a,b\n1,1\n2.5,x\n')).toEqual({
    rows: [
      { a: 1, b: '1' },
      { a: 2.5, b: 'x' },
    ],
  });
});

test('what pandas takes for no value is null, and a line of empty cells is a row', () => {
  expect(parseCsv('a,b\nNone,x\n,\n')).toEqual({
    rows: [
      { a: null, b: 'x' },
      { a: null, b: null },
    ],
  });
});

test.each([
  ['', 'the file is empty'],
  ['a\n"b', 'a quoted cell has no end'],
  ['a\n1\n1,2\n', 'row 2 has 2 cells, and there are 1 columns'],
])('%j is none', (text, fault) => {
  expect(parseCsv(text)).toEqual({ fault });
});
