import { cleanUp } from '../runtime/programs';
import { faultOfHub } from './hubs';

afterAll(cleanUp);

// A few of what `npm run fuzz` tells.
test('whatever a hub says, prepare.py ends with one line, and nothing outside of its directory is touched', async () => {
  const faults = await Promise.all(Array.from({ length: 12 }, (_, i) => faultOfHub(7, i)));
  expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
}, 120_000);
