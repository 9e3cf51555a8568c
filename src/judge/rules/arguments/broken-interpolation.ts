import { isInterpolation } from '../../../llamafactory/interpolation';
import { type Finding, Severity } from '../../../run/finding';
import { found } from '../../found';
import type { Rule } from '../../rule';
import { textIn } from '../../text-in';

export const rule: Rule = {
  id: 'broken-interpolation',
  severity: Severity.ERROR,
  reason:
    'The train config passes through OmegaConf, to which `${` opens an interpolation: a text in which it opens none stops the run before anything else. A YAML that has one is refused when it is read; this is for values that come from props.',
  source: 'OmegaConf: omegaconf/grammar_parser.py',
  everyKind: true,
  check(run) {
    const findings: Finding[] = [];
    for (const key of Object.keys(run.args)) {
      const value = run.args[key];
      const broken = textIn(value, isBroken);
      if (broken === undefined) continue;
      const finding = found(rule, run, {
        key,
        message: `\`${key}\` has a \`\${\` that opens no interpolation, and OmegaConf refuses the whole config`,
        got: broken,
        change: 'leave `${` out: LLaMA-Factory resolves no interpolation',
      });
      findings.push(finding);
    }
    return findings;
  },
};

function isBroken(text: string): boolean {
  return text.includes('${') && !isInterpolation(text);
}
