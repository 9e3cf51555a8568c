import { type Finding, Severity } from '../run/finding';
import { nearest } from '../run/nearest';

/** Reasons by the id of the finding they are for. */
export type Acknowledgements = Readonly<Record<string, string>>;

/** What is left of findings once those with a reason are taken out. */
export interface Acknowledged {
  readonly findings: readonly Finding[];
  /** The reasons that silenced something, by id. */
  readonly used: Acknowledgements;
}

/**
 * Takes out warnings and advice that somebody has given a reason for. An id that finds an error stays an error and is
 * told to be none that can be acknowledged; what the acknowledgements themselves lack is added.
 *
 * @param path the construct, or the file, that the reasons are for: findings elsewhere stay
 */
export function acknowledge(findings: readonly Finding[], given: Acknowledgements, path: string): Acknowledged {
  const entries = Object.entries(given);
  if (entries.length === 0) return { findings, used: {} };
  const here = findings.filter((finding) => finding.path === path);
  const used: Record<string, string> = {};
  const faults: Finding[] = [];
  for (const [id, reason] of entries) {
    const found = here.filter((finding) => finding.id === id);
    const fault = faultOf(id, reason, found);
    if (fault !== undefined) faults.push({ path, key: `acknowledge.${id}`, ...fault });
    if (isReason(reason) && found.some(isQuiet)) used[id] = reason;
  }
  const left = findings.filter((finding) => !(finding.path === path && finding.id in used && isQuiet(finding)));
  return { findings: [...left, ...faults], used };
}

/** Why an id is none of docs/RULES.md, in words; undefined if it is. */
export function unknownId(id: string): string | undefined {
  const known = knownFindings();
  if (known.has(id)) return undefined;
  const ids = [...known.values()].filter(({ acknowledgeable }) => acknowledgeable).map((finding) => finding.id);
  const meant = nearest(id, ids);
  return `no finding has the id ${JSON.stringify(id)}${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

/** Made of all rules and refusals, and so loaded where a reason is given for one: most runs give none. */
function knownFindings(): typeof import('./registry').FINDINGS {
  return (require('./registry') as typeof import('./registry')).FINDINGS;
}

function faultOf(id: string, reason: string, found: readonly Finding[]): Omit<Finding, 'path' | 'key'> | undefined {
  if (!isReason(reason)) {
    return {
      id: 'acknowledged-without-reason',
      severity: Severity.ERROR,
      message: 'a finding is acknowledged for a reason, and this one is empty',
      change: 'say why it is right as it is',
    };
  }
  if (found.some((finding) => !isQuiet(finding))) {
    return {
      id: 'acknowledged-error',
      severity: Severity.ERROR,
      message: `${id} is an error here: the run would be refused, die or do something else, and no reason changes that`,
      change: 'mend what it finds',
    };
  }
  if (found.length > 0) return undefined;
  const unknown = unknownId(id);
  if (unknown !== undefined) {
    return {
      id: 'acknowledged-unknown',
      severity: Severity.ERROR,
      message: unknown,
      allowed: 'the ids of docs/RULES.md',
    };
  }
  return {
    id: 'acknowledged-nothing',
    severity: Severity.ADVICE,
    message: `${id} finds nothing here, so nothing has to be acknowledged`,
    change: 'take it out: it would hide a later finding',
  };
}

/** Plain JavaScript can give anything. */
function isReason(reason: unknown): boolean {
  return typeof reason === 'string' && reason.trim() !== '';
}

function isQuiet({ severity }: Finding): boolean {
  return severity !== Severity.ERROR;
}
