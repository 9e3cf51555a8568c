import { rule } from '../../../../src/judge/rules/model/template-mismatch';
import { type Edit, EditOperation, Severity } from '../../../../src/run/finding';
import { chat, ruleCases } from '../rule-cases';

const set = (key: string, value: unknown): Edit => ({ file: 'train.yaml', key, op: EditOperation.SET, value });
const args = (model: string, template: string) => ({ model_name_or_path: model, template });
const fix = (...edits: Edit[]) => [{ key: 'template', severity: Severity.WARNING, fix: edits }];
const thinking = '<think>\nlet me see\n</think>\n\nfour';

ruleCases(rule, {
  failing: {
    'llama3 on Qwen2.5': {
      args: args('Qwen/Qwen2.5-7B-Instruct', 'llama3'),
      finds: fix(set('template', 'qwen')),
    },
    'default on Qwen3': { args: args('Qwen/Qwen3-14B', 'default'), finds: fix(set('template', 'qwen3')) },
    'qwen on Qwen3, whose data do not think': {
      args: args('/models/Qwen3-14B', 'qwen'),
      datasets: [chat(2)],
      finds: fix(set('template', 'qwen3'), set('enable_thinking', false)),
    },
    'qwen3_nothink on a hybrid, whose data think': {
      args: args('Qwen/Qwen3-8B', 'qwen3_nothink'),
      datasets: [chat(2, thinking)],
      finds: fix(set('template', 'qwen3')),
    },
    'qwen3 on a model that never thinks': {
      args: args('Qwen/Qwen3-4B-Instruct-2507', 'qwen3'),
      datasets: [chat(2)],
      finds: fix(set('template', 'qwen3_nothink')),
    },
    'qwen3_nothink on a model that always thinks': {
      args: args('Qwen/Qwen3-4B-Thinking-2507', 'qwen3_nothink'),
      finds: fix(set('template', 'qwen3')),
    },
    'a release without the right one': {
      release: '0.9.3',
      args: args('Qwen/Qwen3-4B-Instruct-2507', 'qwen3'),
      finds: [{ key: 'template', change: 'LLaMA-Factory 0.9.3 has no template qwen3_nothink: take a newer release' }],
    },
    'chatml on Llama': {
      args: args('meta-llama/Meta-Llama-3-8B-Instruct', 'chatml'),
      finds: fix(set('template', 'llama3')),
    },
  },
  passing: {
    'qwen on Qwen2.5': { args: args('Qwen/Qwen2.5-7B-Instruct-AWQ', 'qwen') },
    'qwen3 on a hybrid': { args: args('Qwen/Qwen3-14B', 'qwen3') },
    'a template that trains alike': { args: args('Qwen/Qwen3.5-4B', 'qwen3_6') },
    'chatml, whose marks are those of Qwen': { args: args('Qwen/Qwen3-14B', 'chatml') },
    'a base model': { args: args('Qwen/Qwen3-14B-Base', 'default') },
    'a model of which nothing is known': { args: args('/models/ours', 'llama3') },
    'no template': { args: { model_name_or_path: 'Qwen/Qwen3-14B' } },
    'a template that there is not': { args: args('Qwen/Qwen3-14B', 'qwen-3') },
    'pre-training': { args: { ...args('Qwen/Qwen3-14B', 'default'), stage: 'pt' } },
  },
});
