import type { Problem } from '../finding';
import type { Mapping } from '../run';
import { nameOfArgument } from './fields';

/** Props as LLaMA-Factory spells them; a prop that stands there undefined is left out. */
export function argumentsOf(train: object): { readonly args: Mapping; readonly problems: readonly Problem[] } {
  const args: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [prop, value] of Object.entries(train)) {
    if (value === undefined) continue;
    const name = nameOfArgument(prop);
    if (name !== undefined) {
      args[name] = value;
    } else {
      problems.push({
        id: 'unknown-argument',
        key: `train.${prop}`,
        message: 'LLaMA-Factory has no such argument',
        allowed: "the fields of TrainArguments: LLaMA-Factory's names in camelCase",
      });
    }
  }
  return { args, problems };
}
