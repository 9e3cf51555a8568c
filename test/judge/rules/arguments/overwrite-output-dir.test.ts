import { rule } from '../../../../src/judge/rules/arguments/overwrite-output-dir';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

ruleCases(rule, {
  failing: {
    'set to true': {
      args: { overwrite_output_dir: true },
      finds: [
        {
          key: 'overwrite_output_dir',
          severity: Severity.WARNING,
          fix: [{ file: 'train.yaml', key: 'overwrite_output_dir', op: EditOperation.REMOVE }],
        },
      ],
    },
  },
  passing: {
    'left out': {},
    'set to false': { args: { overwrite_output_dir: false } },
    'set to null': { args: { overwrite_output_dir: null } },
  },
});
