import { Construct } from 'constructs';
import { labelsOf } from '../../src/tree/labels';
import { chartOf } from '../synthesis';

test('an object says which construct made it, and by which library', () => {
  expect(labelsOf(new Construct(chartOf().chart, 'math'))).toEqual({
    'app.kubernetes.io/name': 'llamafactory',
    'app.kubernetes.io/instance': 'finetune-math',
    'app.kubernetes.io/managed-by': 'cdk8s-llamafactory',
  });
});

test('every value may be a label, however long and of whatever script the ids are', () => {
  const construct = new Construct(chartOf().chart, `数学${'a'.repeat(100)}`);
  for (const value of Object.values(labelsOf(construct))) {
    expect(value).toMatch(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
  }
});
