import { type Edit, EditOperation, type Finding } from '../../src/finding';
import type { Files } from '../../src/llamafactory/files';
import type { Release } from '../../src/run';
import { type ParityCase, ruleConfigs, settingOf } from './cases';
import { judge } from './judge';
import { type Config, textOf } from './surroundings';

/** Faults beside a fault show only once it is fixed. */
const ROUNDS = 2;

/** The configs that break a rule, with the twin's own fixes applied, and how many have none that can be computed. */
export function fixedCases(
  release: Release,
  files: Files,
): { cases: readonly ParityCase[]; unfixed: readonly string[] } {
  const cases: ParityCase[] = [];
  const unfixed = new Set<string>();
  for (const { id, rule, breaks, config } of ruleConfigs()) {
    if (!breaks) continue;
    const setting = settingOf(id);
    let fixed = config;
    let verdict = judge({ id, text: textOf(fixed), ...setting }, release, files);
    if (verdict.accepted) continue;
    for (let round = 0; round < ROUNDS && !verdict.accepted; round++) {
      fixed = apply(fixed, verdict.findings);
      verdict = judge({ id, text: textOf(fixed), ...setting }, release, files);
    }
    if (verdict.accepted) cases.push({ id: `${id}-fixed`, text: textOf(fixed), ...setting });
    else unfixed.add(rule);
  }
  return { cases, unfixed: [...unfixed] };
}

/** Of findings that change the same key, the first has its way. */
function apply(config: Config, findings: readonly Finding[]): Config {
  const result: Record<string, string> = { ...config };
  const done = new Set<string>();
  for (const { fix = [] } of findings) {
    if (fix.some(({ key }) => done.has(key))) continue;
    for (const edit of fix) change(result, edit);
    for (const { key } of fix) done.add(key);
  }
  return result;
}

function change(config: Record<string, string>, { key, op, value }: Edit): void {
  const old = config[key];
  if (op === EditOperation.SET) config[key] = JSON.stringify(value);
  else delete config[key];
  if (op === EditOperation.RENAME && old !== undefined) config[String(value)] = old;
}
