process.env['RECHECK_BACKEND'] = 'pure';

import { join } from 'node:path';
import { checkSync } from 'recheck';
import { regexesIn, regexesOf } from './regexes';

const SOURCE = join(__dirname, '..', 'src');

/** Without `*`, `+` or `{n,}` the work is bounded by a constant for each place it begins at. */
const REPEATS = /[*+]|,\}/;

function verdict(source: string, flags: string): string {
  const found = checkSync(source, flags, { timeout: null });
  return found.status === 'vulnerable'
    ? `${found.complexity.summary}, for example ${found.attack.pattern}`
    : found.status;
}

describe('the regular expressions of the source', () => {
  test('take time that grows with the text, never with its square', () => {
    const slow = regexesIn(SOURCE)
      .filter(({ source }) => REPEATS.test(source))
      .map(({ place, source, flags }) => ({ place, source, verdict: verdict(source, flags) }))
      .filter((each) => each.verdict !== 'safe');
    expect(slow).toEqual([]);
  }, 600_000);

  test('are all looked at: literals, and what is put together', () => {
    const text = 'const A = `(?:a|${x}+)`;\nfoo(/a+$/g, new RegExp(`^${A}*${"$"}`, "m"), RegExp(String.raw`\\s+`));';
    expect(regexesOf('a.ts', text)).toEqual([
      { place: 'a.ts:2', source: 'a+$', flags: 'g' },
      { place: 'a.ts:2', source: '^(?:a|x+)*$', flags: 'm' },
      { place: 'a.ts:2', source: '\\s+', flags: '' },
    ]);
  });

  test.each(['\\s+$', '^\\s*#', '(a|a)*b', '^\\d+\\.?\\d*$'])('%s would be found', (source) => {
    expect(verdict(source, 'm')).toMatch(/polynomial|exponential/);
  });
});
