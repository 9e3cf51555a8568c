import { rule } from '../../../../src/judge/rules/data/max-samples-below-rows';
import { Severity } from '../../../../src/run/finding';
import { chat, ruleCases } from '../rule-cases';

ruleCases(rule, {
  failing: {
    'fewer than the rows': {
      args: { max_samples: 2 },
      datasets: [chat(3)],
      finds: [{ key: 'max_samples', severity: Severity.ADVICE, got: '2' }],
    },
  },
  passing: {
    'as many as the rows': { args: { max_samples: 3 }, datasets: [chat(3)] },
    'no maximum': { datasets: [chat(3)] },
    'rows that are not at hand': { args: { max_samples: 2 }, datasets: [{ name: 'math' }] },
  },
});
