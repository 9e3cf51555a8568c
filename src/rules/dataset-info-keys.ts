import { type Edit, EditOperation, type Finding, Severity } from '../finding';
import { isMapping } from '../llamafactory/dataset-info';
import { nearest } from '../llamafactory/nearest';
import type { Mapping, Run } from '../run';
import { found } from './found';
import type { Rule } from './rule';

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
        ...unread(run, name, entry, ENTRY).filter(({ change }) => change?.startsWith('rename')),
        ...(isMapping(columns) ? unread(run, `${name}.columns`, columns, COLUMNS) : []),
        ...(isMapping(tags) ? unread(run, `${name}.tags`, tags, TAGS) : []),
      ];
    });
  },
};

interface Unread {
  readonly key: string;
  /** The key that is read and may be meant. */
  readonly meant?: string;
}

/** Entries are shared by runs and don't change. */
const judged = new WeakMap<Mapping, { readonly known: readonly string[]; readonly unread: readonly Unread[] }>();

function unreadKeys(mapping: Mapping, known: readonly string[]): readonly Unread[] {
  const before = judged.get(mapping);
  // An alias may put one mapping in two places.
  if (before?.known === known) return before.unread;
  const free = known.filter((each) => !(each in mapping));
  const unread = Object.keys(mapping)
    .filter((key) => !known.includes(key))
    .map((key) => ({ key, meant: nearest(key, free) }));
  judged.set(mapping, { known, unread });
  return unread;
}

function unread(run: Run, place: string, mapping: Mapping, known: readonly string[]): Finding[] {
  const keys = unreadKeys(mapping, known);
  if (keys.length === 0) return [];
  return keys.map(({ key, meant }) => {
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
