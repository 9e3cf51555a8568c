import { type Edit, EditOperation, type Finding, Severity } from '../../../run/finding';
import { nearest } from '../../../run/nearest';
import { isMapping, type Mapping, type Run } from '../../../run/run';
import { found } from '../../found';
import type { Rule } from '../../rule';

const ENTRY = [
  'hf_hub_url',
  'ms_hub_url',
  'om_hub_url',
  'script_url',
  'cloud_file_name',
  'file_name',
  'formatting',
  'ranking',
  'subset',
  'split',
  'folder',
  'num_samples',
  'columns',
  'tags',
];
const COLUMNS = [
  'prompt',
  'query',
  'response',
  'history',
  'messages',
  'system',
  'tools',
  'images',
  'videos',
  'audios',
  'chosen',
  'rejected',
  'kto_tag',
];
const TAGS = ['role_tag', 'content_tag', 'user_tag', 'assistant_tag', 'observation_tag', 'function_tag', 'system_tag'];

export const rule: Rule = {
  id: 'dataset-info-keys',
  severity: Severity.ERROR,
  reason:
    'Of an entry of dataset_info.json only the keys it knows are read: a column or tag by another name is none at all, and the rows lose what stands in it. Keys of an entry itself are told only where the spelling is near one that is read.',
  source: 'src/llamafactory/data/parser.py, DatasetAttr.join',
  check(run) {
    return run.datasets.flatMap(({ name, entry }) => {
      if (entry === undefined) return [];
      const { columns, tags } = entry;
      return [
        ...unread(run, name, entry, ENTRY, true),
        ...(isMapping(columns) ? unread(run, `${name}.columns`, columns, COLUMNS, false) : []),
        ...(isMapping(tags) ? unread(run, `${name}.tags`, tags, TAGS, false) : []),
      ];
    });
  },
};

/** The keys that nothing reads; `onlyMisspelt`: those that are near one that is read. */
function unread(run: Run, place: string, mapping: Mapping, known: readonly string[], onlyMisspelt: boolean): Finding[] {
  return Object.keys(mapping).flatMap((key) => {
    if (known.includes(key)) return [];
    const meant = nearest(
      key,
      known.filter((each) => !(each in mapping)),
    );
    if (meant === undefined && onlyMisspelt) return [];
    const at = { file: 'dataset_info.json', key: `${place}.${key}` };
    const fix: Edit =
      meant === undefined ? { ...at, op: EditOperation.REMOVE } : { ...at, op: EditOperation.RENAME, value: meant };
    return found(rule, run, {
      key: `${place}.${key}`,
      message: `LLaMA-Factory reads no \`${key}\` in ${place} of dataset_info.json`,
      allowed: known.join(', '),
      fix: [fix],
    });
  });
}
