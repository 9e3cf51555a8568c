import { rule } from '../../../../src/judge/rules/model/lora-target-unknown';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { QWEN3_14B, ruleCases } from '../rule-cases';

const set = (value: unknown) => [{ file: 'train.yaml', key: 'lora_target', op: EditOperation.SET, value }];
const model = QWEN3_14B;

ruleCases(rule, {
  failing: {
    'a slip of the pen among right names': {
      model,
      args: { lora_target: 'q_proj, v_porj' },
      finds: [{ key: 'lora_target', severity: Severity.ERROR, fix: set('q_proj,v_proj') }],
    },
    'all, spelled otherwise': { model, args: { lora_target: 'ALL' }, finds: [{ fix: set('all') }] },
    'all beside a name': { model, args: { lora_target: ['all', 'q_proj'] }, finds: [{ fix: set('all') }] },
    "another model's module": { model, args: { lora_target: 'query_key_value' }, finds: [{ fix: set('all') }] },
  },
  passing: {
    'all, and nothing said': { model, args: { lora_target: 'all' } },
    'modules by their name and with those above': { model, args: { lora_target: ['self_attn.q_proj', 'lm_head'] } },
    'a model nobody knows': { args: { lora_target: 'query_key_value' } },
    'a run without LoRA': { model, args: { lora_target: 'x', finetuning_type: 'full' } },
  },
});
