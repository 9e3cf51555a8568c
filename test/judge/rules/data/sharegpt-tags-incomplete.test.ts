import { rule } from '../../../../src/judge/rules/data/sharegpt-tags-incomplete';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { chat, ruleCases } from '../rule-cases';

const tagged = (tags: object, formatting = 'sharegpt') => ({
  datasets: [{ name: 'math', entry: { formatting, tags } }],
});
const set = (tag: string, value: string) => ({
  file: 'dataset_info.json',
  key: `math.tags.${tag}`,
  op: EditOperation.SET,
  value,
});

ruleCases(rule, {
  failing: {
    'tags of users and assistants alone': {
      ...tagged({ role_tag: 'role', content_tag: 'content', user_tag: 'user', assistant_tag: 'assistant' }),
      finds: [
        {
          key: 'math.tags',
          severity: Severity.WARNING,
          message: expect.stringContaining('name no `system_tag`, `observation_tag`, `function_tag`: '),
          fix: [set('system_tag', 'system'), set('observation_tag', 'tool'), set('function_tag', 'function_call')],
        },
      ],
    },
    "tags in LLaMA-Factory's own format": {
      ...tagged({ role_tag: 'from', system_tag: 'system', function_tag: 'call' }),
      finds: [{ key: 'math.tags', fix: [set('observation_tag', 'observation')] }],
    },
  },
  passing: {
    'all tags': { datasets: [chat(1)] },
    'no tags, so the defaults hold': { datasets: [{ name: 'math', entry: { formatting: 'sharegpt' } }] },
    'alpaca, which has none': tagged({ role_tag: 'role' }, 'alpaca'),
    'an entry without a format, which is alpaca': {
      datasets: [{ name: 'math', entry: { tags: { role_tag: 'role' } } }],
    },
    'an entry that is not known': { datasets: [{ name: 'math' }] },
  },
});
