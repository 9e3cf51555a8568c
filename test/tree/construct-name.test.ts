import { Construct } from 'constructs';
import { constructName, constructPath } from '../../src/tree/construct-name';
import { chartOf } from '../synthesis';

/** A construct below the chart `finetune`, by the ids on the way to it. */
const below = (...ids: string[]): Construct =>
  ids.reduce<Construct>((scope, id) => new Construct(scope, id), chartOf().chart);

test('a path is that of the ids', () => {
  expect(constructPath(below('team', 'math'))).toBe('finetune/team/math');
});

test.each(['Resource', 'Default'])('the id %s is not a part of it', (id) => {
  expect(constructPath(below('math', id))).toBe('finetune/math');
});

test('a name is the path with hyphens', () => {
  expect(constructName(below('team', 'math', 'Resource'))).toBe('finetune-team-math');
});

test('parts and a suffix come after the path', () => {
  expect(constructName(below('math'), { parts: ['config'], suffix: 'ab12' })).toBe('finetune-math-config-ab12');
});

test('the length of a DNS label is kept', () => {
  expect(constructName(below('a'.repeat(80)))).toHaveLength(63);
});

test('a construct whose ids are all silent still has a name', () => {
  const { chart } = chartOf({ id: 'Default' });
  expect(constructName(new Construct(chart, 'Resource'))).toMatch(/^run-[0-9a-f]{6}$/);
});

test('names do not depend on where in its chart a silent id stands', () => {
  expect(constructName(below('Resource', 'math'))).toBe(constructName(below('math', 'Default')));
});
