import * as planning from '../../src/planning/plan';
import { findingsOf } from '../../src/tree/findings';
import { chartOf, mathRun } from '../synthesis';

jest.mock('../../src/planning/plan', () => {
  const actual = jest.requireActual('../../src/planning/plan');
  return { ...actual, planNumbers: jest.fn(actual.planNumbers) };
});

test('a run that can not be planned fails the synth with what is wrong, beside all else that is', () => {
  const { app, chart } = chartOf();
  jest.mocked(planning.planNumbers).mockImplementationOnce(() => {
    throw new Error('no');
  });
  mathRun(chart, { backoffLimit: -1 });
  expect(findingsOf(app)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ id: 'check-failed', severity: 'error', path: 'finetune/math', key: 'plan' }),
      expect.objectContaining({ id: 'invalid-quantity', key: 'backoffLimit' }),
    ]),
  );
});
