/**
 * Compares the twin's verdicts with the recorded ones of the real parsers, without Python: `npm run test:parity`.
 * The exit code is 1 if they differ anywhere, if the record is stale or if a rule is not covered.
 */
import { fileStore } from '../../src/cli/file-store';
import { OTHER_STEPS } from '../../src/llamafactory/parser/other-kinds';
import { STEPS } from '../../src/llamafactory/parser/parse';
import { RELEASES, type Release } from '../../src/run/releases';
import { allCases, type ParityCase } from './cases';
import { dataCases } from './data-cases';
import { digestOfData, keptByTwin, readDataVerdicts } from './data-verdicts';
import { fixedCases, silentCases } from './fixed';
import { judge } from './judge';
import { lintedAt, placedConfigs, readPlaced, repositoryOf } from './kinds';
import { makeFolder, removeFolder } from './oracle-run';
import { digestOf, readVerdicts } from './verdicts';

const SHOWN = 30;
const LEAST_BREAKS = 3;
const LEAST_PASSES = 2;

const cases = allCases();
const folder = makeFolder();
const files = fileStore().from(folder);
const refused = new Map<string, number>();
const passed = new Map<string, number>();
let failed = false;
for (const release of RELEASES) {
  compare(release);
  compareFixed(release);
  compareSilent(release);
  compareData(release);
}
comparePlaced();
covered();
removeFolder(folder);
process.exitCode = failed ? 1 : 0;

function compare(release: Release): void {
  const verdicts = readVerdicts(release, 'cases');
  let [agreements, rejections, stale] = [0, 0, 0];
  const differing: string[] = [];
  for (const one of cases) {
    const recorded = verdicts.get(one.id);
    if (!recorded || recorded[0] !== digestOf(one)) {
      stale++;
      continue;
    }
    const [, accepted, error] = recorded;
    const twin = judge(one, release, files);
    if (!accepted) rejections++;
    count(
      one,
      accepted,
      twin.findings.map(({ id }) => id),
    );
    if (twin.accepted === accepted) agreements++;
    else
      differing.push(
        `  ${one.id}: real ${accepted} ${error ?? ''} | twin ${twin.findings.map(({ id, key }) => `${id} ${key}`).join(', ')}`,
      );
  }
  const share = Math.round((100 * rejections) / cases.length);
  console.log(
    `${release}: ${cases.length} cases, ${share} % refused, ${agreements} agreements, ${differing.length} disagreements`,
  );
  if (stale > 0) console.log(`  ${stale} cases are not recorded as they are: run npm run parity:record`);
  for (const line of differing.slice(0, SHOWN)) console.log(line);
  if (differing.length > 0 || stale > 0) failed = true;
}

/** What the twin's fixes make of a refused config, the real parser takes. */
function compareFixed(release: Release): void {
  const verdicts = readVerdicts(release, 'fixed');
  const { cases: fixed, unfixed } = fixedCases(release, files);
  const stale = fixed.filter((one) => verdicts.get(one.id)?.[0] !== digestOf(one));
  const refusedStill = fixed.filter((one) => verdicts.get(one.id)?.[1] === false);
  console.log(
    `${release}: ${fixed.length} configs fixed, ${refusedStill.length} refused by the real parser all the same`,
  );
  console.log(`  some faults without a fix that can be computed: ${unfixed.join(', ')}`);
  if (stale.length > 0)
    console.log(`  ${stale.length} fixes are not recorded as they are: run npm run parity:record -- --fixed`);
  for (const { id } of refusedStill.slice(0, SHOWN)) console.log(`  ${id}: ${verdicts.get(id)?.[2]}`);
  if (refusedStill.length > 0 || stale.length > 0) failed = true;
}

/** Of configs that the parser lets through and rules mend, nothing of what was mended is left, and the parser takes them. */
function compareSilent(release: Release): void {
  const verdicts = readVerdicts(release, 'silent');
  const { cases: mended, unmended } = silentCases(release, files);
  const stale = mended.filter((one) => verdicts.get(one.id)?.[0] !== digestOf(one));
  const refusedNow = mended.filter((one) => verdicts.get(one.id)?.[1] === false);
  console.log(
    `${release}: ${mended.length} silent faults mended, ${unmended.length} not, ${refusedNow.length} refused by the real parser`,
  );
  if (stale.length > 0)
    console.log(`  ${stale.length} fixes are not recorded as they are: run npm run parity:record -- --fixed`);
  for (const { id } of refusedNow.slice(0, SHOWN)) console.log(`  ${id}: ${verdicts.get(id)?.[2]}`);
  for (const id of unmended.slice(0, SHOWN)) console.log(`  ${id}`);
  if (unmended.length > 0 || refusedNow.length > 0 || stale.length > 0) failed = true;
}

/** How many rows of a data set are trained on, or that the run stops at one. */
function compareData(release: Release): void {
  const verdicts = readDataVerdicts(release);
  const sets = dataCases();
  const stale = sets.filter((one) => verdicts.get(one.id)?.[0] !== digestOfData(one));
  const differing = sets.filter((one) => {
    const outcome = verdicts.get(one.id)?.[1];
    return keptByTwin(one, release) !== (typeof outcome === 'number' ? outcome : undefined);
  });
  console.log(`${release}: ${sets.length} data sets, ${differing.length} disagreements on the rows kept`);
  if (stale.length > 0)
    console.log(`  ${stale.length} data sets are not recorded as they are: run npm run parity:record -- --data`);
  for (const { id } of differing.slice(0, SHOWN)) console.log(`  ${id}: real ${verdicts.get(id)?.[1]}`);
  if (differing.length > 0 || stale.length > 0) failed = true;
}

/** Configs judged where they lie, by what they are for: the release's own examples, and cases of each rule. */
function comparePlaced(): void {
  const breaking = new Set<string>();
  for (const release of RELEASES) {
    const repository = repositoryOf(release);
    const verdicts = readPlaced(release);
    const configs = placedConfigs(repository, release);
    const differing: string[] = [];
    for (const { path, kind } of configs) {
      const [recordedKind, accepted, error] = verdicts[path] ?? [];
      const report = lintedAt(repository, path, release);
      if (accepted === false) for (const { id } of report.findings) breaking.add(id);
      if (recordedKind === kind && report.accepted === accepted) continue;
      const ids = report.findings.filter(({ severity }) => severity === 'error').map(({ id, key }) => `${id} ${key}`);
      differing.push(`  ${path} (${kind}): real ${recordedKind} ${accepted} ${error ?? ''} | twin ${ids.join(', ')}`);
    }
    const examples = configs.filter(({ path }) => path.startsWith('examples/'));
    const taken = examples.filter(({ path }) => verdicts[path]?.[1] === true).length;
    const others = configs.length - examples.length;
    console.log(
      `${release}: ${examples.length} of LLaMA-Factory's examples where they lie, ${taken} taken, and ${others} configs that are not to train, ${differing.length} disagreements`,
    );
    for (const line of differing.slice(0, SHOWN)) console.log(line);
    if (differing.length > 0) failed = true;
    removeFolder(repository);
  }
  const others = new Set(
    Object.values(OTHER_STEPS).flatMap((steps) => steps.flatMap((step) => ('id' in step ? step.id : []))),
  );
  const trained = new Set(STEPS.flatMap((step) => ('id' in step ? step.id : [])));
  const untried = [...others].filter((id) => !trained.has(id) && !breaking.has(id));
  if (untried.length > 0) {
    console.log(`  no config is refused for ${untried.join(', ')}`);
    failed = true;
  }
}

function count(one: ParityCase, accepted: boolean, ids: readonly string[]): void {
  if (one.rule === undefined) return;
  if (one.breaks && !accepted && ids.includes(one.rule)) refused.set(one.rule, (refused.get(one.rule) ?? 0) + 1);
  if (!one.breaks && accepted) passed.set(one.rule, (passed.get(one.rule) ?? 0) + 1);
}

function covered(): void {
  const rules = new Set([
    ...STEPS.flatMap((step) => ('id' in step ? [step.id] : [])),
    'python-crash',
    'unknown-argument',
  ]);
  const poor = [...rules].filter((id) => (refused.get(id) ?? 0) < LEAST_BREAKS || (passed.get(id) ?? 0) < LEAST_PASSES);
  console.log(
    `${rules.size} rules, ${rules.size - poor.length} with ${LEAST_BREAKS} refused and ${LEAST_PASSES} accepted cases or more`,
  );
  for (const id of poor) console.log(`  ${id}: ${refused.get(id) ?? 0} refused, ${passed.get(id) ?? 0} accepted`);
  if (poor.length > 0) failed = true;
}
