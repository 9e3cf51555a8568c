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
  // Without a prototype, so that `__proto__` is a key like any other.
  const copy: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(mapping).sort()) copy[key] = sorted(mapping[key]);
  return copy;
}

/** The first ten hexadecimal digits of the SHA-256 of a value: what names carry. */
export function digest(value: unknown): string {
  return createHash('sha256')
    .update(typeof value === 'string' ? value : canonicalJson(value))
    .digest('hex')
    .slice(0, 10);
}
