import { columnOf, type DatasetDescription, datasetEntry, tagOf } from '../../src/llamafactory/dataset-info';
import { isMapping } from '../../src/run/run';

const OPENAI_ROW = { messages: [{ role: 'user', content: 'a' }] };
const OPENAI_TAGS = {
  role_tag: 'role',
  content_tag: 'content',
  user_tag: 'user',
  assistant_tag: 'assistant',
  observation_tag: 'tool',
  function_tag: 'function_call',
  system_tag: 'system',
};
const OWN_TAGS = {
  role_tag: 'from',
  content_tag: 'value',
  user_tag: 'human',
  assistant_tag: 'gpt',
  observation_tag: 'observation',
  function_tag: 'function_call',
  system_tag: 'system',
};
const entry = (description: Partial<DatasetDescription> = {}, row?: unknown) =>
  datasetEntry('/data/d.json', { formatting: 'sharegpt', ...description }, row);

test('with nothing said and nothing seen, LLaMA-Factory keeps its own columns and tags', () => {
  expect(entry()).toEqual({ file_name: '/data/d.json', formatting: 'sharegpt' });
});

test('messages with roles are taken for OpenAI’s, all tags named', () => {
  expect(entry({}, OPENAI_ROW)).toEqual({
    file_name: '/data/d.json',
    formatting: 'sharegpt',
    columns: { messages: 'messages' },
    tags: OPENAI_TAGS,
  });
});

test.each([
  ['alpaca rows', { formatting: 'alpaca' as const }, OPENAI_ROW],
  ['messages without roles', {}, { messages: [{ from: 'human', value: 'a' }] }],
  ['messages that are no mappings', {}, { messages: ['a'] }],
  ['an empty list of messages', {}, { messages: [] }],
  ['messages that are no list', {}, { messages: 'a' }],
  ['a row that is no mapping', {}, ['messages']],
])('%s are not', (_, description, row) => {
  expect(entry(description, row)).not.toHaveProperty('tags');
});

test('columns are written in the spelling of dataset_info.json', () => {
  const columns = { prompt: 'q', query: 'x', response: 'a', history: 'h', system: 's', tools: 't', ktoTag: 'label' };
  expect(entry({ formatting: 'alpaca', columns })['columns']).toEqual({
    prompt: 'q',
    query: 'x',
    response: 'a',
    history: 'h',
    system: 's',
    tools: 't',
    kto_tag: 'label',
  });
});

test('columns that stand there undefined are left out', () => {
  expect(entry({ columns: { messages: 'dialog', system: undefined } })['columns']).toEqual({ messages: 'dialog' });
});

test('with columns named, the first row still tells the tags', () => {
  const row = { dialog: OPENAI_ROW.messages };
  expect(entry({ columns: { messages: 'dialog', system: 's' } }, row)).toEqual(
    expect.objectContaining({ columns: { messages: 'dialog', system: 's' }, tags: OPENAI_TAGS }),
  );
});

test('columns that name no messages tell nothing about tags', () => {
  expect(entry({ columns: { system: 's' } }, OPENAI_ROW)).not.toHaveProperty('tags');
});

test('an entry that names one tag names them all, the others as LLaMA-Factory has them', () => {
  expect(entry({ tags: { systemTag: 'sys' } })['tags']).toEqual({ ...OWN_TAGS, system_tag: 'sys' });
});

test('beside the tag role the others are OpenAI’s', () => {
  expect(entry({ tags: { roleTag: 'role', observationTag: 'obs' } })['tags']).toEqual({
    ...OPENAI_TAGS,
    observation_tag: 'obs',
  });
});

test('beside another role tag the others are LLaMA-Factory’s own', () => {
  expect(entry({ tags: { roleTag: 'speaker' } })['tags']).toEqual({ ...OWN_TAGS, role_tag: 'speaker' });
});

test('tags given are put over those that the first row tells', () => {
  expect(entry({ tags: { systemTag: 'developer' } }, OPENAI_ROW)['tags']).toEqual({
    ...OPENAI_TAGS,
    system_tag: 'developer',
  });
});

test('ranking and the number of samples are written where they are given', () => {
  expect(entry({ ranking: true, numSamples: 50 })).toEqual(expect.objectContaining({ ranking: true, num_samples: 50 }));
});

test.each([
  ['prompt', 'instruction'],
  ['query', 'input'],
  ['response', 'output'],
  ['messages', 'conversations'],
  ['system', undefined],
])('without columns, %s is read from %s', (column, expected) => {
  expect(columnOf({}, column)).toBe(expected);
});

test.each([
  ['role_tag', 'from'],
  ['content_tag', 'value'],
  ['user_tag', 'human'],
  ['assistant_tag', 'gpt'],
  ['observation_tag', 'observation'],
  ['function_tag', 'function_call'],
  ['system_tag', 'system'],
])('without tags, %s is %s', (tag, expected) => {
  expect(tagOf({}, tag)).toBe(expected);
});

test('columns named take all others away', () => {
  expect(columnOf({ columns: { messages: 'messages' } }, 'prompt')).toBeUndefined();
});

test('tags named take all others away', () => {
  expect(tagOf({ tags: { role_tag: 'role' } }, 'system_tag')).toBeUndefined();
});

test('an empty name names nothing', () => {
  expect([columnOf({ columns: { system: '' } }, 'system'), tagOf({ tags: { system_tag: '' } }, 'system_tag')]).toEqual([
    undefined,
    undefined,
  ]);
});

test.each([
  [{}, true],
  [[], false],
  [null, false],
  ['a', false],
])('%j is a mapping: %s', (value, expected) => {
  expect(isMapping(value)).toBe(expected);
});
