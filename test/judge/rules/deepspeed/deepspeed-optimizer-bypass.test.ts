import { rule } from '../../../../src/judge/rules/deepspeed/deepspeed-optimizer-bypass';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { deepspeed, ruleCases } from '../rule-cases';

const OPTIMIZER = deepspeed({ optimizer: { type: 'AdamW' } });

ruleCases(rule, {
  failing: {
    'LoRA+': {
      args: { loraplus_lr_ratio: 16 },
      ...OPTIMIZER,
      finds: [
        {
          key: 'loraplus_lr_ratio',
          severity: Severity.WARNING,
          fix: [{ file: 'ds.json', key: 'optimizer', op: EditOperation.REMOVE }],
        },
      ],
    },
    'LoRA+ that would do nothing': {
      args: { loraplus_lr_ratio: 1 },
      ...OPTIMIZER,
      finds: [
        { key: 'loraplus_lr_ratio', fix: [{ file: 'train.yaml', key: 'loraplus_lr_ratio', op: EditOperation.REMOVE }] },
      ],
    },
    'BAdam and Muon': {
      args: { use_badam: true, use_muon: true },
      ...OPTIMIZER,
      finds: [{ key: 'use_badam' }, { key: 'use_muon' }],
    },
    'another optim': {
      args: { optim: 'paged_adamw_8bit' },
      ...OPTIMIZER,
      finds: [{ key: 'optim', fix: [{ file: 'train.yaml', key: 'optim', op: EditOperation.REMOVE }] }],
    },
    'optim that only looks like AdamW': {
      args: { optim: 'stable_adamw_torch_8bit' },
      ...OPTIMIZER,
      finds: [{ key: 'optim' }],
    },
    'an optimizer section that only looks like AdamW': {
      args: { optim: 'adamw_torch' },
      ...deepspeed({ optimizer: { type: 'ZeroOneAdamW' } }),
      finds: [{ key: 'optim' }],
    },
    'an optimizer section of a kind of AdamW': {
      args: { optim: 'adamw_torch' },
      ...deepspeed({ optimizer: { type: 'AdamW8bit' } }),
      finds: [{ key: 'optim' }],
    },
  },
  passing: {
    'no optimizer section': { args: { loraplus_lr_ratio: 16 }, ...deepspeed({}) },
    'no DeepSpeed': { args: { loraplus_lr_ratio: 16 } },
    'switches that are off': { args: { use_badam: false, loraplus_lr_ratio: null }, ...OPTIMIZER },
    'AdamW by its short name': { args: { optim: 'adamw' }, ...OPTIMIZER },
    'the same optimizer twice': { args: { optim: 'adamw_torch' }, ...OPTIMIZER },
  },
});
