import { asJson } from '../../run/as-json';
import type { ParserId } from '../../run/finding-ids';
import { nearest } from '../../run/nearest';
import { splitComma } from './data';
import { put, remove } from './edits';
import { isNone } from './model';
import { among, equal, greater, isInt, numeric, PyError, product, toInt, truthy } from './python';
import type { State, Step } from './state';

const SOURCE = 'src/llamafactory/hparams/finetuning_args.py';
const OPTIMIZERS = ['use_galore', 'use_apollo', 'use_badam'];

/** The checks of the fine-tuning arguments, in the parser's order. */
export const FINETUNING_STEPS: readonly Step[] = [
  {
    keys: ['lora_alpha', 'lora_rank'],
    source: SOURCE,
    set({ values }) {
      if (!truthy(values['lora_alpha'])) values['lora_alpha'] = product(values['lora_rank'], 2);
    },
  },
  ...['freeze_trainable_modules', 'freeze_extra_modules', 'lora_target', 'additional_target'].map((key) =>
    splitComma(key, SOURCE),
  ),
  finetuningType(['lora', 'freeze', 'full'], { before: '0.9.4' }),
  finetuningType(['lora', 'oft', 'freeze', 'full'], { since: '0.9.4' }),
  smallModelBits('ref-model-quantization-bit', 'ref_model_quantization_bit'),
  smallModelBits('reward-model-quantization-bit', 'reward_model_quantization_bit'),
  {
    id: 'ppo-reward-model',
    keys: ['reward_model', 'stage'],
    missing: true,
    message: 'PPO needs a `reward_model`',
    upstream: '`reward_model` is necessary for PPO training.',
    source: SOURCE,
    refuses: ({ values }) => equal(values['stage'], 'ppo') && isNone(values['reward_model']),
    fix: () => [],
    change: 'set `reward_model` to the adapter or model that stage rm has trained',
  },
  rewardModelType('lora'),
  rewardModelType('oft', { since: '0.9.4' }),
  {
    id: 'dpo-label-smoothing',
    keys: ['dpo_label_smoothing', 'pref_loss'],
    message: '`dpo_label_smoothing` belongs to the sigmoid loss, and `pref_loss` is another',
    upstream: '`dpo_label_smoothing` is only valid for sigmoid loss function.',
    source: SOURCE,
    refuses: ({ values }) =>
      equal(values['stage'], 'dpo') &&
      !equal(values['pref_loss'], 'sigmoid') &&
      greater(values['dpo_label_smoothing'], 1e-6),
  },
  {
    id: 'llama-pro-full',
    keys: ['use_llama_pro', 'finetuning_type'],
    message: '`use_llama_pro` trains only the blocks it adds, and `finetuning_type` is full',
    upstream: '`use_llama_pro` is only valid for Freeze or LoRA training.',
    source: SOURCE,
    refuses: ({ values }) => truthy(values['use_llama_pro']) && equal(values['finetuning_type'], 'full'),
  },
  {
    id: 'lora-memory-optimizer',
    keys: OPTIMIZERS,
    message: 'GaLore, APOLLO and BAdam are for training all weights, and `finetuning_type` is lora',
    upstream: 'Cannot use LoRA with GaLore, APOLLO or BAdam together.',
    source: SOURCE,
    refuses: ({ values }) => equal(values['finetuning_type'], 'lora') && OPTIMIZERS.some((key) => truthy(values[key])),
    fix: (state) => remove(state, ...OPTIMIZERS.filter((key) => key in state.input.args)),
  },
  {
    id: 'two-memory-optimizers',
    keys: OPTIMIZERS,
    message: 'more than one of GaLore, APOLLO and BAdam is on',
    upstream: 'Cannot use GaLore, APOLLO or BAdam together.',
    source: SOURCE,
    refuses({ values }) {
      if (equal(values['finetuning_type'], 'lora') && OPTIMIZERS.some((key) => truthy(values[key]))) return false;
      const badam = values['use_badam'];
      if (!isInt(badam) && numeric(badam) === undefined) throw new PyError('TypeError', 'unsupported operand', badam);
      return toInt(values['use_galore']) + toInt(values['use_apollo']) + (numeric(badam) ?? 0) > 1;
    },
    fix: (state) => remove(state, ...OPTIMIZERS.filter((key) => truthy(state.values[key])).slice(1)),
  },
  {
    id: 'pissa-stage',
    keys: ['pissa_init', 'stage', 'pref_loss'],
    message: '`pissa_init` changes the base model, so it does not go with stages that compare with it (ppo, kto, dpo)',
    upstream: 'Cannot use PiSSA for current training stage.',
    source: SOURCE,
    refuses({ values }) {
      const reference = equal(values['stage'], 'dpo') && !among(values['pref_loss'], ['orpo', 'simpo']);
      return truthy(values['pissa_init']) && (among(values['stage'], ['ppo', 'kto']) || reference);
    },
  },
  {
    id: 'loraplus-without-lora',
    keys: ['loraplus_lr_ratio', 'finetuning_type'],
    message: '`loraplus_lr_ratio` belongs to LoRA, and `finetuning_type` is another',
    upstream: '`loraplus_lr_ratio` is only valid for LoRA training.',
    source: SOURCE,
    refuses: ({ values }) => !equal(values['finetuning_type'], 'lora') && !isNone(values['loraplus_lr_ratio']),
  },
  loraOnly('use-rslora-without-lora', 'use_rslora'),
  loraOnly('use-dora-without-lora', 'use_dora'),
  loraOnly('pissa-init-without-lora', 'pissa_init'),
];

function finetuningType(types: readonly string[], releases: Step['releases']): Step {
  return {
    id: 'finetuning-type',
    keys: ['finetuning_type'],
    releases,
    title: '`finetuning_type` is none of its choices',
    message: ({ values }) =>
      `\`finetuning_type\` is ${asJson(values['finetuning_type'])}; allowed: ${types.join(', ')}`,
    upstream: 'Invalid fine-tuning method.',
    source: SOURCE,
    refuses: ({ values }) => !among(values['finetuning_type'], types),
    fix(state) {
      const value = state.values['finetuning_type'];
      const meant = typeof value === 'string' ? nearest(value, types) : undefined;
      return meant === undefined ? remove(state, 'finetuning_type') : put(state, 'finetuning_type', meant);
    },
  };
}

function smallModelBits(id: ParserId, key: string): Step {
  return {
    id,
    keys: [key],
    message: `\`${key}\` must be 4 or 8`,
    upstream: 'We only accept 4-bit or 8-bit quantization.',
    source: SOURCE,
    refuses: ({ values }) => !isNone(values[key]) && !among(values[key], [8, 4]),
    fix: (state) => put(state, key, (numeric(state.values[key]) ?? 4) > 4 ? 8 : 4),
  };
}

function rewardModelType(type: 'lora' | 'oft', releases?: Step['releases']): Step {
  return {
    id: `reward-model-type-${type}`,
    keys: ['reward_model_type', 'finetuning_type'],
    releases,
    message: `\`reward_model_type: ${type}\` needs \`finetuning_type: ${type}\``,
    upstream: `\`reward_model_type\` cannot be ${type} for Freeze/Full PPO training.`,
    source: SOURCE,
    refuses: ({ values }) =>
      equal(values['stage'], 'ppo') &&
      equal(values['reward_model_type'], type) &&
      !equal(values['finetuning_type'], type),
    fix: (state) => put(state, 'reward_model_type', 'full'),
  };
}

function loraOnly(id: ParserId, key: string): Step {
  return {
    id,
    keys: [key, 'finetuning_type'],
    message: `\`${key}\` belongs to LoRA, and \`finetuning_type\` is another`,
    upstream: `\`${key}\` is only valid for LoRA training.`,
    source: SOURCE,
    refuses: ({ values }: State) => !equal(values['finetuning_type'], 'lora') && truthy(values[key]),
  };
}
