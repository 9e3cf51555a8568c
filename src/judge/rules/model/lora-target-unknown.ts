import { textOf } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import { nearest } from '../../../run/nearest';
import { found, setArgument } from '../../found';
import type { Rule } from '../../rule';

/** The modules of Qwen's layers and around them; a name may have the modules above it before, with dots. */
const MODULES = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
  'gate',
  'lm_head',
  'embed_tokens',
];
const ALL = 'all';

export const rule: Rule = {
  id: 'lora-target-unknown',
  severity: Severity.ERROR,
  reason:
    'PEFT passes over a module that the model has not: of `q_proj,v_porj` one is trained, and where no name is right the run stops once the model is loaded. `all` means every linear module only where it stands alone.',
  source: 'src/llamafactory/model/adapter.py, _setup_lora_tuning; peft: src/peft/tuners/tuners_utils.py',
  check(run) {
    const given = run.args['lora_target'];
    const names = namesIn(given);
    if (run.model === undefined || textOf(run, 'finetuning_type') !== 'lora' || names.length === 0) return [];
    if (names.length === 1 && names[0] === ALL) return [];
    const unknown = names.filter((name) => !MODULES.includes(name.split('.').at(-1) ?? ''));
    if (unknown.length === 0) return [];
    const meant = names.flatMap((name) => (unknown.includes(name) ? (nearest(name, [...MODULES, ALL]) ?? []) : name));
    const whole = meant.includes(ALL) || meant.length === 0 ? ALL : [...new Set(meant)].join(',');
    return [
      found(rule, run, {
        key: 'lora_target',
        message: `${run.model.name} has no module ${unknown.map((name) => `\`${name}\``).join(', ')} to train`,
        got: given,
        allowed: `${ALL}, or names among ${MODULES.join(', ')}`,
        fix: [setArgument(run, 'lora_target', whole)],
      }),
    ];
  },
};

function namesIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(',').map((name) => name.trim());
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}
