import { type Field, fieldsOf } from '../../../llamafactory/fields';
import { type Edit, EditOperation, type Finding, Severity } from '../../../run/finding';
import { nearest } from '../../../run/nearest';
import type { Run } from '../../../run/run';
import type { Rule } from '../../rule';
import { isUnread } from '../../unread-arguments';

/** Choices that the parser checks itself, or the code right after it. */
const CHECKED = new Set([
  'eval_strategy',
  'logging_strategy',
  'save_strategy',
  'hub_strategy',
  'lr_scheduler_type',
  'optim',
  'finetuning_type',
  'stage',
  'flash_attn',
  'infer_backend',
  'ray_storage_filesystem',
]);

/** Values of arguments that are plain strings to the parser and looked up later. */
const LEVELS = ['debug', 'info', 'warning', 'error', 'critical', 'passive'];
const LOOKED_UP: Readonly<Record<string, readonly string[]>> = { log_level: LEVELS, log_level_replica: LEVELS };

/** Names of other tools and former releases. */
const MEANT: Readonly<Record<string, string>> = { bitsandbytes: 'bnb' };

export const rule: Rule = {
  id: 'argument-choice',
  severity: Severity.ERROR,
  reason:
    'The parser compares no value with the choices it documents: an unknown one passes and is ignored without a word (quantization_method: bitsandbytes means no quantisation), or fails minutes later.',
  source: 'transformers: src/transformers/hf_argparser.py, parse_dict',
  everyKind: true,
  check(run) {
    const fields = fieldsOf(run.release);
    const findings: Finding[] = [];
    for (const key of Object.keys(run.args)) {
      const value = run.args[key];
      if (typeof value !== 'string') continue;
      const field = fields.get(key);
      // What it does to a run that quantises is said by a rule of its own.
      const elsewhere = key === 'quantization_method' || isUnread(run, key);
      const finding = field?.settable && !elsewhere ? fault(run, field, value) : undefined;
      if (finding !== undefined) findings.push(finding);
    }
    return findings;
  },
};

function fault(run: Run, field: Field, value: string): Finding | undefined {
  const choices = choicesOf(field);
  if (choices.length === 0 || choices.includes(value)) return undefined;
  const fix = fixOf(run, field, value, choices);
  return {
    id: rule.id,
    severity: rule.severity,
    path: run.path,
    key: field.name,
    message: `\`${field.name}\` has no value \`${value}\` in LLaMA-Factory ${run.release}, which does not check it`,
    got: value,
    allowed: choices.join(', '),
    change:
      fix.op === EditOperation.SET ? `set \`${field.name}\` to \`${String(fix.value)}\`` : `remove \`${field.name}\``,
    fix: [fix],
    source: rule.source,
  };
}

function fixOf(run: Run, { name }: Field, value: string, choices: readonly string[]): Edit {
  const known = MEANT[value];
  const meant = known !== undefined && choices.includes(known) ? known : nearest(value, choices);
  const at = { file: run.file, key: name };
  return meant === undefined ? { ...at, op: EditOperation.REMOVE } : { ...at, op: EditOperation.SET, value: meant };
}

/** The strings a field takes; none if it takes any. */
function choicesOf({ name, choices, type }: Field): readonly string[] {
  if (CHECKED.has(name)) return [];
  const known = LOOKED_UP[name];
  if (known) return known;
  if (choices === undefined) return [];
  const takesAny = type.split('|').some((form) => form.trim() === 'str');
  return takesAny ? [] : choices.filter((choice): choice is string => typeof choice === 'string');
}
