import { asJson } from '../../run/as-json';
import { type Edit, type Finding, Severity } from '../../run/finding';
import { nearest } from '../../run/nearest';
import { isIn } from '../../run/releases';
import type { ConfigKind } from '../../run/run';
import { byRelease } from '../by-release';
import { KINDS, takes } from '../config-kind';
import { fieldsOf, replacementOf } from '../fields';
import { DATA_STEPS } from './data';
import { DEEPSPEED_STEPS } from './deepspeed';
import { inWords, remove, rename } from './edits';
import { FINETUNING_STEPS } from './finetuning';
import { FSDP_STEPS } from './fsdp';
import { LATER_STEPS } from './later';
import { MODEL_STEPS } from './model';
import { OTHER_STEPS } from './other-kinds';
import { PyError } from './python';
import { type ParserInput, type ParserRule, type State, type Step, startState } from './state';
import { TRAIN_STEPS } from './train';
import { TRAINING_STEPS } from './training';

/** What the real parser would say. */
export interface Verdict {
  /** The parser of that release takes the run, and what fails soon after it without a GPU doesn't fail. */
  readonly accepted: boolean;
  /** Why not, or what it hangs on; no errors if accepted. */
  readonly findings: readonly Finding[];
}

/** Every step of the parser, in its order. */
export const STEPS: readonly Step[] = [
  ...MODEL_STEPS,
  ...DATA_STEPS,
  ...TRAINING_STEPS,
  ...FSDP_STEPS,
  ...DEEPSPEED_STEPS,
  ...FINETUNING_STEPS,
  ...TRAIN_STEPS,
  ...LATER_STEPS,
];

/** The steps that a release takes, by what a config is for. */
const stepsOf = byRelease((release) => {
  const inRelease = (steps: readonly Step[]) => steps.filter(({ releases = {} }) => isIn(release, releases));
  const { webui, evaluation, inference } = OTHER_STEPS;
  return {
    train: inRelease(STEPS),
    export: inRelease(OTHER_STEPS.export),
    inference: inRelease(inference),
    evaluation: inRelease(evaluation),
    webui: inRelease(webui),
  };
});

/**
 * Goes the way of LLaMA-Factory's `get_train_args` and of the code after it that needs no weights, for torchrun; of a
 * config that is for something else, the way of its command. All checks are made, where the real parser stops at the
 * first.
 */
export function parse(input: ParserInput): Verdict {
  const findings = unknownArguments(input);
  const state = startState(input);
  for (const step of stepsOf(input.release)[input.kind ?? 'train']) {
    const finding = take(step, state);
    if (finding && !findings.some(({ id, key }) => id === finding.id && key === finding.key)) findings.push(finding);
  }
  return { accepted: findings.every(({ severity }) => severity !== Severity.ERROR), findings };
}

function take(step: Step, state: State): Finding | undefined {
  try {
    if ('set' in step) step.set(state);
    else if (step.refuses(state)) return refusal(step, state);
  } catch (error) {
    if (error instanceof PyError) return crash(step, state, error);
    throw error;
  }
  return undefined;
}

function refusal(rule: ParserRule, state: State): Finding {
  const { args } = state.input;
  const given = rule.missing ? undefined : rule.keys.find((name) => name in args);
  const key = given ?? rule.keys[0] ?? '';
  const fix = rule.fix ? rule.fix(state) : remove(state, key);
  const severity = rule.severity?.(state) ?? Severity.ERROR;
  const textOf = (text: ParserRule['message']) => (typeof text === 'string' ? text : text(state));
  return {
    id: rule.id,
    severity,
    path: state.input.path,
    key,
    message: `${textOf(rule.message)}; LLaMA-Factory refuses it${severity === Severity.ERROR ? '' : ' otherwise'}: "${textOf(rule.upstream)}"`,
    got: key in args ? asJson(args[key]) : undefined,
    ...withFix(fix, rule.change),
    absent: rule.absent?.(state),
    place: rule.place?.(state),
    source: rule.source,
  };
}

/** Python raises where there is no check. */
function crash(step: Step, state: State, error: PyError): Finding {
  const { args } = state.input;
  const given = step.keys.filter((name) => name in args);
  const key = given.find((name) => state.values[name] === error.value || args[name] === error.value) ?? given[0];
  return {
    id: 'python-crash',
    severity: Severity.ERROR,
    path: state.input.path,
    key: key ?? step.keys[0] ?? '',
    message: `LLaMA-Factory crashes on it: ${error.type}, ${error.text}`,
    got: key === undefined ? undefined : asJson(args[key]),
    ...(key === undefined ? {} : { change: changeOf(key, error) }),
    ...(error.place === undefined ? {} : { place: error.place }),
    ...(error.type === 'FileNotFoundError' ? { absent: String(error.value) } : {}),
    source: step.source,
  };
}

function changeOf(key: string, { place }: PyError): string {
  return place === undefined ? `write what \`${key}\` takes, or take it out` : `mend ${place.file}`;
}

function unknownArguments(input: ParserInput): Finding[] {
  const { kind = 'train', release, args } = input;
  // None of LLaMA Board's fields is an argument: that is said once.
  if (kind === 'webui') return [];
  return Object.keys(args)
    .filter((key) => !takes(kind, release, key))
    .map((key) =>
      fieldsOf(release).get(key)?.settable ? otherArgument(input, kind, key) : unknownArgument(input, key),
    );
}

/** An argument that the release has, but not for what the config is for. */
function otherArgument(input: ParserInput, kind: ConfigKind, key: string): Finding {
  const fix = remove({ input }, key);
  return {
    id: 'unknown-argument',
    severity: Severity.ERROR,
    path: input.path,
    key,
    message: `\`${key}\` is no argument of a config ${KINDS[kind].purpose}: ${KINDS[kind].startedBy} refuses it`,
    ...withFix(fix),
    source: 'transformers: src/transformers/hf_argparser.py',
  };
}

function unknownArgument(input: ParserInput, key: string): Finding {
  const { release } = input;
  const fields = fieldsOf(release);
  const replacement = replacementOf(key);
  const meant = replacement ? replacement.renamedTo : nearest(key, settableOf(release));
  const usable = meant !== undefined && fields.get(meant)?.settable && !(meant in input.args) ? meant : undefined;
  const at = { input };
  // What no release knows may mean anything: only its author can take it out.
  const fix = usable !== undefined ? rename(at, key, usable) : replacement === undefined ? [] : remove(at, key);
  const unsure =
    meant === undefined ? 'take it out' : `take it out, or give its value to \`${meant}\`, which is there too`;
  const change = replacement?.instead === undefined ? undefined : `remove it; instead: ${replacement.instead}`;
  return {
    id: 'unknown-argument',
    severity: Severity.ERROR,
    path: input.path,
    key,
    message: `LLaMA-Factory ${release} has no argument \`${key}\`${why(key, meant)}`,
    ...withFix(fix, fix.length === 0 ? unsure : change),
    source: 'transformers: src/transformers/hf_argparser.py',
  };
}

/** The names that a release takes. */
const settableOf = byRelease((release) =>
  [...fieldsOf(release).values()].filter((field) => field.settable).map(({ name }) => name),
);

function why(key: string, meant: string | undefined): string {
  const replacement = replacementOf(key);
  if (!replacement) return meant === undefined ? '' : `; did you mean \`${meant}\`?`;
  const since = `known up to ${replacement.until}`;
  return replacement.renamedTo ? ` (${since}, now \`${replacement.renamedTo}\`)` : ` (${since})`;
}

function withFix(fix: readonly Edit[], change?: string): Pick<Finding, 'change' | 'fix'> {
  return { change: change ?? inWords(fix), fix: fix.length > 0 ? fix : undefined };
}
