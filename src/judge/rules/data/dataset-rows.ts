import { rowsRead } from '../../../planning/rows-read';
import { Severity } from '../../../run/finding';
import { found } from '../../found';
import { placeOfRow } from '../../rows';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'dataset-rows',
  severity: Severity.ERROR,
  reason:
    'A row whose roles are out of order or that lacks an answer is left out with a line in the log, and the run trains on less than it was given; a value of the wrong kind stops the run minutes after its GPUs were taken, and so does a data set of which no row is left.',
  source: 'src/llamafactory/data/converter.py, src/llamafactory/data/processor',
  check(run) {
    return run.datasets.flatMap((dataset) => {
      const { name } = dataset;
      const read = dataset.rowsReported ? undefined : rowsRead(run, dataset);
      if (read === undefined) return [];
      const { count, fates } = read;
      const stops = fates.filter((fate) => fate.stops);
      const shown = stops.length > 0 ? stops : fates;
      const [first] = shown;
      if (first === undefined) return [];
      const rest = fates.length < count;
      return [
        found(rule, run, {
          severity: stops.length === 0 && rest ? Severity.WARNING : Severity.ERROR,
          key: name,
          message: `${outcome(stops.length > 0, rest)} ${shown.length} of the ${count} rows of data set ${name}; the first is row ${first.row}: ${first.reason}`,
          place: placeOfRow(dataset, first.row),
          change: 'mend the rows, or name the columns and roles they have in dataset_info.json',
        }),
      ];
    });
  },
};

function outcome(stops: boolean, rest: boolean): string {
  if (stops) return 'the run stops at';
  return rest ? 'LLaMA-Factory leaves out' : 'the run stops, since it would leave out';
}
