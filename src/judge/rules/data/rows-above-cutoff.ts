import { numberOf } from '../../../llamafactory/effective-arguments';
import { datasetLengths } from '../../../planning/lengths';
import { Severity } from '../../../run/finding';
import { found } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'rows-above-cutoff',
  severity: Severity.ADVICE,
  reason:
    'A sample of more than `cutoff_len` tokens is cut off there, often in its answer: the model then never sees how the answer ends. The number of tokens is estimated from bytes where the tokenizer is not at hand.',
  source: 'src/llamafactory/data/processor/processor_utils.py, infer_seqlen',
  check(run) {
    const cutoff = numberOf(run, 'cutoff_len');
    // To pre-train, texts are joined and cut into blocks.
    if (cutoff <= 0 || run.args['stage'] === 'pt') return [];
    return run.datasets.flatMap((dataset) => {
      const lengths = dataset.entry === undefined ? undefined : datasetLengths(run, dataset);
      if (lengths === undefined) return [];
      const { most, likely } = lengths;
      const above = (tokens: readonly number[]) => tokens.filter((each) => each > cutoff).length;
      const longest = (tokens: readonly number[]) => tokens.reduce((most, each) => Math.max(most, each), 0);
      if (above(likely) === 0) return [];
      return [
        found(rule, run, {
          key: 'cutoff_len',
          message: `about ${above(likely)} of the ${most.length} rows of data set ${dataset.name}, and ${above(most)} at most, are longer than \`cutoff_len\` and cut off; ${run.tokensIn === undefined ? 'an estimate from bytes, and a bound' : "counted with the model's tokenizer, the template's words estimated"}`,
          got: cutoff,
          allowed: `about ${longest(likely)} for the longest row, ${longest(most)} at most`,
          change: 'set `cutoff_len` higher if the card has the memory, or split the rows',
        }),
      ];
    });
  },
};
