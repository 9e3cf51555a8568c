/** The first text in a value for which the test holds; keys are not looked at, since OmegaConf doesn't either. */
export function textIn(value: unknown, test: (text: string) => boolean): string | undefined {
  if (typeof value === 'string') return test(value) ? value : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const part of Object.values(value)) {
    const text = textIn(part, test);
    if (text !== undefined) return text;
  }
  return undefined;
}
