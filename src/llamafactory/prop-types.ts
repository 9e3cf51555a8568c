import { RELEASES } from '../run/releases';
import type { Mapping } from '../run/run';
import { type Field, fieldsOf } from './fields';
import { PyBytes, PyFloat } from './parser/python';
import { templatesOf } from './templates';

/** The types of the props of `train`, as TypeScript spells them. */
export type PropType =
  | 'boolean'
  | 'number'
  | 'string'
  | 'string[]'
  | '{ readonly [key: string]: unknown }'
  | '{ readonly [key: string]: boolean }';

/** The one form typed, where upstream takes several or one that YAML can't hold. */
const USEFUL_TYPES: Readonly<Record<string, PropType>> = {
  include_num_input_tokens_seen: 'boolean',
  report_to: 'string',
  fsdp: 'string',
  debug: 'string',
  optim_target_modules: 'string',
  generation_config: 'string',
  parallelism_config: '{ readonly [key: string]: unknown }',
  liger_kernel_config: '{ readonly [key: string]: boolean }',
  trackio_static_space_id: 'string',
};

/** The TypeScript type of the one useful form of an argument. */
export function propTypeOf({ name, type }: Pick<Field, 'name' | 'type'>): PropType {
  const useful = USEFUL_TYPES[name];
  if (useful) return useful;
  const forms = type.split('|').map((form) => form.trim());
  if (forms.some((form) => /^dict\b/.test(form))) return '{ readonly [key: string]: unknown }';
  if (forms.includes('bool')) return 'boolean';
  if (forms.includes('int') || forms.includes('float')) return 'number';
  if (forms.some((form) => form.startsWith('list['))) return 'string[]';
  return 'string';
}

/** The texts that an argument may have, in any release; undefined: any text, or it is none. */
export function choicesOf(name: string): readonly string[] | undefined {
  if (name === 'template') return [...new Set(RELEASES.flatMap((release) => [...templatesOf(release)]))].sort();
  const field = newest(name);
  if (field?.choices === undefined || propTypeOf(field) !== 'string') return undefined;
  const all = new Set(RELEASES.flatMap((release) => fieldsOf(release).get(name)?.choices ?? []));
  const texts = [...all].filter((choice) => typeof choice === 'string');
  return texts.length === 0 ? undefined : texts;
}

/**
 * Whether `train` can hold a value: the argument is a prop there, and the value is of the form it types.
 * @param isFloat whether a whole number is written as a float: `2.0`
 */
export function fitsProp(name: string, value: unknown, isFloat: boolean): boolean {
  const field = newest(name);
  if (field === undefined) return false;
  switch (propTypeOf(field)) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) && (!isFloat || /\bfloat\b/.test(field.type));
    case 'string':
      return typeof value === 'string' && choicesOf(name)?.includes(value) !== false;
    case 'string[]':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    case '{ readonly [key: string]: unknown }':
      return isDict(value) && Object.values(value).every(isLiteral);
    case '{ readonly [key: string]: boolean }':
      return isDict(value) && Object.values(value).every((item) => typeof item === 'boolean');
  }
}

/** The argument as the newest release that has it declares it: `TrainArguments` is made from that. */
function newest(name: string): Field | undefined {
  return [...RELEASES].reverse().flatMap((release) => fieldsOf(release).get(name) ?? [])[0];
}

function isDict(value: unknown): value is Mapping {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(value instanceof PyFloat || value instanceof PyBytes);
}

/** Whether a value inside a mapping can be written in a program and be read back as it was. */
function isLiteral(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isLiteral);
  return isDict(value) && Object.values(value).every(isLiteral);
}
