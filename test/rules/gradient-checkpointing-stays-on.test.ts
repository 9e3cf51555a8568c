import { EditOperation, Severity } from '../../src/finding';
import { rule } from '../../src/rules/gradient-checkpointing-stays-on';
import { ruleCases } from './rule-cases';

ruleCases(rule, {
  failing: {
    'gradient_checkpointing: false': {
      args: { gradient_checkpointing: false },
      finds: [
        {
          key: 'gradient_checkpointing',
          severity: Severity.WARNING,
          fix: [
            { file: 'train.yaml', key: 'gradient_checkpointing', op: EditOperation.REMOVE },
            { file: 'train.yaml', key: 'disable_gradient_checkpointing', op: EditOperation.SET, value: true },
          ],
        },
      ],
    },
  },
  passing: {
    'gradient_checkpointing: true': { args: { gradient_checkpointing: true } },
    'said by the argument that counts': {
      args: { gradient_checkpointing: false, disable_gradient_checkpointing: true },
    },
    'left out': {},
  },
});
