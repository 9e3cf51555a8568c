import { type Finding, Severity } from '../run/finding';
import { maskedFinding } from './secrets';

/** One finding on one line, for errors that other programs print. */
export function findingLine(found: Finding): string {
  const finding = maskedFinding(found);
  const parts = [
    finding.message,
    ...(finding.got === undefined ? [] : [`got ${finding.got}`]),
    ...(finding.allowed === undefined ? [] : [`allowed: ${finding.allowed}`]),
    ...(finding.change === undefined ? [] : [finding.change]),
  ];
  const key = finding.key === '' ? '' : `${finding.key}: `;
  return `${whereOf(finding)}: ${key}${parts.join('; ')} (${finding.id})`;
}

/** Where a finding is: its construct or file, and the line, where that is known. */
function whereOf({ path, place }: Finding): string {
  if (place?.line === undefined) return path;
  const at = [place.file, place.line, ...(place.column === undefined ? [] : [place.column])].join(':');
  return path === place.file ? at : `${path}: ${at}`;
}

/** Findings as text to read: errors first, a blank line between, what several runs share once. */
export function findingsText(findings: readonly Finding[]): string {
  const order = [Severity.ERROR, Severity.WARNING, Severity.ADVICE];
  return shared(findings)
    .sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
    .map(findingBlock)
    .join('\n\n');
}

/** One finding for all that say the same of different runs; its path names the first and counts the others. */
function shared(findings: readonly Finding[]): Finding[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const same = JSON.stringify([finding.id, finding.key, finding.message, finding.got]);
    const group = groups.get(same);
    if (group === undefined) groups.set(same, [finding]);
    else group.push(finding);
  }
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    return [others.length === 0 ? first : { ...first, path: `${first.path} and ${others.length} more` }];
  });
}

function findingBlock(found: Finding): string {
  const finding = maskedFinding(found);
  const rows: Array<[string, string | undefined]> = [
    ['got', finding.got],
    ['allowed', finding.allowed],
    ['change', finding.change],
    ['source', finding.source],
  ];
  return [
    `${finding.severity}: ${whereOf(finding)}${finding.key === '' ? '' : `: ${finding.key}`}  [${finding.id}]`,
    `  ${finding.message}`,
    ...rows.filter(([, value]) => value !== undefined).map(([label, value]) => `  ${label.padEnd(8)} ${value}`),
  ].join('\n');
}
