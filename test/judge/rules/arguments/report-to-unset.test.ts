import { rule } from '../../../../src/judge/rules/arguments/report-to-unset';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { BARE_IMAGE, ruleCases } from '../rule-cases';

const fix = [{ file: 'train.yaml', key: 'report_to', op: EditOperation.SET, value: 'none' }];

ruleCases(rule, {
  failing: {
    'a release on transformers 4': { release: '0.9.4', finds: [{ key: 'report_to', severity: Severity.WARNING, fix }] },
    'an image with transformers 4': {
      image: { ...BARE_IMAGE, transformers: '4.57.1' },
      finds: [{ key: 'report_to', severity: Severity.WARNING }],
    },
    'null, which is the same': {
      release: '0.9.3',
      args: { report_to: null },
      finds: [{ key: 'report_to', severity: Severity.WARNING }],
    },
    'transformers 5, where it is good style': { finds: [{ key: 'report_to', severity: Severity.ADVICE, fix }] },
  },
  passing: {
    'said to be none': { release: '0.9.4', args: { report_to: 'none' } },
    'a tracker': { release: '0.9.4', args: { report_to: 'tensorboard' } },
  },
});
