import { rule } from '../../../../src/judge/rules/hardware/image-lacks-package';
import { Severity } from '../../../../src/run/finding';
import { BARE_IMAGE, ruleCases } from '../rule-cases';

ruleCases(rule, {
  failing: {
    'a DeepSpeed config without DeepSpeed': {
      image: BARE_IMAGE,
      args: { deepspeed: '/etc/ds.json' },
      finds: [{ key: 'deepspeed', severity: Severity.ERROR }],
    },
    'a report to TensorBoard without tensorboard': {
      image: BARE_IMAGE,
      args: { report_to: 'tensorboard' },
      finds: [{ key: 'report_to', severity: Severity.ERROR }],
    },
    'a report to TensorBoard among others': {
      image: BARE_IMAGE,
      args: { report_to: ['wandb', 'tensorboard'] },
      finds: [{ key: 'report_to', severity: Severity.ERROR }],
    },
  },
  passing: {
    'an image with tensorboard': {
      image: { ...BARE_IMAGE, tensorboard: '2.20.0' },
      args: { report_to: 'tensorboard' },
    },
    'a report to none': { image: BARE_IMAGE, args: { report_to: 'none' } },
    'an image with DeepSpeed': { image: { ...BARE_IMAGE, deepspeed: '0.18.4' }, args: { deepspeed: '/etc/ds.json' } },
    'no DeepSpeed config': { image: BARE_IMAGE },
    'an image of which nothing is known': { args: { deepspeed: '/etc/ds.json' } },
    'quantisation, whose package the prepare Job installs': { image: BARE_IMAGE, args: { quantization_bit: 4 } },
  },
});
