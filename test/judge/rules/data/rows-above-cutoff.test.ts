import { rule } from '../../../../src/judge/rules/data/rows-above-cutoff';
import { Severity } from '../../../../src/run/finding';
import { chat, ruleCases } from '../rule-cases';

const long = { ...chat(0), rows: [...(chat(2, 'four').rows ?? []), ...(chat(1, 'word '.repeat(2400)).rows ?? [])] };
const middling = chat(1, 'x'.repeat(4000));

ruleCases(rule, {
  failing: {
    'a row of more words than tokens may be': {
      datasets: [long, middling],
      finds: [
        {
          key: 'cutoff_len',
          severity: Severity.ADVICE,
          message:
            'about 1 of the 3 rows of data set math, and 1 at most, are longer than `cutoff_len` and cut off; an estimate from bytes, and a bound',
          got: '2048',
          allowed: 'about 2425 for the longest row, 12090 at most',
        },
      ],
    },
    'a cutoff_len below the default': {
      args: { cutoff_len: 512 },
      datasets: [middling],
      finds: [{ got: '512' }],
    },
  },
  passing: {
    'short rows': { datasets: [chat(3)] },
    'a row that only a poor tokenizer makes too long': { datasets: [middling] },
    'a cutoff_len above': { args: { cutoff_len: 4096 }, datasets: [long] },
    'texts to pre-train on, which are joined': { args: { stage: 'pt' }, datasets: [long] },
    'rows not at hand': { datasets: [{ name: 'math', entry: {} }] },
  },
});
