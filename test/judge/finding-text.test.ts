import { findingLine, findingsText } from '../../src/judge/finding-text';
import { type Finding, Severity } from '../../src/run/finding';

const finding = (changes: Partial<Finding> = {}): Finding => ({
  id: 'host-path',
  severity: Severity.ERROR,
  path: 'finetune/math',
  key: 'train.stage',
  message: 'something is wrong',
  ...changes,
});
const whole = finding({ got: 'a', allowed: 'b, c', change: 'write b', source: 'some/file.py' });

test('a line says where, what, what was got, what is allowed, what to change, and the rule', () => {
  expect(findingLine(whole)).toBe(
    'finetune/math: train.stage: something is wrong; got a; allowed: b, c; write b (host-path)',
  );
});

test('a line leaves out what is not known', () => {
  expect(findingLine(finding())).toBe('finetune/math: train.stage: something is wrong (host-path)');
});

test('a block has a row for each part, the source included', () => {
  expect(findingsText([whole])).toBe(
    [
      'error: finetune/math: train.stage  [host-path]',
      '  something is wrong',
      '  got      a',
      '  allowed  b, c',
      '  change   write b',
      '  source   some/file.py',
    ].join('\n'),
  );
});

test('a block leaves out what is not known', () => {
  expect(findingsText([finding()])).toBe('error: finetune/math: train.stage  [host-path]\n  something is wrong');
});

test('a finding about the whole names no key', () => {
  expect(findingsText([finding({ key: '' })]).split('\n')[0]).toBe('error: finetune/math  [host-path]');
});

test('errors come first, then warnings, then advice, each in the order found', () => {
  const findings = [
    finding({ severity: Severity.ADVICE, key: '1' }),
    finding({ severity: Severity.ERROR, key: '2' }),
    finding({ severity: Severity.WARNING, key: '3' }),
    finding({ severity: Severity.ERROR, key: '4' }),
  ];
  expect(findingsText(findings).match(/(?<=math: )\d/g)).toEqual(['2', '4', '3', '1']);
});

test('a blank line stands between findings', () => {
  expect(findingsText([finding(), finding({ key: 'other' })]).split('\n\n')).toHaveLength(2);
});
test('what several runs share is said once, with their number', () => {
  const text = findingsText(['a', 'b', 'c'].map((path) => finding({ path })));
  expect(text.split('\n')[0]).toMatch(/^error: a and 2 more: /);
});

test('the list given is left as it is', () => {
  const findings = [finding({ severity: Severity.ADVICE }), finding()];
  findingsText(findings);
  expect(findings.map(({ severity }) => severity)).toEqual(['advice', 'error']);
});
