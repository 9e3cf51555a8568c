import { rule } from '../../../../src/judge/rules/model/chatml-template';
import { MODELS } from '../../../../src/planning/catalog/models';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { QWEN3_14B, ruleCases, runOf } from '../rule-cases';

const set = (key: string, value: unknown) => ({ file: 'train.yaml', key, op: EditOperation.SET, value });
const chatml = (model: string) => ({ template: 'chatml', model_name_or_path: model });

ruleCases(rule, {
  failing: {
    'a model of the catalogue': {
      model: QWEN3_14B,
      args: chatml('/models/local'),
      finds: [
        {
          key: 'template',
          severity: Severity.ADVICE,
          fix: [set('template', 'qwen3'), set('enable_thinking', false)],
        },
      ],
    },
    'a model known by its name': { args: chatml('/models/Qwen/Qwen3-4B/'), finds: [{ key: 'template' }] },
    'a model that never thinks': {
      args: chatml('Qwen/Qwen3-4B-Instruct-2507'),
      finds: [{ key: 'template', fix: [set('template', 'qwen3_nothink')] }],
    },
    'a model that never thinks, in a release without its template': {
      release: '0.9.3',
      args: chatml('Qwen/Qwen3-4B-Instruct-2507'),
      finds: [{ key: 'template' }],
    },
    'a model that always thinks': {
      args: chatml('Qwen/Qwen3-4B-Thinking-2507'),
      finds: [{ key: 'template', fix: [set('template', 'qwen3')] }],
    },
  },
  passing: {
    'the template of the model': { model: QWEN3_14B, args: { template: 'qwen3' } },
    'a base model, which has no chat': { args: chatml('Qwen/Qwen3-14B-Base') },
    'Qwen2.5, whose chat is chatml': {
      model: MODELS['Qwen2.5-7B-Instruct'],
      args: chatml('Qwen/Qwen2.5-7B-Instruct'),
    },
    'a model of which nothing is known': { args: chatml('/models/ours') },
  },
});

test('0.9.3 has no template for models that never think, so there is no fix', () => {
  const run = runOf({ release: '0.9.3', args: chatml('Qwen/Qwen3-4B-Instruct-2507') });
  expect(rule.check(run)[0]).not.toHaveProperty('fix');
});
