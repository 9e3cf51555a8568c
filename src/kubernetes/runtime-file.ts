import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const texts = new Map<string, string>();

/** The text of a file of runtime/: what runs inside the pods. Read when the first run needs it. */
export function runtimeFile(name: string): string {
  let text = texts.get(name);
  if (text === undefined) {
    text = readFileSync(join(__dirname, '..', '..', 'runtime', name), 'utf8');
    texts.set(name, text);
  }
  return text;
}

/** Whether a text is one of those files, and so is known to hold no secret. */
export function isRuntimeFile(text: string): boolean {
  return [...texts.values()].includes(text);
}
