import { camelCase } from '../llamafactory/fields';
import type { Files } from '../llamafactory/files';
import { propOf } from '../llamafactory/owned-arguments';
import { parse, type Verdict } from '../llamafactory/parser/parse';
import type { Plan, PlanNumbers, PlanOptions } from '../planning/plan';
import { type Finding, Severity } from '../run/finding';
import type { Run } from '../run/run';
import { type Acknowledgements, acknowledge } from './acknowledgements';
import { distinct } from './distinct';
import { type Attempt, attempt } from './guarded';
import { checkRules } from './rules';
import { maskedFinding, secretArguments } from './secrets';

/** What a run's arguments were written as. */
export interface Written {
  /**
   * The arguments that come from a train config as they stand; all others are props, and findings call them so.
   * @default - all: findings call arguments as LLaMA-Factory does
   */
  readonly keys?: ReadonlySet<string>;
  /** Those of the train config that are a whole number written as a float: `2.0`. */
  readonly floats: ReadonlySet<string>;
}

/** What is known beside the run itself. */
export interface JudgeOptions extends PlanOptions {
  /** @default - a train config without floats that are whole numbers */
  readonly written?: Written;
  /**
   * The files the trainer would see.
   * @default - not known: what hangs on a file is taken from the run, or taken to be right
   */
  readonly files?: Files;
  /**
   * What else was found, to be judged along: it comes first.
   * @default - nothing
   */
  readonly further?: readonly Finding[];
  /**
   * Reasons for which warnings and advice are right as they are, by id.
   * @default - none
   */
  readonly acknowledge?: Acknowledgements;
}

/** What is said of a run. Each part is worked out when it is asked for, once. */
export interface Judgement {
  /** What is wrong with it, each thing once, without what was acknowledged. */
  readonly findings: readonly Finding[];
  /** The reasons that silenced something, by id. */
  readonly acknowledged: Acknowledgements;
  /** The release's own parser takes it; undefined: that hangs on files that are not here. */
  readonly accepted: boolean | undefined;
  /** What it does and takes, or why that can't be told. */
  readonly numbers: Attempt<PlanNumbers>;
  /** The same with advice. */
  readonly plan: Attempt<Plan>;
}

/** Judges a run: what the trainer's parser refuses, what the rules find, what it takes. Whatever it holds, nothing throws. */
export function judge(run: Run, options: JudgeOptions = {}): Judgement {
  let judged: ReturnType<typeof judgeFindings> | undefined;
  let numbers: Attempt<PlanNumbers> | undefined;
  const said = () => {
    judged ??= judgeFindings(run, options);
    return judged;
  };
  const planned = () => {
    numbers ??= attempt(run.path, 'plan', () => planning().planNumbers(run, options));
    return numbers;
  };
  return {
    get findings() {
      return said().findings;
    },
    get acknowledged() {
      return said().used;
    },
    get accepted() {
      return said().accepted;
    },
    get numbers() {
      return planned();
    },
    get plan() {
      const known = planned();
      if ('failed' in known) return known;
      return attempt(run.path, 'plan', () => ({ ...known.value, advice: known.value.advice() }));
    },
  };
}

function judgeFindings(run: Run, { written = NOTHING, files, further = [], acknowledge: reasons = {} }: JudgeOptions) {
  const parsed = attempt(run.path, '', () => parse({ ...run, floats: written.floats, files }));
  const verdict: Verdict = 'failed' in parsed ? { accepted: false, findings: [parsed.failed] } : parsed.value;
  const known = verdict.findings.filter(({ absent, severity }) => absent === undefined && severity === Severity.ERROR);
  const accepted = known.length === 0 && !verdict.accepted ? undefined : verdict.accepted;
  const secrets = secretArguments(run.args);
  const found = [...verdict.findings.map(notJudged), ...checkRules(run)].map((finding) =>
    called(finding, run, written),
  );
  const said = [...further, ...found];
  const shown = secrets.size === 0 ? said : said.map((finding) => withoutSecrets(finding, secrets));
  return { accepted, ...acknowledge(distinct(shown), reasons, run.path) };
}

/** A finding that shows no secret, and whose fix moves none: where a secret goes its author says. */
function withoutSecrets(finding: Finding, secrets: ReturnType<typeof secretArguments>): Finding {
  const { fix = [], ...others } = finding;
  const values = [...secrets.values()].map(({ value }) => value);
  return maskedFinding(fix.some(({ key }) => secrets.has(key)) ? others : finding, values);
}

/** What hangs on a file that is not here is no error yet. */
function notJudged(finding: Finding): Finding {
  const { absent, path, key, source } = finding;
  if (absent === undefined) return finding;
  return {
    id: 'absent-file',
    severity: Severity.WARNING,
    path,
    key,
    message: `${absent} is not here, so it can't be judged whether LLaMA-Factory takes \`${key}\`; without the file it refuses it`,
    change: 'have the file here, or say by --root where the trainer is started',
    absent,
    source,
  };
}

const NOTHING: Written = { floats: new Set() };

/** A finding with its key in the spelling of its author. */
function called(finding: Finding, { args }: Run, { keys }: Written): Finding {
  const { key } = finding;
  if (keys === undefined || !(key in args)) return finding;
  return { ...finding, key: propOf(key) ?? (keys.has(key) ? `trainConfig.${key}` : `train.${camelCase(key)}`) };
}

/** Loaded when it is asked for: `lint` plans nothing. */
function planning(): typeof import('../planning/plan') {
  return require('../planning/plan') as typeof import('../planning/plan');
}
