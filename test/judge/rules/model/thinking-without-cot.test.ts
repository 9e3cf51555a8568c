import { rule } from '../../../../src/judge/rules/model/thinking-without-cot';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { chat, ruleCases } from '../rule-cases';

const fix = [{ file: 'train.yaml', key: 'enable_thinking', op: EditOperation.SET, value: false }];
const ALPACA = { name: 'a', entry: { file_name: 'a.json' } };

ruleCases(rule, {
  failing: {
    'answers without thoughts': {
      args: { template: 'qwen3' },
      datasets: [chat(3)],
      finds: [{ key: 'enable_thinking', severity: Severity.WARNING, fix }],
    },
    'said to think': {
      args: { template: 'qwen3', enable_thinking: true },
      datasets: [chat(3)],
      finds: [{ key: 'enable_thinking', got: 'true' }],
    },
    'alpaca answers without thoughts': {
      args: { template: 'qwen3' },
      datasets: [{ ...ALPACA, rows: [{ instruction: '<think>?', output: 'four' }] }],
      finds: [{ key: 'enable_thinking' }],
    },
  },
  passing: {
    'answers with thoughts': {
      args: { template: 'qwen3' },
      datasets: [chat(3, '<think>\n2 and 2\n</think>\n\nfour')],
    },
    'thinking off': { args: { template: 'qwen3', enable_thinking: false }, datasets: [chat(3)] },
    'thinking mixed': { args: { template: 'qwen3', enable_thinking: null }, datasets: [chat(3)] },
    'another template': { args: { template: 'chatml' }, datasets: [chat(3)] },
    'a data set that is not at hand': { args: { template: 'qwen3' }, datasets: [chat(3), ALPACA] },
    'no data': { args: { template: 'qwen3' } },
  },
});
