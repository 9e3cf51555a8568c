import { section } from '../../../planning/settings';
import { Severity } from '../../../run/finding';
import { deepspeedOf } from '../../deepspeed-config';
import { found } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'offload-needs-compiler',
  severity: Severity.ERROR,
  reason:
    'An optimizer in host memory is DeepSpeedCPUAdam, which DeepSpeed compiles when the run starts: with g++, ninja and the CUDA toolkit, which images made for running alone lack.',
  source: 'deepspeed: deepspeed/ops/adam/cpu_adam.py, op_builder/builder.py; LLaMA-Factory issue 5020',
  check(run) {
    const deepspeed = deepspeedOf(run);
    if (deepspeed === undefined || run.image === undefined || run.image.cudaToolkit) return [];
    const { config } = deepspeed;
    const device = section(section(config, 'zero_optimization'), 'offload_optimizer')['device'];
    const ofTorch =
      'optimizer' in config
        ? section(section(config, 'optimizer'), 'params')['torch_adam'] === true
        : config['zero_force_ds_cpu_optimizer'] === false;
    if (device !== 'cpu' || ofTorch) return [];
    return [
      found(rule, run, {
        key: 'zero_optimization.offload_optimizer',
        message: 'DeepSpeed compiles its CPU optimizer with g++, ninja and the CUDA toolkit, which the image lacks',
        got: 'offload_optimizer on the CPU',
        place: deepspeed.at('zero_optimization.offload_optimizer'),
        change: 'take an image with nvcc, g++ and ninja, or leave the optimizer on the GPU',
      }),
    ];
  },
};
