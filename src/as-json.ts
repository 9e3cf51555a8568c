/** A value as JSON, for messages; whole numbers beyond 2^53, which JSON.stringify stops at, as text with all digits. */
export function asJson(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part)) ?? String(value);
}
