import { camelCase } from '../llamafactory/fields';
import { parse } from '../llamafactory/parser/parse';
import type { Finding } from '../run/finding';
import type { Run } from '../run/run';
import { checkRules } from './rules';

/** Props that stand for arguments which constructs own. */
const PROPS: Readonly<Record<string, string>> = {
  model_name_or_path: 'modelCache',
  dataset: 'dataset',
  eval_dataset: 'evaluationDataset',
  dataset_dir: 'dataset',
  output_dir: 'saves',
  tokenized_path: 'preflight',
  deepspeed: 'deepspeed',
};

/** What a run's arguments were written as. */
export interface Written {
  /** The arguments that come from a train config as they stand. */
  readonly keys: ReadonlySet<string>;
  /** Those of them that are a whole number written as a float: `2.0`. */
  readonly floats: ReadonlySet<string>;
}

/**
 * What the trainer's parser would refuse and what the rules find, in the spelling of the props.
 * @param written what comes from a train config keeps LLaMA-Factory's spelling
 */
export function checkRun(run: Run, written: Written = NOTHING): Finding[] {
  const keyOf = (key: string) => {
    if (!(key in run.args)) return key;
    return PROPS[key] ?? (written.keys.has(key) ? `trainConfig.${key}` : `train.${camelCase(key)}`);
  };
  const findings = [...parse({ ...run, floats: written.floats }).findings, ...checkRules(run)];
  return findings.map((finding) => ({ ...finding, key: keyOf(finding.key) }));
}

const NOTHING: Written = { keys: new Set(), floats: new Set() };
