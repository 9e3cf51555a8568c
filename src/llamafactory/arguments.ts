import { asJson } from '../run/as-json';
import type { Problem } from '../run/finding';
import type { Mapping } from '../run/run';
import { nameOfArgument } from './fields';
import { ownerOf } from './owned-arguments';

/** Props as LLaMA-Factory spells them; a prop that stands there undefined is left out. */
export function argumentsOf(train: object): { readonly args: Mapping; readonly problems: readonly Problem[] } {
  const args: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [prop, value] of Object.entries(train)) {
    if (value === undefined) continue;
    const name = nameOfArgument(prop);
    const owner = name === undefined ? undefined : ownerOf(name);
    if (owner !== undefined) {
      problems.push({
        id: 'owned-argument',
        key: `train.${prop}`,
        message: 'the run sets this argument itself',
        got: asJson(value),
        change: `take it out; what it is set to follows from ${owner}`,
      });
    } else if (name !== undefined) {
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
