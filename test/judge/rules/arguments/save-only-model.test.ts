import { rule } from '../../../../src/judge/rules/arguments/save-only-model';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

ruleCases(rule, {
  failing: {
    'set to true': {
      args: { save_only_model: true },
      finds: [
        {
          key: 'save_only_model',
          severity: Severity.WARNING,
          fix: [{ file: 'train.yaml', key: 'save_only_model', op: EditOperation.REMOVE }],
        },
      ],
    },
  },
  passing: {
    'left out': {},
    'set to false': { args: { save_only_model: false } },
    'set to null': { args: { save_only_model: null } },
  },
});
