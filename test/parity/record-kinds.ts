/** Asks the real releases about configs where they lie, by what they are for, and stores what they say. */
import { RELEASES } from '../../src/run/releases';
import { askAtRoot, placedConfigs, repositoryOf, writePlaced } from './kinds';
import { removeFolder } from './oracle-run';

for (const release of RELEASES) {
  const folder = repositoryOf(release);
  const verdicts = askAtRoot(folder, placedConfigs(folder, release), release);
  writePlaced(release, verdicts);
  console.log(`${release}: ${verdicts.size} configs recorded where they lie`);
  removeFolder(folder);
}
