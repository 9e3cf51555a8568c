import { hasTemplate } from '../../../llamafactory/templates';
import { type Edit, Severity } from '../../../run/finding';
import type { Run } from '../../../run/run';
import { found, setArgument } from '../../found';
import { qwen3Of } from '../../qwen3';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'chatml-template',
  severity: Severity.ADVICE,
  reason:
    'chatml trains a Qwen3 model on a format that the chat template it came with does not make when the adapter is served. It works with the tokenizer saved beside the adapter, which has chatml in it.',
  source: 'src/llamafactory/data/template.py, register_template(name="chatml"), fix_jinja_template',
  check(run) {
    const model = qwen3Of(run);
    if (run.args['template'] !== 'chatml' || model === undefined) return [];
    const fix = fixOf(run, model);
    return [
      found(rule, run, {
        key: 'template',
        message:
          "chatml is not the format of Qwen3's own chat template: serve the adapter with the tokenizer saved beside it, or train with the template of the model",
        got: 'chatml',
        ...(fix === undefined ? {} : { fix }),
      }),
    ];
  },
};

function fixOf(run: Run, model: 'hybrid' | 'instruct' | 'thinking'): readonly Edit[] | undefined {
  if (model === 'hybrid') return [setArgument(run, 'template', 'qwen3'), setArgument(run, 'enable_thinking', false)];
  if (model === 'thinking') return [setArgument(run, 'template', 'qwen3')];
  return hasTemplate(run.release, 'qwen3_nothink') ? [setArgument(run, 'template', 'qwen3_nothink')] : undefined;
}
