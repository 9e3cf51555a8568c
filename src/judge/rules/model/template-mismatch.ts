import { isOn, textOf } from '../../../llamafactory/effective-arguments';
import { type ModelTemplate, modelTemplateOf } from '../../../llamafactory/model-templates';
import { hasTemplate, trainAlike } from '../../../llamafactory/templates';
import { type Edit, Severity } from '../../../run/finding';
import type { Run } from '../../../run/run';
import { type Fault, found, setArgument } from '../../found';
import { thinksInData } from '../../rows';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'template-mismatch',
  severity: Severity.WARNING,
  reason:
    'A chat model that is trained in the format of another family forgets its own: it is served with the chat template it came with, and meets marks, a system prompt or a think block that it was not trained with. Nothing in the trainer compares the two.',
  source:
    'src/llamafactory/extras/constants.py, register_model_group; src/llamafactory/data/template.py; LLaMA-Factory issues 8832, 9392, 10644',
  check(run) {
    const { template } = run.args;
    // Pre-training makes no chat of its texts.
    if (typeof template !== 'string' || !hasTemplate(run.release, template) || textOf(run, 'stage') === 'pt') return [];
    const model = modelTemplateOf(textOf(run, 'model_name_or_path'), run.release);
    if (model === undefined || trainAlike(run.release, template, model.template)) return [];
    // The marks of Qwen's chat are those of chatml, which also goes into the tokenizer saved beside the adapter.
    if (template === 'chatml' && model.template.startsWith('qwen')) return [];
    return [
      found(rule, run, {
        key: 'template',
        message: `${model.model} was made with the template ${model.template}, and ${template} is another format${thinkingWords(model)}`,
        got: template,
        allowed: model.template,
        ...whatToDo(run, model),
      }),
    ];
  },
};

function thinkingWords({ template, thinking }: ModelTemplate): string {
  if (!template.startsWith('qwen3')) return '';
  if (thinking === 'never') return ': the model never thinks';
  return thinking === 'always' ? ': the model always thinks' : ': the model thinks, or has an empty think block';
}

function whatToDo(run: Run, model: ModelTemplate): Pick<Fault, 'change' | 'fix'> {
  if (!model.available) {
    return { change: `LLaMA-Factory ${run.release} has no template ${model.template}: take a newer release` };
  }
  const fix: Edit[] = [setArgument(run, 'template', model.template)];
  // Else the next judgement would find that the model learns to write an empty think block.
  const empty = model.thinking === 'either' && thinksInData(run) === false && isOn(run, 'enable_thinking');
  return { fix: empty ? [...fix, setArgument(run, 'enable_thinking', false)] : fix };
}
