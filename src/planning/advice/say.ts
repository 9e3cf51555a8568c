import { type Edit, EditOperation } from '../../run/finding';
import type { Mapping, Run } from '../../run/run';
import type { Advice } from './type';

/** Advice about arguments alone: no kernel is at stake. */
export function say(id: string, message: string, edits: readonly Edit[] = []): Advice {
  return { id, message, edits, verified: true };
}

/** Edits that set arguments of the train config. */
export function setting(run: Run, args: Mapping): Edit[] {
  return Object.entries(args).map(([key, value]) => ({ file: run.file, key, op: EditOperation.SET, value }));
}
