import { argumentOf, isOn } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import { found, setArgument } from '../../found';
import { answersIn, readDatasets } from '../../rows';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'thinking-without-cot',
  severity: Severity.WARNING,
  reason:
    'With `enable_thinking` on, which is the default, LLaMA-Factory puts an empty think block before every answer that has none and trains the model to write it: it learns not to think. With false the empty block belongs to the question.',
  source: 'src/llamafactory/data/template.py, ReasoningTemplate; LLaMA-Factory issues 8832, 9392',
  check(run) {
    if (run.args['template'] !== 'qwen3' || !isOn(run, 'enable_thinking')) return [];
    const datasets = readDatasets(run);
    const complete = datasets.length > 0 && datasets.length === run.datasets.length;
    const thinks = datasets.some(({ rows, entry }) => {
      const answers = answersIn(entry);
      return rows.some((row) => answers(row).some((answer) => answer.includes('<think>')));
    });
    if (!complete || thinks) return [];
    return [
      found(rule, run, {
        key: 'enable_thinking',
        message:
          'no answer in the data has a <think> block: the model is trained to write an empty one before each answer',
        got: run.args['enable_thinking'] ?? `nothing: ${argumentOf(run, 'enable_thinking')}`,
        fix: [setArgument(run, 'enable_thinking', false)],
      }),
    ];
  },
};
