import { killTest } from './kill';
import { cleanUp } from './programs';

jest.setTimeout(120_000);
afterAll(cleanUp);

// Two hundred of them: npm run test:kill.
test('prepare.py killed at twelve random moments leaves every hash right, or no marker', async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const result = await killTest({ source: 'http', python: 'python3', kills: 12, shards: 50, seed });
  expect({ seed, broken: result.broken }).toEqual({ seed, broken: [] });
  expect(result.kills).toBe(12);
});
