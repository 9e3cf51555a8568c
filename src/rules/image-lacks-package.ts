import { Severity } from '../finding';
import { found, isGiven } from './found';
import type { Rule } from './rule';

export const rule: Rule = {
  id: 'image-lacks-package',
  severity: Severity.ERROR,
  reason:
    'LLaMA-Factory looks for the packages a run needs before anything else, and stops if one is missing. bitsandbytes is not asked for here: the prepare Job installs it.',
  source: 'src/llamafactory/hparams/parser.py, _check_extra_dependencies',
  check(run) {
    if (run.image === undefined || run.image.deepspeed !== undefined || !isGiven(run, 'deepspeed')) return [];
    return [
      found(rule, run, {
        key: 'deepspeed',
        message: 'the run has a DeepSpeed config, and the image has no DeepSpeed',
        change: 'take an image with DeepSpeed, or train without a DeepSpeed config',
      }),
    ];
  },
};
