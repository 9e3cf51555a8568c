import { EditOperation, Severity } from '../../../run/finding';
import { isMapping } from '../../../run/run';
import { found } from '../../found';
import type { Rule } from '../../rule';

/** Tags of roles that only some samples have: what LLaMA-Factory's own format calls them, and OpenAI's. */
const TAGS: ReadonlyArray<readonly [tag: string, own: string, openai: string]> = [
  ['system_tag', 'system', 'system'],
  ['observation_tag', 'observation', 'tool'],
  ['function_tag', 'function_call', 'function_call'],
];

export const rule: Rule = {
  id: 'sharegpt-tags-incomplete',
  severity: Severity.WARNING,
  reason:
    "Once an entry of dataset_info.json names some `tags`, those it leaves out do not exist, defaults or not: samples with a system turn or a tool's answer are skipped with a line in the log.",
  source: 'src/llamafactory/data/parser.py, DatasetAttr.join; src/llamafactory/data/converter.py',
  check(run) {
    return run.datasets.flatMap(({ name, entry }) => {
      const tags = entry?.['tags'];
      if (!isMapping(tags) || (entry?.['formatting'] ?? 'alpaca') === 'alpaca') return [];
      const missing = TAGS.filter(([tag]) => tags[tag] === undefined);
      const [first] = missing;
      if (first === undefined) return [];
      const roles = tags['role_tag'] === 'role';
      return [
        found(rule, run, {
          key: `${name}.tags`,
          message: `the tags of data set ${name} name no ${missing.map(([tag]) => `\`${tag}\``).join(', ')}: samples with such turns are skipped`,
          fix: missing.map(([tag, own, openai]) => ({
            file: 'dataset_info.json',
            key: `${name}.tags.${tag}`,
            op: EditOperation.SET,
            value: roles ? openai : own,
          })),
        }),
      ];
    });
  },
};
