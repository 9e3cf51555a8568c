import { fileStore } from '../../src/cli/file-store';
import { STEPS } from '../../src/llamafactory/parser/parse';
import { readRows } from '../../src/llamafactory/row-fates';
import type { Finding } from '../../src/run/finding';
import { RELEASES } from '../../src/run/releases';
import { allCases } from '../parity/cases';
import { dataCases } from '../parity/data-cases';
import { digestOfData, keptByTwin, readDataVerdicts } from '../parity/data-verdicts';
import { fixedCases } from '../parity/fixed';
import { judge } from '../parity/judge';
import { makeFolder, removeFolder } from '../parity/oracle-run';
import { digestOf, readVerdicts } from '../parity/verdicts';
import { WHOLE } from '../whole';

// What the real parsers said of the cases made for each rule, recorded by test/parity; `npm run test:parity` tries the
// others too, thousands of configs at random, and what fixes make of them.
const cases = allCases().filter(({ rule }) => rule !== undefined);
const folder = makeFolder();
const files = fileStore().from(folder);
afterAll(() => removeFolder(folder));

const gaps = ({ message, change }: Finding) =>
  [message, ...(change === undefined ? [] : [change])].filter((text) => !WHOLE.test(text));

describe.each(RELEASES)('LLaMA-Factory %s', (release) => {
  test('accepts and refuses what the twin does', () => {
    const verdicts = readVerdicts(release, 'cases');
    const differing = cases.filter((one) => {
      const recorded = verdicts.get(one.id);
      return recorded?.[0] !== digestOf(one) || judge(one, release, files).accepted !== recorded[1];
    });
    expect(differing.map(({ id }) => id)).toEqual([]);
  });

  test('takes what the twin has mended', () => {
    const verdicts = readVerdicts(release, 'fixed');
    const { cases: fixed, unfixed } = fixedCases(release, files);
    const wrong = fixed.filter((one) => {
      const [digest, accepted] = verdicts.get(one.id) ?? [];
      return digest !== digestOf(one) || accepted !== true;
    });
    expect(wrong.map(({ id }) => id)).toEqual([]);
    expect(unfixed).toMatchSnapshot();
  });

  test('keeps the rows that the twin keeps', () => {
    const verdicts = readDataVerdicts(release);
    const differing = dataCases().filter((one) => {
      const [digest, outcome] = verdicts.get(one.id) ?? [];
      const kept = typeof outcome === 'number' ? outcome : undefined;
      return digest !== digestOfData(one) || keptByTwin(one, release) !== kept;
    });
    expect(differing.map(({ id }) => id)).toEqual([]);
  });

  test('has a reason for each row that is not kept', () => {
    const fates = dataCases().flatMap(({ rows, entry, stage }) => readRows(rows, entry, stage, release).fates);
    expect(fates.filter(({ reason }) => !WHOLE.test(reason))).toEqual([]);
    expect(new Set(fates.map(({ reason }) => reason))).toMatchSnapshot();
  });

  test('is spoken of in whole sentences', () => {
    const wanting = cases.flatMap((one) =>
      judge(one, release, files)
        .findings.flatMap(gaps)
        .map((text) => `${one.id}: ${text}`),
    );
    expect(wanting).toEqual([]);
  });
});

test('every rule refuses three cases or more by its own name', () => {
  const refused = new Map<string, number>();
  for (const release of RELEASES) {
    const verdicts = readVerdicts(release, 'cases');
    for (const one of cases) {
      const { rule = '', breaks, id } = one;
      if (!breaks || verdicts.get(id)?.[1] !== false) continue;
      const found = judge(one, release, files).findings.some((finding) => finding.id === rule);
      if (found) refused.set(rule, (refused.get(rule) ?? 0) + 1);
    }
  }
  const rules = new Set(STEPS.flatMap((step) => ('id' in step ? [step.id] : [])));
  expect([...rules].filter((id) => (refused.get(id) ?? 0) < 3)).toEqual([]);
});
