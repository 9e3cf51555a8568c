// Writes cases for yaml-roundtrip.py to stdout, a JSON object a line: what renderTrainConfig wrote, and what it was given.
import fc from 'fast-check';
import { fieldsOf } from '../../src/llamafactory/fields';
import { renderTrainConfig } from '../../src/llamafactory/render-train-config';
import type { Mapping } from '../../src/run/run';
import { TRAPS, trainArguments } from './yaml-values';

const RELEASE = '0.9.5';
const fields = fieldsOf(RELEASE);

/** A value with the type that Python must read it as, which JSON can't tell. */
function typed(value: unknown, type = ''): unknown {
  if (value === null) return ['null'];
  if (typeof value === 'boolean') return ['bool', value];
  if (typeof value === 'string') return ['str', value];
  if (typeof value === 'number') {
    const whole = Number.isSafeInteger(value) && !/\bfloat\b/.test(type);
    return whole ? ['int', String(value)] : ['float', Number.isFinite(value) ? String(value) : pythonName(value)];
  }
  if (Array.isArray(value)) return ['list', value.map((item) => typed(item))];
  return ['dict', Object.entries(value as Mapping).map(([key, inner]) => [key, typed(inner)])];
}

function pythonName(value: number): string {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

const [runs = '2000', seed = '1'] = process.argv.slice(2);
const traps: Mapping[] = TRAPS.map((text) => ({ run_name: text, lr_scheduler_kwargs: { inner: text, [text]: 1 } }));
const random = fc.sample(trainArguments, { numRuns: Number(runs), seed: Number(seed) });
for (const args of [...traps, ...random]) {
  const expected = Object.entries(args).map(([key, value]) => [key, typed(value, fields.get(key)?.type)]);
  process.stdout.write(`${JSON.stringify({ yaml: renderTrainConfig(args, RELEASE), expected: ['dict', expected] })}\n`);
}
