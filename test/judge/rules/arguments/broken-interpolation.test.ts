import { rule } from '../../../../src/judge/rules/arguments/broken-interpolation';
import { Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

ruleCases(rule, {
  failing: {
    'an opening that nothing closes': {
      args: { run_name: 'cost ${5' },
      finds: [{ key: 'run_name', severity: Severity.ERROR, got: 'cost ${5' }],
    },
    'one behind a text without': { args: { extra: ['fine', '${b c'] }, finds: [{ key: 'extra', got: '${b c' }] },
    'one inside a mapping': { args: { extra: { a: ['${b c'] } }, finds: [{ key: 'extra', got: '${b c' }] },
    'one in 0.9.3, which merges with OmegaConf': { release: '0.9.3', args: { run_name: '${' }, finds: [{ got: '${' }] },
  },
  passing: {
    'an interpolation': { args: { run_name: '${oc.env:NAME}', output_dir: '/out/${run_name}' } },
    'one in a key, which is never looked at': { args: { extra: { 'M${n': true } } },
    'a dollar alone': { args: { run_name: '$5 {a}' } },
  },
});
