/** JSON that is nested deeper is none that somebody wrote: what looks at each value of it runs out of stack. */
export const DEEPEST_JSON = 200;

/** Whether a JSON text is nested deeper than {@link DEEPEST_JSON}, told by its brackets, unparsed. */
export function isTooDeep(text: string): boolean {
  if (text.length < 2 * DEEPEST_JSON) return false;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') quoted = !quoted;
    else if (quoted && character === '\\') at++;
    else if (quoted) continue;
    else if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth--;
    if (depth > DEEPEST_JSON) return true;
  }
  return false;
}
