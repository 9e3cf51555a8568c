import { numberOf } from '../../../llamafactory/effective-arguments';
import { rowTokensAtMost } from '../../../planning/lengths';
import { Severity } from '../../../run/finding';
import { found } from '../../found';
import { readDatasets } from '../../rows';
import type { Rule } from '../../rule';

/** Bytes that become a token in English or Chinese text. Numbers and code make more tokens of the same bytes. */
const BYTES_PER_TOKEN = 4;

export const rule: Rule = {
  id: 'rows-above-cutoff',
  severity: Severity.ADVICE,
  reason:
    'A sample of more than `cutoff_len` tokens is cut off there, often in its answer: the model then never sees how the answer ends. The number of tokens is estimated from bytes, since the tokenizer is not at hand.',
  source: 'src/llamafactory/data/processor/processor_utils.py, infer_seqlen',
  check(run) {
    const cutoff = numberOf(run, 'cutoff_len');
    // To pre-train, texts are joined and cut into blocks.
    if (cutoff <= 0 || run.args['stage'] === 'pt') return [];
    return readDatasets(run).flatMap(({ name, rows }) => {
      const bounds = rowTokensAtMost(rows);
      const likely = bounds.filter((bound) => bound / BYTES_PER_TOKEN > cutoff).length;
      if (likely === 0) return [];
      const possible = bounds.filter((bound) => bound > cutoff).length;
      const longest = bounds.reduce((most, bound) => Math.max(most, bound), 0);
      const estimate = Math.ceil(longest / BYTES_PER_TOKEN);
      return [
        found(rule, run, {
          key: 'cutoff_len',
          message: `about ${likely} of the ${rows.length} rows of data set ${name}, and ${possible} at most, are longer than \`cutoff_len\` and cut off; an estimate, at ${BYTES_PER_TOKEN} bytes a token and no less than one`,
          got: cutoff,
          allowed: `about ${estimate} for the longest row, ${longest} at most`,
          change: 'set `cutoff_len` higher if the card has the memory, or split the rows',
        }),
      ];
    });
  },
};
