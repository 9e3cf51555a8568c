import { textOf } from '../../../llamafactory/effective-arguments';
import { linearsOf } from '../../../planning/layers';
import { Severity } from '../../../run/finding';
import type { ModelShape } from '../../../run/model-shape';
import { nearest } from '../../../run/nearest';
import { transformersOf } from '../../../run/releases';
import type { Run } from '../../../run/run';
import { found, setArgument } from '../../found';
import type { Rule } from '../../rule';

/** Modules around a model's blocks. */
const AROUND = ['lm_head', 'embed_tokens'];
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
    const modules = modulesOf(run, run.model);
    // a name may have the modules above it before, with dots
    const unknown = names.filter((name) => !modules.includes(name.split('.').at(-1) ?? ''));
    if (unknown.length === 0) return [];
    const meant = names.flatMap((name) => (unknown.includes(name) ? (nearest(name, [...modules, ALL]) ?? []) : name));
    const whole = meant.includes(ALL) || meant.length === 0 ? ALL : [...new Set(meant)].join(',');
    return [
      found(rule, run, {
        key: 'lora_target',
        message: `${run.model.name} has no module ${unknown.map((name) => `\`${name}\``).join(', ')} to train`,
        got: given,
        allowed: `${ALL}, or names among ${modules.join(', ')}`,
        fix: [setArgument(run, 'lora_target', whole)],
      }),
    ];
  },
};

/** The modules of the model's blocks and around them. */
function modulesOf(run: Run, model: ModelShape): string[] {
  return [...linearsOf(model, transformersOf(run).major).map(({ name }) => name), ...AROUND];
}

function namesIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(',').map((name) => name.trim());
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}
