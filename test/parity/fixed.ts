import { fieldsOf } from '../../src/llamafactory/fields';
import type { Files } from '../../src/llamafactory/files';
import { type Edit, EditOperation, type Finding, Severity } from '../../src/run/finding';
import type { Release } from '../../src/run/releases';
import { type ParityCase, ruleConfigs, settingOf } from './cases';
import { judge, silentFaults } from './judge';
import { type Config, patched, SURROUNDINGS, textOf } from './surroundings';

/** Values that are wrong for most arguments. */
const ODD = ['"4"', '"true"', '-1', '0', '0.5', '""', '[a]', '{a: 1}', 'true'];

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

/** Faults that the parser lets through: each argument with a value of another type, or with none of its choices. */
function silentConfigs(release: Release): ReadonlyArray<{ id: string; config: Config }> {
  return [...fieldsOf(release).values()].flatMap(({ name, choices, settable }) =>
    settable
      ? [...ODD, ...(choices === undefined ? [] : ['neither'])].map((value, i) => ({
          id: `silent-${name}-${i}`,
          config: patched(SURROUNDINGS.lora, { [name]: value }),
        }))
      : [],
  );
}

/**
 * The configs that the parser accepts and a rule finds fault with, with the rule's fix applied; and the ids of those in
 * which the rule finds the same afterwards, or that the twin refuses then.
 */
export function silentCases(
  release: Release,
  files: Files,
): { cases: readonly ParityCase[]; unmended: readonly string[] } {
  const cases: ParityCase[] = [];
  const unmended: string[] = [];
  for (const { id, config } of silentConfigs(release)) {
    const setting = settingOf(id);
    const before = { id, text: textOf(config), ...setting };
    if (!judge(before, release, files).accepted) continue;
    const key = id.replace(/^silent-|-\d+$/g, '');
    const mendable = (text: string) =>
      silentFaults({ id, text, ...setting }, release).filter((finding) => finding.key === key && isMended(finding));
    const found = mendable(before.text);
    if (found.length === 0) continue;
    // As `lint --fix` does: what one fix leaves, another mends.
    let mended = apply(config, found);
    for (let round = 1; round < ROUNDS; round++) mended = apply(mended, mendable(textOf(mended)));
    const after = { id: `${id}-fixed`, text: textOf(mended), ...setting };
    const left = silentFaults(after, release).filter((finding) =>
      found.some((one) => one.id === finding.id && one.key === finding.key),
    );
    if (left.length > 0 || !judge(after, release, files).accepted) unmended.push(id);
    cases.push(after);
  }
  return { cases, unmended };
}

/** Whether `lint --fix` mends it: advice is left to the author. */
function isMended({ severity, fix }: Finding): boolean {
  return severity !== Severity.ADVICE && fix !== undefined;
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
