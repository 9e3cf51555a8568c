/** A value as JSON, for messages; whole numbers beyond 2^53, which JSON.stringify stops at, as text with all digits. */
export function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Such a number is what JSON.stringify stops at; to ask about each part makes it slow.
    return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part));
  }
}
