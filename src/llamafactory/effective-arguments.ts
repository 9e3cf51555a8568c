import { asJson } from '../run/as-json';
import { isMapping, type Run } from '../run/run';
import { byRelease } from './by-release';
import { fieldsOf, releasesOf } from './fields';

/** The arguments of a run and the release that reads them. */
export type Arguments = Pick<Run, 'release' | 'args'>;

/** What each argument is in a release where nothing is given: the defaults that its dataclasses declare. */
export const defaultsOf = byRelease((release): Readonly<Record<string, unknown>> => {
  const values = Object.create(null) as Record<string, unknown>;
  for (const [name, field] of fieldsOf(release)) values[name] = field.default;
  return values;
});

function defaultOf({ release }: Arguments, name: string): unknown {
  const value = defaultsOf(release)[name];
  if (value === undefined && releasesOf(name).length === 0) throw new Error(`no release has an argument ${name}`);
  return value;
}

/** Whether an argument has a value: most take YAML's null for none. */
export function isGiven({ args }: Arguments, name: string): boolean {
  return args[name] !== undefined && args[name] !== null;
}

/** An argument as the trainer sees it: as written, null too, or the release's default. */
export function argumentOf(run: Arguments, name: string): unknown {
  const value = run.args[name];
  return value === undefined ? defaultOf(run, name) : value;
}

/** An argument as text; empty if neither the run nor the release says anything. */
export function textOf(run: Arguments, name: string): string {
  const value = run.args[name] ?? defaultOf(run, name) ?? '';
  // A mapping may have a toString of its own.
  return isMapping(value) ? asJson(value) : String(value);
}

/** An argument as a number; `computed`: what the trainer takes, or what stands for none, where none is declared. */
export function numberOf(run: Arguments, name: string, computed = Number.NaN): number {
  const number = asNumber(run.args[name], Number.NaN);
  return Number.isNaN(number) ? asNumber(defaultOf(run, name), computed) : number;
}

/** An argument as a flag; null is off, whatever the default. */
export function isOn(run: Arguments, name: string): boolean {
  const value = argumentOf(run, name);
  return value === true || (typeof value === 'string' && ['true', 'yes', '1'].includes(value.toLowerCase()));
}

/** An argument that names several things: a list, or text with commas. */
export function namesOf(run: Arguments, name: string): string[] {
  return asNames(run.args[name] ?? defaultOf(run, name));
}

/** Names in a list, or in a text with commas. */
export function asNames(value: unknown): string[] {
  const list = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [];
  return list.flatMap((each) => (typeof each === 'string' && each.trim() !== '' ? [each.trim()] : []));
}

/** A number: YAML reads `1e-4` as text, and the trainer's parser takes numbers as text too. */
export function asNumber(value: unknown, fallback: number): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : fallback;
}
