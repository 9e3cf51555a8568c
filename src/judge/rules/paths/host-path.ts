import { Severity } from '../../../run/finding';
import { found } from '../../found';
import { pathsOf } from '../../paths';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'host-path',
  severity: Severity.WARNING,
  reason: "A path in somebody's home folder is a path of one machine: no pod has it, unless a volume is mounted there.",
  source: 'Kubernetes: a container sees its image and its volumes alone',
  check(run) {
    return pathsOf(run)
      .filter(({ path }) => /^(~|\/home\/|\/Users\/|\/root\/|[A-Za-z]:[\\/])/.test(path))
      .map(({ key, path }) =>
        found(rule, run, {
          key,
          message: `\`${key}\` is a path of one machine, which no pod has`,
          got: path,
          change: 'give the path at which the pod mounts it',
        }),
      );
  },
};
