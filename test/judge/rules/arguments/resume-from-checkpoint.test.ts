import { rule } from '../../../../src/judge/rules/arguments/resume-from-checkpoint';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

ruleCases(rule, {
  failing: {
    'set to true': {
      args: { resume_from_checkpoint: true },
      finds: [
        {
          key: 'resume_from_checkpoint',
          severity: Severity.WARNING,
          fix: [{ file: 'train.yaml', key: 'resume_from_checkpoint', op: EditOperation.REMOVE }],
        },
      ],
    },
  },
  passing: {
    'left out': {},
    'set to false': { args: { resume_from_checkpoint: false } },
    'set to null': { args: { resume_from_checkpoint: null } },
    'a checkpoint named': { args: { resume_from_checkpoint: '/saves/checkpoint-100' } },
  },
});
