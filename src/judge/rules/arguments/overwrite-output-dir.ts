import { isOn } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import { found, removeArgument } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'overwrite-output-dir',
  severity: Severity.WARNING,
  reason:
    'A pod that is replaced starts the trainer again. With `overwrite_output_dir` it then begins at step 0 and deletes the log; without it, it goes on from the last checkpoint.',
  source: 'src/llamafactory/hparams/parser.py, get_train_args (last checkpoint)',
  check(run) {
    if (!isOn(run, 'overwrite_output_dir')) return [];
    return [
      found(rule, run, {
        key: 'overwrite_output_dir',
        message:
          'a restart throws the progress away and begins at step 0; without it the run goes on from its last checkpoint',
        got: true,
        fix: [removeArgument(run, 'overwrite_output_dir')],
      }),
    ];
  },
};
