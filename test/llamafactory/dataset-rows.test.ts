import { faultyRows } from '../../src/llamafactory/dataset-rows';
import type { Mapping } from '../../src/run/run';

const TAGS = {
  role_tag: 'role',
  content_tag: 'content',
  user_tag: 'user',
  assistant_tag: 'assistant',
  observation_tag: 'tool',
  function_tag: 'function_call',
  system_tag: 'system',
};
const SHAREGPT = { formatting: 'sharegpt', columns: { messages: 'messages' }, tags: TAGS };
const OPENAI = { ...SHAREGPT, formatting: 'openai' };
const RANKING = {
  ...SHAREGPT,
  ranking: true,
  columns: { messages: 'messages', chosen: 'chosen', rejected: 'rejected' },
};
const ALPACA = { formatting: 'alpaca' };

/** Messages by the first letter of their roles: s(ystem), u(ser), a(ssistant), t(ool), f(unction call). */
const ROLES: Readonly<Record<string, string>> = {
  s: 'system',
  u: 'user',
  a: 'assistant',
  t: 'tool',
  f: 'function_call',
};
const messages = (letters: string) =>
  [...letters].map((letter) => ({ role: ROLES[letter] ?? letter, content: letter }));
const chat = (letters: string) => ({ messages: messages(letters) });
const reasons = (entry: Mapping, ...rows: unknown[]) => faultyRows(rows, entry).map(({ reason }) => reason);

test.each(['ua', 'uaua', 'sua', 'suaua', 'ufta', 'uftaua'])('%s is a good dialogue', (letters) => {
  expect(reasons(SHAREGPT, chat(letters))).toEqual([]);
});

test.each([
  ['', "'messages' holds no turn"],
  ['s', "'messages' holds no turn"],
  ['u', 'the last turn has no answer: 1 turns, an even number is needed'],
  ['suau', 'the last turn has no answer: 3 turns, an even number is needed'],
  ['au', `message 1: 'role' is "assistant", allowed here: user, tool`],
  ['uu', `message 2: 'role' is "user", allowed here: assistant, function_call`],
  ['suu', `message 3: 'role' is "user", allowed here: assistant, function_call`],
  ['uas', `message 3: 'role' is "system", allowed here: user, tool`],
  ['uX', `message 2: 'role' is "X", allowed here: assistant, function_call`],
  ['uftta', `message 4: 'role' is "tool", allowed here: assistant, function_call`],
])('the dialogue %j is not: %s', (letters, reason) => {
  expect(reasons(SHAREGPT, chat(letters))).toEqual([reason]);
});

test.each([
  ['no column messages', { text: 'a' }, "'messages' is missing; there are text"],
  ['no columns at all', {}, "'messages' is missing; there are no keys"],
  ['messages that are text', { messages: 'a' }, "'messages' must be a list of messages, got string"],
  ['messages that are null', { messages: null }, "'messages' must be a list of messages, got null"],
  ['a message that is a list', { messages: [[]] }, 'message 1 must be a mapping, got a list'],
  ['a message without role', { messages: [{ content: 'a' }] }, "message 1: 'role' is missing; there are content"],
  ['a message without text', { messages: [{ role: 'user' }] }, "message 1: 'content' is missing; there are role"],
  [
    'a message of a number',
    { messages: [{ role: 'user', content: 1 }] },
    "message 1: 'content' must be text, got number",
  ],
  ['a row that is text', 'a', 'a mapping is needed, got "a"'],
  ['a row that is a long list', ['a'.repeat(60)], `a mapping is needed, got ["${'a'.repeat(38)}`],
])('a row with %s is a fault', (_, row, reason) => {
  expect(reasons(SHAREGPT, row)).toEqual([reason]);
});

test('a row that is undefined is a fault', () => {
  expect(reasons(SHAREGPT, undefined)).toEqual(['a mapping is needed, got undefined']);
});

test('at most eight keys of a row are named', () => {
  const row = Object.fromEntries([...'abcdefghij'].map((key) => [key, 1]));
  expect(reasons(SHAREGPT, row)).toEqual(["'messages' is missing; there are a, b, c, d, e, f, g, h"]);
});

test('faulty rows are numbered from 1, good ones left out', () => {
  expect(faultyRows([chat('u'), chat('ua'), chat('a')], SHAREGPT).map(({ row }) => row)).toEqual([1, 3]);
});

test('without tags a system turn is skipped by LLaMA-Factory, as in the seed', () => {
  const entry = { ...SHAREGPT, tags: { ...TAGS, system_tag: undefined } };
  expect(reasons(entry, chat('sua'))).toEqual([`message 1: 'role' is "system", allowed here: user, tool`]);
});

test('an entry whose columns name no messages cannot be read', () => {
  expect(reasons({ ...SHAREGPT, columns: { prompt: 'p' } }, { p: 'a' })).toEqual([
    "the entry's columns name no 'messages'",
  ]);
});

test('without columns and tags, LLaMA-Factory’s own names are looked for', () => {
  const row = {
    conversations: [
      { from: 'human', value: 'a' },
      { from: 'gpt', value: 'b' },
    ],
  };
  expect(reasons({ formatting: 'sharegpt' }, row)).toEqual([]);
});

describe('in OpenAI’s format', () => {
  const call = { role: 'assistant', content: null, tool_calls: [{ function: { name: 'add' } }] };

  test('a call without text and the results of several calls are good', () => {
    const row = { messages: [...messages('u'), call, ...messages('tta')] };
    expect(reasons(OPENAI, row)).toEqual([]);
  });

  test('a call needs no content at all', () => {
    const row = { messages: [...messages('u'), { role: 'assistant', tool_calls: [{}] }, ...messages('ta')] };
    expect(reasons(OPENAI, row)).toEqual([]);
  });

  test('an answer without text and without calls is a fault', () => {
    const row = { messages: [...messages('u'), { role: 'assistant', content: null, tool_calls: [] }] };
    expect(reasons(OPENAI, row)).toEqual(["message 2: 'content' must be text, got null"]);
  });

  test('a question with calls but without text is a fault', () => {
    expect(reasons(OPENAI, { messages: [{ ...call, role: 'user' }] })).toEqual([
      "message 1: 'content' must be text, got null",
    ]);
  });

  test('two answers in a row are a fault', () => {
    expect(reasons(OPENAI, chat('uaa'))).toEqual([`message 3: 'role' is "assistant", allowed here: user, tool`]);
  });

  test('in sharegpt rows a call without text is a fault', () => {
    expect(reasons(SHAREGPT, { messages: [...messages('u'), call] })).toEqual([
      "message 2: 'content' must be text, got null",
    ]);
  });
});

describe('a ranking dialogue', () => {
  const [answer] = messages('a');
  const row = { ...chat('u'), chosen: answer, rejected: answer };

  test('ends with a question, and has a better and a worse answer', () => {
    expect(reasons(RANKING, row)).toEqual([]);
  });

  test('must not end with an answer', () => {
    expect(reasons(RANKING, { ...row, ...chat('ua') })).toEqual([
      'a ranking row ends with a question: 2 turns, an odd number is needed',
    ]);
  });

  test.each([
    ['is missing', { chosen: undefined }, "'chosen' must be a message, got undefined"],
    ['is text', { rejected: 'b' }, "'rejected' must be a message, got string"],
    ['has no role', { chosen: { content: 'a' } }, "'chosen': 'role' is missing; there are content"],
    ['has no text', { chosen: { role: 'assistant' } }, "'chosen': 'content' is missing; there are role"],
    [
      'is a question',
      { rejected: messages('u')[0] },
      `'rejected': 'role' is "user", allowed here: assistant, function_call`,
    ],
  ])('an answer that %s is a fault', (_, changes, reason) => {
    expect(reasons(RANKING, { ...row, ...changes })).toEqual([reason]);
  });

  test('a row without the column is a fault', () => {
    expect(reasons(RANKING, chat('u'))).toEqual(["'chosen' is missing; there are messages"]);
  });

  test('the entry must name the columns of both answers', () => {
    expect(reasons({ ...SHAREGPT, ranking: true }, chat('u'))).toEqual(["the entry's columns name no 'chosen'"]);
  });
});

describe('an alpaca row', () => {
  const row = { instruction: 'a', input: '', output: 'b' };

  test('has an instruction, maybe an input, and an output', () => {
    expect(reasons(ALPACA, row)).toEqual([]);
  });

  test('may lack the input, or have none, as long as another row has it', () => {
    expect(reasons(ALPACA, row, { instruction: 'a', output: 'b' }, { ...row, input: null })).toEqual([]);
  });

  test('stops the run where no row has the input', () => {
    expect(reasons(ALPACA, { instruction: 'a', output: 'b' })).toEqual([
      "no row has 'input', which the columns name as 'query'",
    ]);
  });

  test.each([
    ['no instruction', { input: '', output: 'b' }, "'instruction' is missing; there are input, output"],
    ['an instruction that is no text', { ...row, instruction: [] }, "'instruction' must be text, got a list"],
    ['no output', { instruction: 'a', input: '' }, "'output' is missing; there are instruction, input"],
    ['an output of null', { ...row, output: null }, "'output' must be text, got null"],
    ['an empty output', { ...row, output: '' }, "'output' is empty"],
    ['an input that is no text', { ...row, input: 3 }, "'input' must be text, got number"],
  ])('with %s is a fault', (_, faulty, reason) => {
    expect(reasons(ALPACA, faulty)).toEqual([reason]);
  });

  test('may have an empty instruction', () => {
    expect(reasons(ALPACA, { ...row, instruction: '', input: 'a' })).toEqual([]);
  });

  test.each(['system', 'tools'])('must have text for %s where the column is named', (column) => {
    const entry = { ...ALPACA, columns: { prompt: 'instruction', response: 'output', [column]: 'extra' } };
    expect(reasons(entry, { ...row, extra: {} })).toEqual(["'extra' must be text, got object"]);
  });

  test.each(['query', 'history', 'system', 'tools', 'images', 'videos', 'audios', 'kto_tag'])(
    'stops the run where no row has the column named as %s',
    (column) => {
      const entry = { ...ALPACA, columns: { prompt: 'instruction', response: 'output', [column]: 'extra' } };
      expect(reasons(entry, row)).toEqual([`no row has 'extra', which the columns name as '${column}'`]);
    },
  );

  test('of a data set to pre-train on needs no answer', () => {
    expect(reasons({ ...ALPACA, columns: { prompt: 'text' } }, { text: 'a' })).toEqual([]);
  });

  test('for ranking has a better and a worse answer', () => {
    const entry = { ...ALPACA, ranking: true, columns: { prompt: 'q', chosen: 'good', rejected: 'bad' } };
    expect(reasons(entry, { q: 'a', good: 'b', bad: 'c' }, { q: 'a', good: 'b' })).toEqual([
      "'bad' is missing; there are q, good",
    ]);
  });

  test('for ranking needs columns for both', () => {
    expect(reasons({ ...ALPACA, ranking: true, columns: { prompt: 'q' } }, { q: 'a' })).toEqual([
      "the entry's columns name no 'chosen'",
    ]);
  });
});

test('a dialogue stops the run where no row has the system column', () => {
  const entry = { ...SHAREGPT, columns: { messages: 'messages', system: 'sys' } };
  expect(reasons(entry, chat('ua'))).toEqual(["no row has 'sys', which the columns name as 'system'"]);
});

test('a dialogue has no column for an input', () => {
  expect(reasons({ formatting: 'sharegpt', tags: TAGS }, { conversations: messages('ua') })).toEqual([]);
});
