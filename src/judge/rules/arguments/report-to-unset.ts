import { isGiven } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import { transformersOf } from '../../../run/releases';
import { found, setArgument } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'report-to-unset',
  severity: Severity.WARNING,
  reason:
    'Up to transformers 4 a run that says nothing reports to every tracker that happens to be installed, and may wait for a login or a network that a pod does not have. transformers 5 reports to none; saying so makes a file mean the same in every release.',
  source: 'transformers: src/transformers/training_args.py, report_to',
  check(run) {
    if (isGiven(run, 'report_to')) return [];
    const toAll = transformersOf(run).major < 5;
    return [
      found(rule, run, {
        key: 'report_to',
        severity: toAll ? Severity.WARNING : Severity.ADVICE,
        message: toAll
          ? 'nothing is said of `report_to`: the run reports to every tracker that is installed'
          : 'nothing is said of `report_to`: with transformers 5 that is none, with 4 every tracker that is installed',
        fix: [setArgument(run, 'report_to', 'none')],
      }),
    ];
  },
};
