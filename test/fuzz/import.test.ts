import { join } from 'node:path';
import { temporaryFolder } from '../folder';
import { folderAt } from './import-inputs';
import { importFault } from './import-judge';

const folder = temporaryFolder();

// A few of those that `npm run fuzz:import` makes for ten minutes.
test('whatever a folder holds, import fails in nothing, and no text of it becomes code', () => {
  const faults = Array.from({ length: 150 }, (_, i) => importFault(folderAt(1, i), join(folder, 'run')));
  expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
}, 60_000);
