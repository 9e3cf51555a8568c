import { OTHER_STEPS } from '../llamafactory/parser/other-kinds';
import { STEPS } from '../llamafactory/parser/parse';
import type { ParserRule } from '../llamafactory/parser/state';
import { Severity } from '../run/finding';
import { type FindingId, OTHER_FINDINGS, type OtherSubject, PARSER_IDS, RULE_IDS } from '../run/finding-ids';
import type { Rule } from './rule';
import { RULES } from './rules';

/** What there is to say of all findings of one id. */
export interface KnownFinding {
  readonly id: FindingId;
  /** A rule, a refusal of the parser's twin, or what it is about. */
  readonly subject: 'rule' | 'refusal' | OtherSubject;
  /** How bad it is: the usual first, then what single findings may be. */
  readonly severities: readonly Severity[];
  /** What is found; of a rule, why it matters. */
  readonly title: string;
  /**
   * Where the fact comes from.
   * @default - each finding says it, or stands for itself
   */
  readonly source?: string;
  /** Whether a reason can silence it: its warnings and advice, never its errors. */
  readonly acknowledgeable: boolean;
  /** Where it is described, from the repository's root. */
  readonly docs: string;
}

const { ERROR, WARNING, ADVICE } = Severity;

/** What is not, or not always, an error; of a rule, what single findings may be beside its own severity. */
const SEVERITIES: Readonly<Partial<Record<FindingId, readonly Severity[]>>> = {
  'absent-file': [WARNING],
  'acknowledged-nothing': [ADVICE],
  'config-map-needs-server-side-apply': [WARNING],
  'container-without-resources': [WARNING],
  'dataset-not-read': [WARNING],
  'dataset-rows': [WARNING],
  'deepspeed-missing-keys': [ADVICE],
  'flash-attention-unsupported': [WARNING],
  'gpu-memory': [WARNING, ADVICE],
  'gpu-shared': [WARNING],
  'gradient-checkpointing-stays-on': [ERROR, WARNING],
  'image-not-pinned': [ERROR, WARNING],
  'image-tag-moves': [WARNING],
  'import-dataset': [WARNING, ERROR],
  'import-deepspeed': [WARNING],
  'import-launch-script': [WARNING],
  'import-model': [ERROR, WARNING],
  'import-secret': [WARNING],
  'memory-too-small': [ERROR, WARNING],
  'missing-reference': [ERROR, WARNING],
  'model-not-planned': [WARNING],
  'owned-argument': [ERROR, WARNING],
  'pod-template': [ERROR, WARNING],
  'pods-apart': [WARNING],
  'preflight-holds-gpus': [WARNING],
  'relative-path': [ERROR],
  'report-to-unset': [WARNING, ADVICE],
  'rocm-unproven': [WARNING],
  'service-account-token': [WARNING],
};

/** What the twin refuses, of every kind of file, by id. */
const REFUSALS = refusalsById();

/** Every finding there can be, by its id: what docs/RULES.md lists and `acknowledge` goes by. */
export const FINDINGS: ReadonlyMap<string, KnownFinding> = new Map(
  [...RULE_IDS.map(ruleOf), ...PARSER_IDS.map(refusalOf), ...others()].map((known) => [known.id, known]),
);

function ruleOf(id: Rule['id']): KnownFinding {
  const { severity, reason, source } = RULES.find((rule) => rule.id === id) as Rule;
  const severities = new Set([severity, ...(SEVERITIES[id] ?? [])]);
  return { ...known(id, 'rule', [...severities], reason), source };
}

/** A refusal can have several steps, of one release or of several arguments; a title is for all of them. */
function refusalOf(id: ParserRule['id']): KnownFinding {
  const steps = REFUSALS.get(id) ?? [];
  const titles = steps.flatMap(({ title }) => title ?? []);
  const messages = steps.flatMap(({ message }) => (typeof message === 'string' ? message : []));
  const source = once(steps.map((step) => step.source));
  return { ...known(id, 'refusal', [ERROR], once(titles.length > 0 ? titles : messages)), source };
}

function refusalsById(): ReadonlyMap<ParserRule['id'], readonly ParserRule[]> {
  const byId = new Map<ParserRule['id'], ParserRule[]>();
  for (const step of [...STEPS, ...Object.values(OTHER_STEPS).flat()]) {
    if ('set' in step) continue;
    const known = byId.get(step.id);
    if (known === undefined) byId.set(step.id, [step]);
    else known.push(step);
  }
  return byId;
}

function others(): KnownFinding[] {
  return (Object.keys(OTHER_FINDINGS) as OtherSubject[]).flatMap((subject) =>
    Object.entries(OTHER_FINDINGS[subject]).map(([name, title]) => {
      const id = name as FindingId;
      return known(id, subject, SEVERITIES[id] ?? [ERROR], title);
    }),
  );
}

function known(
  id: FindingId,
  subject: KnownFinding['subject'],
  severities: readonly Severity[],
  title: string,
): KnownFinding {
  // What an import leaves open is in no manifest, and an acknowledgement without effect is taken out.
  const isSettled = subject === 'import' || subject === 'checks';
  const acknowledgeable = !isSettled && severities.some((severity) => severity !== ERROR);
  return { id, subject, severities, title, acknowledgeable, docs: `docs/RULES.md#${id}` };
}

function once(texts: readonly string[]): string {
  return [...new Set(texts)].join('; ');
}
