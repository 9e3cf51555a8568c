import { rule } from '../../../../src/judge/rules/data/empty-answers';
import { Severity } from '../../../../src/run/finding';
import { chat, ruleCases } from '../rule-cases';

const alpaca = (...outputs: string[]) => ({
  datasets: [{ name: 'a', entry: {}, rows: outputs.map((output) => ({ instruction: 'why', output })) }],
});
const CALL = {
  messages: [
    { role: 'user', content: 'call' },
    { role: 'assistant', content: '', tool_calls: [{}] },
  ],
};

ruleCases(rule, {
  failing: {
    'an answer of blanks': {
      datasets: [chat(2, ' \n')],
      finds: [
        {
          key: 'math',
          severity: Severity.WARNING,
          message: '2 of the 2 rows of data set math have an empty answer; the first is row 1',
        },
      ],
    },
    'an empty output': { ...alpaca('four', ''), finds: [{ key: 'a', message: expect.stringContaining('row 2') }] },
    'an empty choice': {
      datasets: [
        {
          name: 'p',
          entry: { ranking: true, columns: { chosen: 'chosen', rejected: 'rejected' } },
          rows: [{ chosen: 'yes', rejected: '' }],
        },
      ],
      finds: [{ key: 'p' }],
    },
  },
  passing: {
    'answers with text': { datasets: [chat(2)] },
    'outputs with text': alpaca('four'),
    'a call of a tool': { datasets: [{ ...chat(0), rows: [CALL] }] },
    'rows that are no samples': { datasets: [{ ...chat(0), rows: [1, null, {}, { messages: 'x' }] }] },
    'rows that are not at hand': { datasets: [{ name: 'math', entry: {} }] },
  },
});
