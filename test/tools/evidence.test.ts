import { readFileSync } from 'node:fs';
import { cpuTrainings, evidence, PAGE } from '../../tools/evidence';

test('docs/evidence.md is what the measurements and the planner of today make: npm run evidence', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(evidence());
});

test('the recorded trainings on a CPU went as planned', () => {
  for (const { planned, measured } of cpuTrainings()) expect(measured).toEqual(planned);
});
