import { argumentOf, isOn } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import type { Run } from '../../../run/run';
import { type Fault, found, setArgument } from '../../found';
import { qwen3Of } from '../../qwen3';
import { thinksInData } from '../../rows';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'thinking-without-cot',
  severity: Severity.WARNING,
  reason:
    'With `enable_thinking` on, which is the default, LLaMA-Factory puts an empty think block before every answer that has none and trains the model to write it: it learns not to think. With false the empty block belongs to the question.',
  source: 'src/llamafactory/data/template.py, ReasoningTemplate; LLaMA-Factory issues 8832, 9392',
  check(run) {
    if (run.args['template'] !== 'qwen3' || !isOn(run, 'enable_thinking')) return [];
    if (thinksInData(run) !== false) return [];
    return [
      found(rule, run, {
        key: 'enable_thinking',
        message:
          'no answer in the data has a <think> block: the model is trained to write an empty one before each answer',
        got: run.args['enable_thinking'] ?? `nothing: ${argumentOf(run, 'enable_thinking')}`,
        ...whatToDo(run),
      }),
    ];
  },
};

/** Models of 2507 have one way of answering each, which no argument changes. */
function whatToDo(run: Run): Pick<Fault, 'change' | 'fix'> {
  switch (qwen3Of(run)) {
    case 'instruct':
      return { change: 'set template: qwen3_nothink: the model never thinks' };
    case 'thinking':
      return { change: 'train the Instruct model, or give the answers <think> blocks: this model always thinks' };
    default:
      return { fix: [setArgument(run, 'enable_thinking', false)] };
  }
}
