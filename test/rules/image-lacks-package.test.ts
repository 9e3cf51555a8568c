import { Severity } from '../../src/finding';
import { rule } from '../../src/rules/image-lacks-package';
import { BARE_IMAGE, ruleCases } from './rule-cases';

ruleCases(rule, {
  failing: {
    'a DeepSpeed config without DeepSpeed': {
      image: BARE_IMAGE,
      args: { deepspeed: '/etc/ds.json' },
      finds: [{ key: 'deepspeed', severity: Severity.ERROR }],
    },
  },
  passing: {
    'an image with DeepSpeed': { image: { ...BARE_IMAGE, deepspeed: '0.18.4' }, args: { deepspeed: '/etc/ds.json' } },
    'no DeepSpeed config': { image: BARE_IMAGE },
    'an image of which nothing is known': { args: { deepspeed: '/etc/ds.json' } },
    'quantisation, whose package the prepare Job installs': { image: BARE_IMAGE, args: { quantization_bit: 4 } },
  },
});
