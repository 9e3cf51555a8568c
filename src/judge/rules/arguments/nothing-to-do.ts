import { isGiven, textOf } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import { found, setArgument } from '../../found';
import type { Rule } from '../../rule';
import { isTraining } from './other-command-argument';

/** Arguments of configs that are for other commands than `train`. */
const ELSEWHERE = ['export_dir', 'infer_backend'];

export const rule: Rule = {
  id: 'nothing-to-do',
  severity: Severity.ERROR,
  reason:
    'A run with neither `do_train`, `do_eval` nor `do_predict` loads data and model, does nothing with them and ends as if all were well.',
  source: 'src/llamafactory/train/sft/workflow.py, run_sft',
  check(run) {
    const { args } = run;
    const isAsked = ['do_train', 'do_eval', 'do_predict'].some((key) => isGiven(run, key) && args[key] !== false);
    const evaluates = ['steps', 'epoch'].includes(textOf(run, 'eval_strategy'));
    const elsewhere = !isTraining(run) && ELSEWHERE.some((key) => isGiven(run, key));
    if (isAsked || evaluates || !isGiven(run, 'dataset') || elsewhere) return [];
    return [
      found(rule, run, {
        key: 'do_train',
        message: 'none of `do_train`, `do_eval` and `do_predict` is on: the run does nothing',
        fix: [setArgument(run, 'do_train', true)],
      }),
    ];
  },
};
