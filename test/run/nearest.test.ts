import { nearest } from '../../src/run/nearest';

const KEYS = ['learning_rate', 'lora_rank', 'bf16', 'fp16', 'template', 'save_steps', 'eval_steps'];

test.each([
  ['learning_rat', 'learning_rate'],
  ['learningRate', 'learning_rate'],
  ['LEARNING-RATE', 'learning_rate'],
  ['lora_ran', 'lora_rank'],
  ['lora_rankk', 'lora_rank'],
  ['xlora_rank', 'lora_rank'],
  ['templaet', 'template'],
  ['etmplate', 'template'],
  ['tempalte', 'template'],
  ['temqlate', 'template'],
  ['save_step', 'save_steps'],
  ['evla_steps', 'eval_steps'],
  ['b16', 'bf16'],
])('%s means %s', (word, meant) => {
  expect(nearest(word, KEYS)).toBe(meant);
});

test.each(['', 'x', 'optimizer_state', 'rate', 'tmplt', 'metalpet'])('%j means none of them', (word) => {
  expect(nearest(word, KEYS)).toBeUndefined();
});

test('neighbours swapped count one, the same letters further apart two', () => {
  expect(nearest('abcd', ['acbd'])).toBe('acbd');
  expect(nearest('abcd', ['dbca'])).toBeUndefined();
  expect(nearest('abc', ['bac'])).toBe('bac');
  expect(nearest('abc', ['cab'])).toBeUndefined();
});

test('the nearest wins, of two equally near the first', () => {
  expect(nearest('save_stepz', ['save_stops', 'save_steps'])).toBe('save_steps');
  expect(nearest('fp26', ['fp16', 'fp36'])).toBe('fp16');
});
