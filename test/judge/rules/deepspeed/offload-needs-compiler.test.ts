import { rule } from '../../../../src/judge/rules/deepspeed/offload-needs-compiler';
import { Severity } from '../../../../src/run/finding';
import { BARE_IMAGE, deepspeed, ruleCases } from '../rule-cases';

const zero_optimization = { stage: 3, offload_optimizer: { device: 'cpu' } };

ruleCases(rule, {
  failing: {
    'an image without a compiler': {
      image: BARE_IMAGE,
      ...deepspeed({ zero_optimization }),
      finds: [{ key: 'zero_optimization.offload_optimizer', severity: Severity.ERROR }],
    },
  },
  passing: {
    'an image with a compiler': { image: { ...BARE_IMAGE, cudaToolkit: true }, ...deepspeed({ zero_optimization }) },
    'an image of which nothing is known': deepspeed({ zero_optimization }),
    'an optimizer on the GPU': { image: BARE_IMAGE, ...deepspeed({ zero_optimization: { stage: 3 } }) },
    "torch's optimizer on the CPU": {
      image: BARE_IMAGE,
      ...deepspeed({ zero_optimization, zero_force_ds_cpu_optimizer: false }),
    },
    "torch's optimizer named in the section": {
      image: BARE_IMAGE,
      ...deepspeed({ zero_optimization, optimizer: { type: 'Adam', params: { torch_adam: true } } }),
    },
    'no DeepSpeed': { image: BARE_IMAGE },
  },
});
