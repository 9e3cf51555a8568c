import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_RELEASE } from '../../src/run/releases';

jest.mock('../../src/run/release-table', () => jest.requireActual('./release-table'));

// Where the tests of rules and planner name no release, they take the newest. Here that is one nobody has looked at.
const RULES = join(__dirname, '../judge/rules');
const PLANNING = ['activations', 'choose', 'memory', 'plan', 'schedule'];

test('what follows is said of the newer release', () => {
  expect(DEFAULT_RELEASE).toBe('0.9.6');
});

for (const entry of readdirSync(RULES, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  for (const file of readdirSync(join(RULES, entry.name))) require(join(RULES, entry.name, file));
}
for (const name of PLANNING) require(`../planning/${name}.test`);
