import { rule } from '../../../../src/judge/rules/data/duplicate-rows';
import { Severity } from '../../../../src/run/finding';
import { chat, ruleCases } from '../rule-cases';

const rows = chat(3).rows ?? [];

ruleCases(rule, {
  failing: {
    'a row that is there three times': {
      datasets: [{ name: 'math', rows: [...rows, rows[1], rows[1]] }],
      finds: [
        {
          key: 'math',
          severity: Severity.WARNING,
          message: '2 of the 5 rows of data set math repeat an earlier one; the first is row 4',
        },
      ],
    },
    'a row that is there twice': {
      datasets: [{ name: 'math', rows: [...rows, rows[0]] }],
      finds: [{ message: '1 of the 4 rows of data set math repeats an earlier one; the first is row 4' }],
    },
  },
  passing: {
    'rows that all differ': { datasets: [chat(3)] },
    'rows that are not at hand': { datasets: [{ name: 'math' }] },
  },
});
