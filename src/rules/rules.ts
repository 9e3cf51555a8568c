import type { Finding } from '../finding';
import { Severity } from '../finding';
import type { Run } from '../run';
import { rule as argumentChoice } from './argument-choice';
import { rule as argumentType } from './argument-type';
import { rule as gpuMemory } from './gpu-memory';
import type { Rule } from './rule';

/** Every check beyond the parser's own. */
export const RULES: readonly Rule[] = [argumentType, argumentChoice, gpuMemory];

/** What the rules find. A rule that throws becomes a finding itself, so that it hides no other. */
export function checkRules(run: Run): Finding[] {
  return RULES.flatMap((rule) => {
    try {
      return rule.check(run);
    } catch (error) {
      return [
        {
          id: 'rule-failed',
          severity: Severity.WARNING,
          path: run.path,
          key: rule.id,
          message: `the rule itself failed, so this wasn't checked: ${(error as Error).message}`,
        },
      ];
    }
  });
}
