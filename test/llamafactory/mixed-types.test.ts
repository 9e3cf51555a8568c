import { mixedRows } from '../../src/llamafactory/mixed-types';
import { readRows } from '../../src/llamafactory/row-fates';

const reasons = (rows: readonly unknown[]) => mixedRows(rows).map(({ row, reason }) => `${row}: ${reason}`);
const rest = 'in other rows: a column has one type';

test.each<[string, readonly unknown[], readonly string[]]>([
  ['text and a number', [{ a: 'x' }, { a: 'y' }, { a: 3 }], [`3: 'a' is a number, and text ${rest}`]],
  ['the rarer kind is at fault', [{ a: 1 }, { a: 'y' }, { a: 'z' }], [`1: 'a' is a number, and text ${rest}`]],
  ['a list and text', [{ a: ['x'] }, { a: ['y'] }, { a: 'x' }], [`3: 'a' is text, and a list ${rest}`]],
  ['true and a number', [{ a: 1 }, { a: 2 }, { a: true }], [`3: 'a' is true or false, and a number ${rest}`]],
  [
    'inside a list of messages',
    [{ m: [{ v: 'x' }, { v: 'y' }] }, { m: [{ v: 'z' }] }, { m: [{ v: 4 }] }],
    [`3: 'm[].v' is a number, and text ${rest}`],
  ],
  ['in one row', [{ m: ['x'] }, { m: ['x', 1] }], [`2: 'm[]' is a number, and text ${rest}`]],
  ['null, and keys that are missing', [{ a: 'x' }, { a: null }, {}], []],
  ['whole numbers and fractions', [{ a: 1 }, { a: 1.5 }], []],
  ['mappings with other keys', [{ a: { x: 1 } }, { a: { y: 'z' } }, { a: {} }], []],
  ['lists without anything', [{ a: [] }, { a: ['x'] }, { a: [null] }], []],
])('%s', (_, rows, expected) => {
  expect(reasons(rows)).toEqual(expected);
});

test('a label of kto that is text is told', () => {
  const rows = [{ q: 'a', a: 'b', good: 'true' }];
  const [fate] = readRows(rows, { columns: { prompt: 'q', response: 'a', kto_tag: 'good' } }, 'kto', '0.9.5').fates;
  expect(fate?.reason).toMatch(/is "true", and true or false without quotes is needed$/);
});
