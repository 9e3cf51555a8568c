import { asJson } from '../../run/as-json';
import { type Edit, EditOperation } from '../../run/finding';
import type { State } from './state';

export function remove(state: Pick<State, 'input'>, ...keys: string[]): readonly Edit[] {
  return keys.map((key) => ({ file: state.input.file, key, op: EditOperation.REMOVE }));
}

export function put(state: Pick<State, 'input'>, key: string, value: unknown): readonly Edit[] {
  return [{ file: state.input.file, key, op: EditOperation.SET, value }];
}

export function rename(state: Pick<State, 'input'>, key: string, to: string): readonly Edit[] {
  return [{ file: state.input.file, key, op: EditOperation.RENAME, value: to }];
}

/** An edit in words: "remove `x`". */
export function inWords(edits: readonly Edit[]): string | undefined {
  const texts = edits.map(({ key, op, value }) => {
    if (op === EditOperation.REMOVE) return `remove \`${key}\``;
    if (op === EditOperation.RENAME) return `rename \`${key}\` to \`${String(value)}\``;
    return `set \`${key}\` to ${typeof value === 'string' ? `\`${value}\`` : asJson(value)}`;
  });
  return texts.length > 0 ? texts.join(', ') : undefined;
}
