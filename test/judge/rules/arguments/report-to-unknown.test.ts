import { rule } from '../../../../src/judge/rules/arguments/report-to-unknown';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

const set = (value: unknown) => [{ file: 'train.yaml', key: 'report_to', op: EditOperation.SET, value }];

ruleCases(rule, {
  failing: {
    "Python's None": {
      args: { report_to: 'None' },
      finds: [{ key: 'report_to', severity: Severity.ERROR, got: 'None', fix: set('none') }],
    },
    'an empty text': { args: { report_to: '' }, finds: [{ fix: set('none') }] },
    'several in one text': {
      args: { report_to: 'wandb, tensorboard' },
      finds: [{ fix: set(['wandb', 'tensorboard']) }],
    },
    'a slip of the pen': { args: { report_to: ['wandbd'] }, finds: [{ fix: set(['wandb']) }] },
    'a tracker nobody knows': { args: { report_to: 'aim' }, finds: [{ fix: set('none') }] },
    'none beside others': { args: { report_to: ['none', 'wandb'] }, finds: [{ fix: set(['wandb']) }] },
    'all beside nothing': { args: { report_to: ['all', 'none'] }, finds: [{ fix: set('all') }] },
    'a number': { args: { report_to: [5] }, finds: [{ fix: set('none') }] },
    'one that came later': { release: '0.9.3', args: { report_to: 'trackio' }, finds: [{ fix: set('none') }] },
  },
  passing: {
    'nothing said': {},
    'none, all and lists of one': { args: { report_to: ['none'] } },
    'a text': { args: { report_to: 'trackio' } },
    'the one that came last': { args: { report_to: 'kubeflow' } },
    'two trackers': { release: '0.9.3', args: { report_to: ['wandb', 'swanlab'] } },
    'what has no text at all': { args: { report_to: false } },
  },
});
