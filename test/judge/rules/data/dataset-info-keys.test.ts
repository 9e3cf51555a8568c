import { rule } from '../../../../src/judge/rules/data/dataset-info-keys';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

const data = (entry: Record<string, unknown>) => ({ datasets: [{ name: 'math', entry }] });
/** One mapping in two places, as an alias of YAML puts it. */
const shared = { prompt: 'question', role_tag: 'role' };
const renamed = (key: string, value: string) => [{ file: 'dataset_info.json', key, op: EditOperation.RENAME, value }];

ruleCases(rule, {
  failing: {
    'a column with a letter missing': {
      ...data({ file_name: 'a.json', columns: { promt: 'question', response: 'answer' } }),
      finds: [{ key: 'math.columns.promt', severity: Severity.ERROR, fix: renamed('math.columns.promt', 'prompt') }],
    },
    'a tag whose right name is taken': {
      ...data({ file_name: 'a.json', tags: { user_tag: 'user', usertag: 'human' } }),
      finds: [
        {
          key: 'math.tags.usertag',
          fix: [{ file: 'dataset_info.json', key: 'math.tags.usertag', op: EditOperation.REMOVE }],
        },
      ],
    },
    'a mapping that is columns and tags at once': {
      ...data({ file_name: 'a.json', columns: shared, tags: shared }),
      finds: [{ key: 'math.columns.role_tag' }, { key: 'math.tags.prompt' }],
    },
    'a key of the entry itself': {
      ...data({ file_name: 'a.json', column: {} }),
      finds: [{ key: 'math.column', fix: renamed('math.column', 'columns') }],
    },
  },
  passing: {
    'all that is read': {
      ...data({ file_name: 'a.json', formatting: 'sharegpt', columns: { messages: 'm' }, tags: { role_tag: 'role' } }),
    },
    'notes and relics': { ...data({ file_name: 'a.json', file_sha1: '0', license: 'mit' }) },
    'columns that are none': { ...data({ file_name: 'a.json', columns: 'prompt', tags: ['role'] }) },
    'a data set nobody has seen': { datasets: [{ name: 'math' }] },
  },
});
