import { rule } from '../../../../src/judge/rules/data/dataset-stage';
import { Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

const data = (entry: Record<string, unknown> | undefined, evaluation?: true) => ({
  datasets: [{ name: 'pairs', entry, ...(evaluation ? { evaluation } : {}) }],
});

ruleCases(rule, {
  failing: {
    'no pairs for DPO': {
      args: { stage: 'dpo' },
      ...data({ file_name: 'a.json' }),
      finds: [{ key: 'dataset', severity: Severity.ERROR }],
    },
    'none to evaluate on': {
      args: { stage: 'dpo' },
      ...data({ file_name: 'a.json', ranking: false }, true),
      finds: [{ key: 'eval_dataset' }],
    },
    'no mark for KTO': {
      args: { stage: 'kto' },
      ...data({ file_name: 'a.json', columns: { messages: 'messages' } }),
      finds: [{ key: 'dataset' }],
    },
    'no columns at all for KTO': {
      args: { stage: 'kto' },
      ...data({ hf_hub_url: 'a/b' }),
      finds: [{ key: 'dataset' }],
    },
  },
  passing: {
    'pairs for DPO': { args: { stage: 'dpo' }, ...data({ file_name: 'a.json', ranking: true }) },
    'a mark for KTO': { args: { stage: 'kto' }, ...data({ file_name: 'a.json', columns: { kto_tag: 'label' } }) },
    'another stage': { args: { stage: 'sft' }, ...data({ file_name: 'a.json' }) },
    'an entry nobody has seen': { args: { stage: 'dpo' }, ...data(undefined) },
  },
});
