import { join } from 'node:path';
import { temporaryFolder } from '../folder';
import { inputAt } from './inputs';
import { faultOf } from './judge';

const folder = temporaryFolder();

// A few of the 100,000 that `npm run fuzz` throws.
test('whatever is read, nothing is thrown and no check fails', () => {
  const faults = Array.from({ length: 270 }, (_, i) => faultOf(inputAt(1, i), join(folder, 'run')));
  expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
}, 60_000);
