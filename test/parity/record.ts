/** Asks the real parsers of all releases and stores what they say: `npm run parity:record`. */
import { type Release, RELEASES } from '../../src/run';
import { allCases, SETTINGS } from './cases';
import { askOracle, makeFolder, type RealVerdict, removeFolder } from './oracle-run';
import { writeVerdicts } from './verdicts';

const wanted = process.argv.slice(2);
const cases = allCases();
const folder = makeFolder();
for (const release of RELEASES) {
  if (wanted.length === 0 || wanted.includes(release)) record(release);
}
removeFolder(folder);

function record(release: Release): void {
  const verdicts = new Map<string, RealVerdict>();
  for (const setting of SETTINGS) {
    const own = cases.filter(({ arch, gpus }) => arch === setting.arch && gpus === setting.gpus);
    for (const [id, verdict] of askOracle(own, release, setting, folder)) verdicts.set(id, verdict);
  }
  writeVerdicts(release, cases, verdicts);
  console.log(`${release}: ${cases.length} cases recorded`);
}
