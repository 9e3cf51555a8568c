import fc from 'fast-check';
import { parse } from 'yaml';
import { applyEdit } from '../../src/cli/edits';
import { EditOperation } from '../../src/run/finding';

const YAML = `# the run
a: 1 # one
b: "two"

# about c
c:
  d: 3 # three
  e: [x, y]
list:
- p
- q
last: 1e-4`;

const set = (key: string, value: unknown) => ({ key, op: EditOperation.SET, value });
const remove = (key: string) => ({ key, op: EditOperation.REMOVE });
const rename = (key: string, value: string) => ({ key, op: EditOperation.RENAME, value });
/** The text with one stretch replaced: fails if the stretch isn't there. */
const replaced = (from: string, to: string, text = YAML) => {
  expect(text).toContain(from);
  return text.replace(from, to);
};

describe('a YAML text', () => {
  test('a value is set where it stands, its comment kept', () => {
    expect(applyEdit(YAML, set('a', 2), 'x.yaml')).toBe(replaced('a: 1 #', 'a: 2 #'));
  });
  test('a nested value is set by its dotted key', () => {
    expect(applyEdit(YAML, set('c.d', 4), 'x.yaml')).toBe(replaced('d: 3 #', 'd: 4 #'));
  });
  test('a list over several lines gives way to one value', () => {
    expect(applyEdit(YAML, set('list', 'all'), 'x.yaml')).toBe(replaced('list:\n- p\n- q\n', 'list: all\n'));
  });
  test('a new key comes after the last, whether or not the text ends a line', () => {
    expect(applyEdit(YAML, set('new', true), 'x.yaml')).toBe(`${YAML}\nnew: true\n`);
    expect(applyEdit(`${YAML}\n`, set('new', true), 'x.yaml')).toBe(`${YAML}\nnew: true\n`);
  });
  test('a new nested key stands beside its neighbours', () => {
    expect(applyEdit(YAML, set('c.f', 'z'), 'x.yaml')).toBe(replaced('  e: [x, y]\n', '  e: [x, y]\n  f: z\n'));
  });
  test('a key without a value gets one', () => {
    expect(applyEdit('a:\nb: 1\n', set('a', 2), 'x.yaml')).toBe('a: 2\nb: 1\n');
  });
  test('a removed key takes its line and nothing else with it', () => {
    expect(applyEdit(YAML, remove('a'), 'x.yaml')).toBe(replaced('a: 1 # one\n', ''));
    expect(applyEdit(YAML, remove('c'), 'x.yaml')).toBe(replaced('c:\n  d: 3 # three\n  e: [x, y]\n', ''));
  });
  test('a renamed key keeps its value and place', () => {
    expect(applyEdit(YAML, rename('b', 'bb'), 'x.yaml')).toBe(replaced('b: "two"', 'bb: "two"'));
  });
  test('a key renamed to one that is there already goes', () => {
    expect(applyEdit(YAML, rename('b', 'a'), 'x.yaml')).toBe(replaced('b: "two"\n', ''));
  });
  test('a key given twice is set once', () => {
    expect(applyEdit('a: 1\nb: 2\na: 3\n', set('a', 4), 'x.yaml')).toBe('b: 2\na: 4\n');
  });
  test('numbers are written so that Python reads numbers, and words so that it reads text', () => {
    expect(applyEdit('a: 1\n', set('a', 3e-5), 'x.yaml')).toBe('a: 3.0e-5\n');
    expect(applyEdit('a: 1\n', set('a', 'no'), 'x.yaml')).toBe('a: "no"\n');
  });
  test('lines that end as on Windows stay so', () => {
    expect(applyEdit('a: 1\r\nb: 2\r\n', set('c', 3), 'x.yaml')).toBe('a: 1\r\nb: 2\r\nc: 3\r\n');
    expect(applyEdit('a: 1\r\nb: 2\r\n', remove('a'), 'x.yaml')).toBe('b: 2\r\n');
  });
  test('a value that others refer to is left alone', () => {
    expect(applyEdit('a: &x 1\nb: *x\n', set('a', 2), 'x.yaml')).toBeUndefined();
    expect(applyEdit('a: &x 1\nb: *x\n', remove('a'), 'x.yaml')).toBeUndefined();
  });
  test('a value that refers to another, or that a tag explains, is left alone', () => {
    for (const text of ['a: &x 1\nb: *x\n', 'a: 1\nb: !!str 2\n', 'a: 1\nb: &y 2\n']) {
      expect(applyEdit(text, set('b', 3), 'x.yaml')).toBeUndefined();
    }
  });
  test('a mapping is written on its line', () => {
    expect(applyEdit('a: 1\n', set('a', { b: 1, c: ['x', true] }), 'x.yaml')).toBe('a: { b: 1, c: [x, true] }\n');
    expect(applyEdit('a: 1\n', set('a', {}), 'x.yaml')).toBe('a: {}\n');
  });
  test('null is set like any other value', () => {
    expect(applyEdit('a: null\nb: ~\n', set('a', 2), 'x.yaml')).toBe('a: 2\nb: ~\n');
  });
  test('a value that is so already leaves nothing to change', () => {
    expect(applyEdit('a: 1\n', set('a', 1), 'x.yaml')).toBeUndefined();
  });
  test('a removed list over several lines takes all of them', () => {
    expect(applyEdit(YAML, remove('list'), 'x.yaml')).toBe(replaced('list:\n- p\n- q\n', ''));
  });
  test('a text that is no mapping is left alone', () => {
    for (const text of ['a: [', '- 1\n', 'x']) expect(applyEdit(text, set('a', 2), 'x.yaml')).toBeUndefined();
  });
  test('any value written is the value read, and the other keys stay', () => {
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.string(), { maxLength: 3 }),
    );
    const layouts = ['k: 1 # c\nz: 9\n', 'k:\n- 1\nz: 9', 'z: 9', '{k: 1, z: 9}\n', 'z: 9\nk: |\n  text\n\n'];
    fc.assert(
      fc.property(value, fc.constantFrom(...layouts), (wanted, text) => {
        expect(parse(applyEdit(text, set('k', wanted), 'x.yaml') ?? text)).toEqual({ k: wanted, z: 9 });
      }),
      {
        numRuns: 500,
        examples: [
          ['#', 'z: 9'],
          ['- a', 'k: 1 # c\nz: 9\n'],
        ],
      },
    );
  });
});

describe('a JSON text', () => {
  const JSON_TEXT = '{\n  "fp16": { "enabled": true },\n  "zero": {\n    "stage": 3,\n    "size": 1e9\n  }\n}\n';
  test('a value is set, other numbers keep their spelling', () => {
    expect(applyEdit(JSON_TEXT, set('zero.stage', 2), 'ds.json')).toBe(replaced('"stage": 3', '"stage": 2', JSON_TEXT));
  });
  test('a key is added with a comma, on a line of its own where its neighbours have one', () => {
    const added = applyEdit(JSON_TEXT, set('train_batch_size', 'auto'), 'ds.json');
    expect(added).toBe(replaced('  }\n}\n', '  },\n  "train_batch_size": "auto"\n}\n', JSON_TEXT));
  });
  test.each(['fp16', 'zero', 'zero.stage', 'zero.size', 'fp16.enabled'])('%s is removed, commas and all', (key) => {
    const wanted = JSON.parse(JSON_TEXT);
    const [outer = '', inner] = key.split('.');
    if (inner === undefined) delete wanted[outer];
    else delete wanted[outer][inner];
    expect(JSON.parse(applyEdit(JSON_TEXT, remove(key), 'ds.json') ?? '')).toEqual(wanted);
  });
  test('a file that is not there begins with the key', () => {
    expect(JSON.parse(applyEdit('', set('a.b', 1), 'ds.json') ?? '')).toEqual({ a: { b: 1 } });
  });
});
