import { rule } from '../../../../src/judge/rules/data/dataset-rows';
import { Severity } from '../../../../src/run/finding';
import type { RunDataset } from '../../../../src/run/run';
import { chat, ruleCases } from '../rule-cases';

const turn = (role: string, content: unknown = 'text') => ({ role, content });
const GOOD = [turn('user'), turn('assistant')];

/** Chat data of so many good rows, and these. */
function withRows(good: number, ...rows: unknown[]): { datasets: RunDataset[] } {
  const { rows: before = [], ...dataset } = chat(good);
  return { datasets: [{ ...dataset, rows: [...before, ...rows.map((messages) => ({ messages }))] }] };
}

const alpaca = (...rows: unknown[]) => ({ datasets: [{ name: 'a', entry: {}, rows }] });
const QA = { instruction: 'why', input: '', output: 'so' };
const ranked = (entry: object, row: object) => ({
  args: { stage: 'rm' },
  datasets: [{ name: 'r', entry: { ranking: true, ...entry }, rows: [QA, row] }],
});

ruleCases(rule, {
  failing: {
    'roles out of order': {
      ...withRows(2, [turn('assistant'), turn('user')]),
      finds: [
        {
          key: 'math',
          severity: Severity.WARNING,
          message:
            'LLaMA-Factory leaves out 1 of the 3 rows of data set math; the first is row 3: turn 1 has the role "assistant", not user or tool',
        },
      ],
    },
    'a role nobody knows': {
      ...withRows(1, [turn('narrator'), turn('assistant')]),
      finds: [{ severity: Severity.WARNING }],
    },
    'a question without an answer': {
      ...withRows(1, [...GOOD, turn('user')]),
      finds: [{ severity: Severity.WARNING, message: expect.stringContaining('3 turns, the last without an answer') }],
    },
    'no turns at all': { ...withRows(1, []), finds: [{ severity: Severity.WARNING }] },
    'an answer that is null': {
      ...withRows(1, [turn('user'), turn('assistant', null)]),
      finds: [
        {
          severity: Severity.ERROR,
          message:
            'the run stops at 1 of the 2 rows of data set math; the first is row 2: the text of a turn (assistant) is null',
        },
      ],
    },
    'no row left': {
      ...withRows(0, [turn('user')], [turn('assistant')]),
      finds: [
        {
          severity: Severity.ERROR,
          message: expect.stringContaining('the run stops, since it would leave out 2 of the 2'),
        },
      ],
    },
    'a column that no row has': {
      ...alpaca({ question: 'why', answer: 'so' }),
      finds: [{ severity: Severity.ERROR, message: expect.stringContaining("no row has 'instruction'") }],
    },
    'an answer in another column': {
      ...alpaca(QA, { instruction: 'why', answer: 'so' }),
      finds: [{ severity: Severity.WARNING, message: expect.stringContaining('there is no answer') }],
    },
    'a call that is no JSON': {
      ...withRows(1, [turn('user'), turn('function_call', 'add(1)')]),
      finds: [{ severity: Severity.ERROR }],
    },
    'tools that are no JSON': {
      datasets: [
        {
          name: 'a',
          entry: { columns: { prompt: 'q', response: 'a', tools: 't' } },
          rows: [{ q: '1', a: '2', t: '[{' }],
        },
      ],
      finds: [{ severity: Severity.ERROR }],
    },
    'a comparison with one answer': {
      ...ranked({ columns: { prompt: 'instruction', chosen: 'c', rejected: 'r' } }, { c: 'yes', r: null }),
      finds: [{ message: expect.stringContaining('there are no two answers to compare') }],
    },
    'a row that kto leaves out and pairs with the next': {
      args: { stage: 'kto' },
      datasets: [
        {
          name: 'k',
          entry: { columns: { prompt: 'q', response: 'a', kto_tag: 'good' } },
          rows: [
            { q: '1', a: '2', good: true },
            { q: '1', a: null, good: null },
          ],
        },
      ],
      finds: [{ severity: Severity.ERROR, message: expect.stringContaining('kto pairs it with the next row') }],
    },
    'formatting openai, in 0.9.3': {
      release: '0.9.3',
      datasets: [{ ...chat(1), entry: { ...chat(1).entry, formatting: 'openai' } }],
      finds: [{ severity: Severity.ERROR }],
    },
    'calls of tools in some answers, in 0.9.4': {
      release: '0.9.4',
      datasets: [
        {
          ...chat(1),
          entry: { ...chat(1).entry, formatting: 'openai' },
          rows: [{ messages: GOOD }, { messages: [turn('user'), { ...turn('assistant'), tool_calls: [] }] }],
        },
      ],
      finds: [{ severity: Severity.ERROR, message: expect.stringContaining('tool_calls') }],
    },
    'a row that is text': { ...alpaca(QA, 'why'), finds: [{ severity: Severity.ERROR }] },
  },
  passing: {
    'rows in order': { datasets: [chat(3)] },
    'an empty answer, which is trained on': alpaca({ ...QA, output: '' }),
    'texts to pre-train on': {
      args: { stage: 'pt' },
      datasets: [{ name: 'a', entry: { columns: { prompt: 'text' } }, rows: [{ text: 'once' }] }],
    },
    'a faulty row past max_samples': { args: { max_samples: 2 }, ...withRows(2, [turn('user')]) },
    'rows whose faults are reported': { datasets: [{ ...withRows(0, []).datasets[0], name: 'm', rowsReported: true }] },
    'rows not at hand': { datasets: [{ name: 'm', entry: {} }] },
    'calls of tools in some answers, in 0.9.5': {
      datasets: [
        {
          ...chat(1),
          entry: { ...chat(1).entry, formatting: 'openai' },
          rows: [{ messages: GOOD }, { messages: [turn('user'), { ...turn('assistant'), tool_calls: [] }] }],
        },
      ],
    },
  },
});
