import { isGiven, isOn, numberOf, textOf } from '../../../llamafactory/effective-arguments';
import { type Finding, Severity } from '../../../run/finding';
import type { Run } from '../../../run/run';
import { found, removeArgument } from '../../found';
import type { Rule } from '../../rule';

/** Arguments that are read only under a condition. */
interface Conditional {
  /** The condition in words, after "only". */
  readonly when: string;
  readonly keys: readonly string[];
  holds(run: Run): boolean;
}

const CONDITIONALS: readonly Conditional[] = [
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

export const rule: Rule = {
  id: 'no-effect-arguments',
  severity: Severity.ADVICE,
  reason:
    'Arguments that nothing reads under the given method mislead whoever reads the file: `freeze_trainable_layers: 2` freezes nothing in a LoRA run.',
  source: 'src/llamafactory/model/adapter.py, src/llamafactory/train/trainer_utils.py',
  check(run) {
    const findings: Finding[] = [];
    for (const conditional of CONDITIONALS) {
      if (isAnyGiven(run, conditional.keys) && !conditional.holds(run)) findings.push(unread(run, conditional));
    }
    return findings;
  },
};

/** A plain loop, since most keys aren't given and the rule goes over all for each run. */
function isAnyGiven(run: Run, keys: readonly string[]): boolean {
  for (const key of keys) {
    if (isGiven(run, key)) return true;
  }
  return false;
}

function unread(run: Run, { when, keys }: Conditional): Finding {
  const given = keys.filter((key) => isGiven(run, key));
  const names = given.map((key) => `\`${key}\``).join(', ');
  return found(rule, run, {
    key: given[0] ?? '',
    message: `${names} ${given.length > 1 ? 'have' : 'has'} an effect only ${when}`,
    fix: given.map((key) => removeArgument(run, key)),
  });
}
