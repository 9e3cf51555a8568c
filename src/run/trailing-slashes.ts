/** A path or an address without the slashes it ends with; linear, since a match begins at the first of them alone. */
export function withoutTrailingSlashes(text: string): string {
  return text.replace(/(?<!\/)\/+$/, '');
}
