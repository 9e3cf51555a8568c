import { rule } from '../../../../src/judge/rules/data/train-on-prompt-template';
import { Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

ruleCases(rule, {
  failing: {
    'a template without an end of its own': {
      args: { train_on_prompt: true, template: 'glm4' },
      finds: [{ key: 'train_on_prompt', severity: Severity.ERROR, message: expect.stringContaining('template glm4') }],
    },
  },
  passing: {
    'a template with one': { args: { train_on_prompt: true, template: 'qwen3' } },
    'training on answers alone': { args: { template: 'glm4' } },
    'a template that the release lacks': { args: { train_on_prompt: true, template: 'baichuan2' } },
    'no template': { args: { train_on_prompt: true } },
  },
});
