/**
 * Asks the real releases and stores what they say: `npm run parity:record [-- RELEASE...]`. With --fixed only the
 * configs that the twin has fixed are asked about, which change with its fixes; with --data only the data sets; with
 * --stale only what has no verdict yet, or has changed.
 */
import { fileStore } from '../../src/cli/file-store';
import { RELEASES, type Release } from '../../src/run/releases';
import { allCases, type ParityCase, SETTINGS } from './cases';
import { dataCases } from './data-cases';
import { digestOfData, readDataVerdicts, recordData } from './data-verdicts';
import { fixedCases, silentCases } from './fixed';
import { askOracle, makeFolder, type RealVerdict, removeFolder } from './oracle-run';
import { digestOf, type Kind, readVerdicts, writeVerdicts } from './verdicts';

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const only = (kind: string) => process.argv.includes(`--${kind}`);
const everything = !only('fixed') && !only('data');
const folder = makeFolder();
for (const release of RELEASES) {
  if (wanted.length > 0 && !wanted.includes(release)) continue;
  if (everything) record(release, 'cases', allCases());
  if (everything || only('fixed')) {
    record(release, 'fixed', fixedCases(release, fileStore().from(folder)).cases);
    record(release, 'silent', silentCases(release, fileStore().from(folder)).cases);
  }
  if ((everything && !(only('stale') && dataHolds(release))) || only('data')) {
    recordData(release, dataCases());
    console.log(`${release}: ${dataCases().length} data sets recorded`);
  }
}
removeFolder(folder);

function record(release: Release, kind: Kind, cases: readonly ParityCase[]): void {
  const verdicts = only('stale') ? verdictsThatHold(release, kind, cases) : new Map<string, RealVerdict>();
  const asked = cases.filter(({ id }) => !verdicts.has(id));
  for (const setting of SETTINGS) {
    const own = asked.filter(({ arch, gpus }) => arch === setting.arch && gpus === setting.gpus);
    if (own.length === 0) continue;
    for (const [id, verdict] of askOracle(own, release, setting, folder)) verdicts.set(id, verdict);
  }
  writeVerdicts(release, kind, cases, verdicts);
  console.log(`${release}: ${asked.length} ${kind} recorded`);
}

function dataHolds(release: Release): boolean {
  const recorded = readDataVerdicts(release);
  return dataCases().every((one) => recorded.get(one.id)?.[0] === digestOfData(one));
}

function verdictsThatHold(release: Release, kind: Kind, cases: readonly ParityCase[]): Map<string, RealVerdict> {
  const recorded = readVerdicts(release, kind);
  return new Map(
    cases.flatMap((one) => {
      const [digest, accepted, error] = recorded.get(one.id) ?? [];
      return accepted !== undefined && digest === digestOf(one) ? [[one.id, { accepted, error }]] : [];
    }),
  );
}
