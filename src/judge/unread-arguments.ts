import { isGiven, isOn, numberOf, textOf } from '../llamafactory/effective-arguments';
import type { Run } from '../run/run';

/** Arguments that are read only under a condition. */
export interface Conditional {
  /** The condition in words, after "only". */
  readonly when: string;
  readonly keys: readonly string[];
  holds(run: Run): boolean;
}

export const CONDITIONALS: readonly Conditional[] = [
  {
    when: 'with `finetuning_type: freeze`, or with `use_llama_pro`',
    keys: ['freeze_trainable_layers'],
    holds: (run) => textOf(run, 'finetuning_type') === 'freeze' || isOn(run, 'use_llama_pro'),
  },
  {
    when: 'with `finetuning_type: freeze`',
    keys: ['freeze_trainable_modules', 'freeze_extra_modules'],
    holds: (run) => textOf(run, 'finetuning_type') === 'freeze',
  },
  {
    when: 'with `finetuning_type: lora`',
    keys: ['lora_rank', 'lora_alpha', 'lora_dropout', 'lora_target'],
    holds: (run) => textOf(run, 'finetuning_type') === 'lora',
  },
  {
    when: 'with `finetuning_type: oft`',
    keys: ['oft_rank', 'oft_block_size', 'oft_target'],
    holds: (run) => textOf(run, 'finetuning_type') === 'oft',
  },
  {
    when: 'with `use_badam: true`',
    keys: [
      'badam_mode',
      'badam_start_block',
      'badam_switch_mode',
      'badam_switch_interval',
      'badam_update_ratio',
      'badam_mask_mode',
      'badam_verbose',
    ],
    holds: (run) => isOn(run, 'use_badam'),
  },
  {
    when: 'with `use_galore: true`',
    keys: ['galore_target', 'galore_rank', 'galore_update_interval', 'galore_scale', 'galore_proj_type'],
    holds: (run) => isOn(run, 'use_galore'),
  },
  {
    when: 'with `use_apollo: true`',
    keys: ['apollo_target', 'apollo_rank', 'apollo_update_interval', 'apollo_scale', 'apollo_proj', 'apollo_proj_type'],
    holds: (run) => isOn(run, 'use_apollo'),
  },
  { when: 'with `pissa_init: true`', keys: ['pissa_iter'], holds: (run) => isOn(run, 'pissa_init') },
  {
    when: 'with a `loraplus_lr_ratio`',
    keys: ['loraplus_lr_embedding'],
    holds: (run) => isGiven(run, 'loraplus_lr_ratio'),
  },
  {
    when: 'with a ratio other than 1',
    keys: ['loraplus_lr_ratio'],
    holds: (run) => numberOf(run, 'loraplus_lr_ratio') !== 1,
  },
  {
    when: 'in stage dpo',
    keys: ['pref_loss', 'dpo_label_smoothing', 'simpo_gamma'],
    holds: (run) => textOf(run, 'stage') === 'dpo',
  },
  {
    when: 'in the stages dpo and kto',
    keys: ['pref_beta', 'pref_ftx'],
    holds: (run) => ['dpo', 'kto'].includes(textOf(run, 'stage')),
  },
  {
    when: 'with a `quantization_bit`',
    keys: ['quantization_method', 'quantization_type', 'double_quantization'],
    holds: (run) => isGiven(run, 'quantization_bit'),
  },
  {
    when: 'with `streaming: true`',
    keys: ['buffer_size'],
    holds: (run) => isOn(run, 'streaming'),
  },
  {
    when: 'in stage ppo',
    keys: ['ppo_buffer_size', 'ppo_epochs', 'ppo_score_norm', 'ppo_target', 'ppo_whiten_rewards', 'reward_model_type'],
    holds: (run) => textOf(run, 'stage') === 'ppo',
  },
  {
    when: 'where answers are generated: with `predict_with_generate: true`, and in stage ppo',
    keys: [
      'do_sample',
      'temperature',
      'top_p',
      'top_k',
      'num_beams',
      'max_length',
      'max_new_tokens',
      'repetition_penalty',
      'length_penalty',
      'skip_special_tokens',
    ],
    holds: (run) => isOn(run, 'predict_with_generate') || textOf(run, 'stage') === 'ppo',
  },
  {
    when: 'in stage kto',
    keys: ['kto_chosen_weight', 'kto_rejected_weight'],
    holds: (run) => textOf(run, 'stage') === 'kto',
  },
];

const conditionalsOf = new Map<string, Conditional>(
  CONDITIONALS.flatMap((conditional) => conditional.keys.map((key) => [key, conditional] as const)),
);

/** Whether nothing reads an argument in a run: then its value can't be wrong. */
export function isUnread(run: Run, key: string): boolean {
  return conditionalsOf.get(key)?.holds(run) === false;
}
