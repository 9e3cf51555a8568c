import { rule } from '../../../../src/judge/rules/deepspeed/fsdp-with-deepspeed';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

const without = (...keys: string[]) => keys.map((key) => ({ file: 'train.yaml', key, op: EditOperation.REMOVE }));

ruleCases(rule, {
  failing: {
    'both by name': {
      args: { fsdp: 'full_shard', fsdp_config: 'fsdp.json', deepspeed: 'ds.json' },
      finds: [{ key: 'fsdp', severity: Severity.ERROR, fix: without('fsdp', 'fsdp_config') }],
    },
    'a list, and a config in the YAML': {
      args: { fsdp: ['full_shard'], deepspeed: { zero_optimization: { stage: 2 } } },
      finds: [{ key: 'fsdp', fix: without('fsdp') }],
    },
    'true, which is full_shard': { args: { fsdp: true, deepspeed: 'ds.json' }, finds: [{ key: 'fsdp' }] },
  },
  passing: {
    'FSDP alone': { args: { fsdp: 'full_shard', deepspeed: null } },
    'DeepSpeed alone': { args: { fsdp: '', fsdp_config: {}, deepspeed: 'ds.json' } },
    'an empty list': { args: { fsdp: [], deepspeed: 'ds.json' } },
  },
});
