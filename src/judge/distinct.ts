import type { Finding } from '../run/finding';

/** Findings that say the same of the same key in the same place, once: a value shared by two props is reported by both. */
export function distinct(findings: readonly Finding[]): Finding[] {
  const seen = new Map<string, Finding>();
  for (const finding of findings) {
    const { path, id, key, message, got = '' } = finding;
    const same = `${path}\n${id}\n${key}\n${message}\n${got}`;
    if (!seen.has(same)) seen.set(same, finding);
  }
  return [...seen.values()];
}
