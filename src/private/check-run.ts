import type { Finding } from '../finding';
import { camelCase } from '../llamafactory/fields';
import { parse } from '../llamafactory/parser/parse';
import { checkRules } from '../rules/rules';
import type { Run } from '../run';

/** Props that stand for arguments which constructs own. */
const PROPS: Readonly<Record<string, string>> = {
  model_name_or_path: 'modelCache',
  dataset: 'dataset',
  eval_dataset: 'evaluationDataset',
  dataset_dir: 'dataset',
  output_dir: 'saves',
  deepspeed: 'deepspeed',
};

/** What the trainer's parser would refuse and what the rules find, in the spelling of the props. */
export function checkRun(run: Run): Finding[] {
  return [...parse(run).findings, ...checkRules(run)].map((finding) => ({
    ...finding,
    key: finding.key in run.args ? (PROPS[finding.key] ?? `train.${camelCase(finding.key)}`) : finding.key,
  }));
}
