import { Severity } from '../../../run/finding';
import { found } from '../../found';
import { pathsOf } from '../../paths';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'relative-path',
  severity: Severity.WARNING,
  reason:
    "LLaMA-Factory looks for relative paths in the folder the trainer is started in. In a pod that is the image's own: what is written there is gone with the pod, and what is read is not there.",
  source: 'src/llamafactory/hparams/parser.py; src/llamafactory/data/parser.py',
  check(run) {
    return pathsOf(run)
      .filter(({ path }) => !/^([/~]|[A-Za-z]:[\\/])/.test(path))
      .map(({ key, path }) =>
        found(rule, run, {
          key,
          message: `\`${key}\` is relative: it starts from the folder the trainer is started in, whichever that is in a pod`,
          got: path,
          change: 'give an absolute path, on a volume of the pod',
        }),
      );
  },
};
