import { asJson } from '../run/as-json';
import type { Problem } from '../run/finding';
import type { Mapping } from '../run/run';
import { nameOfArgument } from './fields';

/** Arguments that constructs set, and the prop that says what they are set to. */
const OWNED: Readonly<Record<string, string>> = {
  model_name_or_path: 'model and modelCache',
  adapter_name_or_path: 'model and modelCache',
  dataset: 'dataset and additionalDatasets',
  eval_dataset: 'evaluationDataset',
  dataset_dir: 'dataset',
  output_dir: 'saves',
  deepspeed: 'deepspeed',
  cache_dir: 'modelCache',
  tokenized_path: 'dataset',
};

/** The props that say what an argument is set to; undefined if constructs leave it alone. */
export function ownerOf(name: string): string | undefined {
  return Object.hasOwn(OWNED, name) ? OWNED[name] : undefined;
}

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
