import { isOn } from '../../../llamafactory/effective-arguments';
import { hasEfficientEos } from '../../../llamafactory/templates';
import { Severity } from '../../../run/finding';
import { found, removeArgument } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'train-on-prompt-template',
  severity: Severity.ERROR,
  reason:
    'Templates that leave the end of an answer to the trainer do not go with `train_on_prompt`. The parser does not look at it: the run dies once the tokenizer is loaded, with its GPUs taken.',
  source: 'src/llamafactory/data/template.py, get_template_and_fix_tokenizer',
  check(run) {
    const template = run.args['template'];
    if (!isOn(run, 'train_on_prompt') || typeof template !== 'string') return [];
    if (!hasEfficientEos(run.release, template)) return [];
    return [
      found(rule, run, {
        key: 'train_on_prompt',
        message: `the template ${template} does not go with \`train_on_prompt\`: "Current template does not support \`train_on_prompt\`"`,
        got: true,
        fix: [removeArgument(run, 'train_on_prompt')],
      }),
    ];
  },
};
