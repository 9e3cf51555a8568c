import { columnOf } from '../../../llamafactory/dataset-info';
import { Severity } from '../../../run/finding';
import type { Mapping } from '../../../run/run';
import { found } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'dataset-stage',
  severity: Severity.ERROR,
  reason:
    'DPO learns from pairs of answers, KTO from answers with a mark. The parser does not ask for either: the run stops when the data are read, or every row is left out.',
  source: 'src/llamafactory/data/loader.py, _get_merged_dataset; src/llamafactory/data/processor/feedback.py',
  check(run) {
    return run.datasets.flatMap(({ name, entry, evaluation }) => {
      const missing = entry === undefined ? undefined : missingFor(run.args['stage'], entry);
      if (missing === undefined) return [];
      return [
        found(rule, run, {
          key: evaluation ? 'eval_dataset' : 'dataset',
          message: `data set ${name} is not for stage ${String(run.args['stage'])}: its entry in dataset_info.json has no ${missing}`,
          place: { file: 'dataset_info.json', key: name },
          change: 'name a data set made for the stage, or say in dataset_info.json what it has',
        }),
      ];
    });
  },
};

function missingFor(stage: unknown, entry: Mapping): string | undefined {
  if (stage === 'dpo') return [undefined, false].includes(entry['ranking'] as boolean) ? '`ranking: true`' : undefined;
  if (stage === 'kto') return columnOf(entry, 'kto_tag') === undefined ? 'column `kto_tag`' : undefined;
  return undefined;
}
