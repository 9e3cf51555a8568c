import { rule } from '../../../../src/judge/rules/arguments/gradient-checkpointing-stays-on';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

const both = { gradient_checkpointing: true, disable_gradient_checkpointing: true };
const without = { file: 'train.yaml', key: 'gradient_checkpointing', op: EditOperation.REMOVE };

ruleCases(rule, {
  failing: {
    'gradient_checkpointing: false': {
      args: { gradient_checkpointing: false },
      finds: [
        {
          key: 'gradient_checkpointing',
          severity: Severity.WARNING,
          got: 'false',
          fix: [
            { file: 'train.yaml', key: 'gradient_checkpointing', op: EditOperation.REMOVE },
            { file: 'train.yaml', key: 'disable_gradient_checkpointing', op: EditOperation.SET, value: true },
          ],
        },
      ],
    },
    'on by one, off by the other': {
      args: both,
      finds: [{ key: 'gradient_checkpointing', severity: Severity.WARNING, got: 'true', fix: [without] }],
    },
    'in an older release the first step dies': {
      release: '0.9.4',
      args: both,
      finds: [{ key: 'gradient_checkpointing', severity: Severity.ERROR, fix: [without] }],
    },
    'in an older release, of a few blocks': {
      release: '0.9.3',
      args: { ...both, finetuning_type: 'freeze' },
      finds: [{ key: 'gradient_checkpointing', severity: Severity.ERROR }],
    },
    'in an older release the whole model trains': {
      release: '0.9.4',
      args: { ...both, finetuning_type: 'full' },
      finds: [{ key: 'gradient_checkpointing', severity: Severity.WARNING }],
    },
    'in an older release that lets gradients through': {
      release: '0.9.4',
      args: { ...both, gradient_checkpointing_kwargs: { use_reentrant: false } },
      finds: [{ key: 'gradient_checkpointing', severity: Severity.WARNING }],
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
