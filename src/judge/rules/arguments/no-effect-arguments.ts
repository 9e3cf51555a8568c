import { isGiven } from '../../../llamafactory/effective-arguments';
import { type Finding, Severity } from '../../../run/finding';
import type { Run } from '../../../run/run';
import { found, removeArgument } from '../../found';
import type { Rule } from '../../rule';
import { CONDITIONALS, type Conditional } from '../../unread-arguments';

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
