import type { ZodType } from 'zod';
import { type Field, fieldsOf } from '../../../llamafactory/fields';
import { asJson } from '../../../run/as-json';
import { type Edit, EditOperation, type Finding, Severity } from '../../../run/finding';
import type { Run } from '../../../run/run';
import type { Rule } from '../../rule';
import { isUnread } from '../../unread-arguments';

/** Arguments that LLaMA-Factory splits at commas: a YAML list does as well. */
const LISTS = new Set([
  'dataset',
  'eval_dataset',
  'interleave_probs',
  'freeze_trainable_modules',
  'freeze_extra_modules',
  'lora_target',
  'oft_target',
  'additional_target',
  'galore_target',
  'apollo_target',
]);
/** Arguments with a form more than their type says. */
const ALSO: Readonly<Record<string, string>> = { resume_from_checkpoint: 'bool', dataset_dir: 'dict' };

/** Numbers that must be above 0: with 0 or less training fails after the model is loaded, or does nothing. */
const POSITIVE = new Set([
  'cutoff_len',
  'per_device_train_batch_size',
  'per_device_eval_batch_size',
  'gradient_accumulation_steps',
  'num_train_epochs',
  'learning_rate',
  'lora_rank',
  'galore_rank',
  'apollo_rank',
  'preprocessing_num_workers',
  'preprocessing_batch_size',
  'buffer_size',
  'max_samples',
  'max_new_tokens',
  'save_total_limit',
  'ddp_timeout',
  'oft_block_size',
  'pref_beta',
  'loraplus_lr_ratio',
  'early_stopping_steps',
  'badam_switch_interval',
  'galore_update_interval',
  'apollo_update_interval',
  'dataloader_prefetch_factor',
  'eval_accumulation_steps',
  'ray_num_workers',
]);
/** Numbers that must lie from 0 to 1. */
const FRACTIONS = new Set([
  'lora_dropout',
  'module_dropout',
  'adam_beta1',
  'adam_beta2',
  'label_smoothing_factor',
  'dpo_label_smoothing',
  'weight_decay',
  'warmup_ratio',
  'top_p',
]);
/** Of those above 0, the ones that can't be above 1. */
const AT_MOST_1 = new Set(['learning_rate']);
/** Numbers that must be at least 0. */
const NOT_NEGATIVE = new Set([
  'max_grad_norm',
  'dataloader_num_workers',
  'neftune_noise_alpha',
  'lora_alpha',
  'eval_delay',
  'moe_aux_loss_coef',
]);
/** Text is JSON where a mapping is meant, told by its brace: other text stays text, and the trainer stops at it. */
const JSON_TEXTS = new Set(['lr_scheduler_kwargs', 'gradient_checkpointing_kwargs', 'ray_init_kwargs']);

let zod: typeof import('zod') | undefined;
const schemas = new WeakMap<Field, ZodType>();
const forms = new WeakMap<Field, readonly string[]>();

export const rule: Rule = {
  id: 'argument-type',
  severity: Severity.ERROR,
  reason:
    'The parser checks no types: a string for a number, or a rank of 0, passes it and fails once the model is loaded, or is taken for something else ("false" in quotes is true).',
  source: 'transformers: src/transformers/hf_argparser.py, parse_dict',
  everyKind: true,
  check(run) {
    const fields = fieldsOf(run.release);
    const findings: Finding[] = [];
    for (const key of Object.keys(run.args)) {
      const value = run.args[key];
      const field = fields.get(key);
      if (field?.settable && !isRight(field, value) && !isUnread(run, key)) findings.push(fault(run, field, value));
    }
    return findings;
  },
};

function isRight(field: Field, value: unknown): boolean {
  return plainlyRight(field, value) || schemaOf(field).safeParse(value).success;
}

function fault(run: Run, field: Field, value: unknown): Finding {
  const { name } = field;
  const fix = fixOf(run, field, value);
  return {
    id: rule.id,
    severity: rule.severity,
    path: run.path,
    key: name,
    message: `\`${name}\` must be ${allowedText(field)}, and LLaMA-Factory does not check it before the model is loaded`,
    got: asJson(value),
    allowed: allowedText(field),
    change: changeOf(name, fix),
    ...(fix === undefined ? {} : { fix: [fix] }),
    source: rule.source,
  };
}

/** True for what needs no schema to be judged: zod takes 50 ms to load, and most runs hold nothing odd. */
function plainlyRight(field: Field, value: unknown): boolean {
  const allowed = formsOf(field);
  if (value === null) return allowed.includes('None');
  if (typeof value === 'boolean') return allowed.includes('bool');
  if (typeof value === 'string') {
    if (JSON_TEXTS.has(field.name) && !value.startsWith('{')) return false;
    return allowed.some((form) => !/^(bool|int|float|None|list|dict)/.test(form));
  }
  if (typeof value !== 'number' || !(value >= 0) || (value === 0 && POSITIVE.has(field.name))) return false;
  if (value > 1 && (FRACTIONS.has(field.name) || AT_MOST_1.has(field.name))) return false;
  return Number.isInteger(value) ? allowed.includes('int') || allowed.includes('float') : allowed.includes('float');
}

function changeOf(name: string, fix: Edit | undefined): string {
  if (fix === undefined) return `say which \`${name}\` is meant`;
  return fix.op === EditOperation.SET ? `set \`${name}\` to ${asJson(fix.value)}` : `remove \`${name}\``;
}

/** Without it the parser refuses the run, so it can't be taken out. */
const NEEDED = 'model_name_or_path';

/** The value meant, if its text says so; else the key is taken out, which leaves the default. */
function fixOf(run: Run, field: Field, value: unknown): Edit | undefined {
  const meant = meantBy(field, value);
  const at = { file: run.file, key: field.name };
  if (meant !== undefined && schemaOf(field).safeParse(meant).success) {
    return { ...at, op: EditOperation.SET, value: meant };
  }
  return field.name === NEEDED ? undefined : { ...at, op: EditOperation.REMOVE };
}

function meantBy(field: Field, value: unknown): unknown {
  if (typeof value === 'string') return valueIn(value);
  // Where other forms than text are taken, such as a mapping, a number's digits are hardly what is meant.
  const textAlone = formsOf(field).every((form) => form === 'str' || form === 'None');
  return typeof value === 'number' && textAlone ? String(value) : undefined;
}

function valueIn(text: string): unknown {
  if (/^(true|yes|on)$/i.test(text)) return true;
  if (/^(false|no|off)$/i.test(text)) return false;
  return /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function schemaOf(field: Field): ZodType {
  let schema = schemas.get(field);
  if (!schema) {
    zod ??= require('zod') as typeof import('zod');
    const each = formsOf(field).map((form) => formSchema(field, form, zod as typeof import('zod')));
    schema = zod.union(each as [ZodType, ...ZodType[]]);
    schemas.set(field, schema);
  }
  return schema;
}

function formSchema({ name }: Field, form: string, { z }: typeof import('zod')): ZodType {
  if (form === 'None') return z.null();
  if (form === 'bool') return z.boolean();
  if (form === 'int') return bounded(name, z.int());
  if (form === 'float') return bounded(name, z.number());
  if (form.startsWith('list')) return z.array(z.union([z.string(), z.number()]));
  if (form.startsWith('dict')) return z.record(z.string(), z.unknown());
  return JSON_TEXTS.has(name) ? z.string().startsWith('{') : z.string();
}

function bounded(name: string, number: import('zod').ZodNumber): ZodType {
  if (AT_MOST_1.has(name)) return number.positive().max(1);
  if (POSITIVE.has(name)) return number.positive();
  if (FRACTIONS.has(name)) return number.min(0).max(1);
  return NOT_NEGATIVE.has(name) ? number.min(0) : number;
}

/** The forms a field takes: those of its type, no value for switches that may be left open, and a few more. */
function formsOf(field: Field): readonly string[] {
  let known = forms.get(field);
  if (known === undefined) {
    const open = field.default === null || field.type === 'bool';
    const also = ALSO[field.name];
    known = [
      ...new Set([
        ...field.type.split('|').map((form) => form.trim()),
        ...(open ? ['None'] : []),
        ...(LISTS.has(field.name) ? ['list[str]'] : []),
        ...(also === undefined ? [] : [also]),
      ]),
    ];
    forms.set(field, known);
  }
  return known;
}

function allowedText(field: Field): string {
  const texts = formsOf(field).flatMap((form) => (form === 'None' ? [] : [formText(field.name, form)]));
  return [...new Set(texts)].join(' or ');
}

function formText(name: string, form: string): string {
  if (form === 'bool') return 'true or false';
  if (form.startsWith('list')) return 'a list';
  if (form.startsWith('dict')) return 'a mapping';
  if (form !== 'int' && form !== 'float') return JSON_TEXTS.has(name) ? 'JSON of one' : 'a string';
  const bounds = POSITIVE.has(name)
    ? ` above 0${AT_MOST_1.has(name) ? ' and of at most 1' : ''}`
    : FRACTIONS.has(name)
      ? ' from 0 to 1'
      : NOT_NEGATIVE.has(name)
        ? ' of at least 0'
        : '';
  return `${form === 'int' ? 'a whole number' : 'a number'}${bounds}`;
}
