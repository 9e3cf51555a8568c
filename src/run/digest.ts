import { createHash } from 'node:crypto';

/** JSON with sorted keys: the same value gives the same text, whatever order its keys were written in. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(sorted);
  const mapping = value as Record<string, unknown>;
  const keys = Object.keys(mapping).sort();
  // Only without a prototype is `__proto__` a key like any other; a plain object is written twice as fast.
  const copy: Record<string, unknown> = keys.includes('__proto__') ? Object.create(null) : {};
  for (const key of keys) copy[key] = sorted(mapping[key]);
  return copy;
}

/** The first ten hexadecimal digits of the SHA-256 of a value: what names carry. */
export function digest(value: unknown): string {
  return createHash('sha256')
    .update(typeof value === 'string' ? value : canonicalJson(value))
    .digest('hex')
    .slice(0, 10);
}
