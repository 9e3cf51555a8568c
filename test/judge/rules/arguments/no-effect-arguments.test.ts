import { rule } from '../../../../src/judge/rules/arguments/no-effect-arguments';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

const remove = (key: string) => ({ file: 'train.yaml', key, op: EditOperation.REMOVE });

ruleCases(rule, {
  failing: {
    'freeze_trainable_layers in a LoRA run': {
      args: { finetuning_type: 'lora', freeze_trainable_layers: 2 },
      finds: [{ key: 'freeze_trainable_layers', severity: Severity.ADVICE, fix: [remove('freeze_trainable_layers')] }],
    },
    'several of one switch': {
      args: { use_badam: false, badam_mode: 'layer', badam_switch_interval: 50 },
      finds: [{ key: 'badam_mode', fix: [remove('badam_mode'), remove('badam_switch_interval')] }],
    },
    'PiSSA steps without PiSSA': { args: { pissa_init: false, pissa_iter: 16 }, finds: [{ key: 'pissa_iter' }] },
    'LoRA+ with a ratio of 1': { args: { loraplus_lr_ratio: 1 }, finds: [{ key: 'loraplus_lr_ratio' }] },
    'LoRA numbers in a full run': { args: { finetuning_type: 'full', lora_rank: 8 }, finds: [{ key: 'lora_rank' }] },
    'modules to freeze in a LoRA run': {
      args: { freeze_trainable_modules: 'mlp' },
      finds: [{ key: 'freeze_trainable_modules' }],
    },
    'OFT numbers in a LoRA run': { args: { oft_rank: 8 }, finds: [{ key: 'oft_rank' }] },
    'a method without bits': {
      args: { quantization_method: 'bitsandbytes', quantization_bit: null },
      finds: [{ key: 'quantization_method', severity: Severity.ADVICE }],
    },
    'preferences in stage sft': { args: { pref_beta: 0.1 }, finds: [{ key: 'pref_beta' }] },
    'how to generate, where nothing is generated': {
      args: { top_p: 0.9, max_new_tokens: 512 },
      finds: [{ key: 'top_p', fix: [remove('top_p'), remove('max_new_tokens')] }],
    },
  },
  passing: {
    'how to generate, where answers are': { args: { predict_with_generate: true, max_new_tokens: 512 } },
    'how to generate in stage ppo': { args: { stage: 'ppo', top_p: 0.9 } },
    'a run that says nothing of them': { args: { lora_rank: 8 } },
    'frozen layers in a freeze run': { args: { finetuning_type: 'freeze', freeze_trainable_layers: 2 } },
    'modules to freeze in a freeze run': {
      args: { finetuning_type: 'freeze', freeze_trainable_modules: 'mlp' },
    },
    'OFT numbers in an OFT run': { args: { finetuning_type: 'oft', oft_rank: 8 } },
    'layers of LLaMA Pro': { args: { use_llama_pro: true, freeze_trainable_layers: 2 } },
    'BAdam that is used': { args: { use_badam: true, badam_mode: 'layer' } },
    'BAdam that a text turns on': { args: { use_badam: 'true', badam_mode: 'layer' } },
    'null, which gives no value': { args: { freeze_extra_modules: null, badam_start_block: null } },
    'LoRA+ with a ratio': { args: { loraplus_lr_ratio: 16, loraplus_lr_embedding: 1e-6 } },
    'preferences in stage dpo': { args: { stage: 'dpo', pref_beta: 0.1, pref_loss: 'simpo', simpo_gamma: 0.5 } },
  },
});
