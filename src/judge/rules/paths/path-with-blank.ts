import { Severity } from '../../../run/finding';
import { found } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'path-with-blank',
  severity: Severity.ERROR,
  reason:
    'For torchrun the launcher joins its command line and splits it again at every blank: a train config whose name has one is not found. Blanks in paths inside the file do no harm.',
  source: 'src/llamafactory/launcher.py',
  check(run) {
    if (!/\s/.test(run.file)) return [];
    return [
      found(rule, run, {
        key: run.file,
        message: "the name of the train config has a blank, where LLaMA-Factory's launcher splits its command line",
        got: run.file,
        change: `rename it, for example to ${run.file.trim().replace(/\s+/g, '_')}`,
      }),
    ];
  },
};
