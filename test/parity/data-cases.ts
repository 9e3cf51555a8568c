import type { Mapping } from '../../src/run/run';
import { Random } from './random';

/** A data set and the stage that reads it: what the real converters and processors are asked about. */
export interface DataCase {
  readonly id: string;
  readonly stage: 'pt' | 'sft' | 'rm' | 'kto' | 'ppo';
  readonly entry: Mapping;
  readonly rows: readonly unknown[];
}

const SEED = 20261125;
const CASES = 240;

const OWN_TAGS = { role_tag: 'from', content_tag: 'value', user_tag: 'human', assistant_tag: 'gpt' };
const OPENAI_TAGS = { role_tag: 'role', content_tag: 'content', user_tag: 'user', assistant_tag: 'assistant' };
const MORE_TAGS = { observation_tag: 'tool', function_tag: 'function_call', system_tag: 'system' };
const CALL = '{"name": "add", "arguments": {"a": 1}}';

/** Data sets of every format, most of whose rows are right; a fixed seed. */
export function dataCases(): readonly DataCase[] {
  const random = new Random(SEED);
  const made = Array.from({ length: CASES }, (_, i) => {
    const make = random.pick([alpaca, sharegpt, sharegpt, openai, openai]);
    return { id: `data-${i}`, ...make(random) };
  });
  return [...made, ...mixedCases(), ...labelCases()];
}

/** Two values of one place in the rows, of all kinds and in both orders: a column beside the texts, and one inside it. */
function mixedCases(): DataCase[] {
  const values = {
    text: 'a',
    whole: 1,
    fraction: 1.5,
    truth: true,
    nothing: null,
    list: ['a'],
    empty: [],
    mapping: { k: 'v' },
  };
  const names = Object.keys(values) as (keyof typeof values)[];
  return names.flatMap((one) =>
    names
      // Of these two one order passes in a list, and no order in lines.
      .filter(
        (other) => other !== one && !(['fraction', 'truth'].includes(one) && ['fraction', 'truth'].includes(other)),
      )
      .flatMap((other) =>
        [(value: unknown) => value, (value: unknown) => [{ args: value }]].map((wrap, i): DataCase => {
          const rows = [values[one], values[other]].map((value) => ({ q: 'why', a: 'so', more: wrap(value) }));
          const columns = { prompt: 'q', response: 'a' };
          return { id: `mixed-${one}-${other}-${i}`, stage: 'sft', entry: { columns }, rows };
        }),
      ),
  );
}

/** Labels of kto that are none. */
function labelCases(): DataCase[] {
  const labels = [
    ['true', 'false'],
    [true, 'false'],
    [1, 0],
    [true, null],
    [true, false],
  ];
  return labels.map((pair, i): DataCase => {
    const rows = pair.map((good) => ({ q: 'why', a: 'so', good }));
    return {
      id: `label-${i}`,
      stage: 'kto',
      entry: { columns: { prompt: 'q', response: 'a', kto_tag: 'good' } },
      rows,
    };
  });
}

type Bare = Omit<DataCase, 'id'>;

function rowsOf(random: Random, make: (fault: boolean) => Mapping): Mapping[] {
  const faults = random.pick([0, 0.15, 0.4, 1]);
  return Array.from({ length: 1 + random.below(6) }, () => make(random.chance(faults)));
}

function alpaca(random: Random): Bare {
  const stage = random.pick(['pt', 'sft', 'sft', 'rm', 'kto', 'ppo'] as const);
  const ranking = stage === 'rm';
  const columns: Record<string, string> = { prompt: 'q', query: 'more', response: 'a' };
  if (ranking) Object.assign(columns, { chosen: 'better', rejected: 'worse' });
  if (stage === 'kto') columns['kto_tag'] = 'good';
  if (random.chance(0.2)) columns['system'] = 'sys';
  if (random.chance(0.2)) columns['tools'] = 'tools';
  if (random.chance(0.2)) columns['history'] = 'past';
  const rows = rowsOf(random, (fault) => {
    const row: Record<string, unknown> = { q: 'why', more: 'say', a: 'so', sys: 'be kind', tools: '[]' };
    if (ranking) Object.assign(row, { better: 'yes', worse: 'no' });
    if (stage === 'kto') row['good'] = random.chance(0.5);
    row['past'] = random.chance(0.5) ? [['a', 'b']] : null;
    if (fault) {
      const key = random.pick(Object.keys(row));
      row[key] = random.pick([null, null, ...(typeof row[key] === 'string' ? ['', 'text', '[{'] : [])]);
      if (random.chance(0.3)) delete row[key];
      if (key === 'past') row['past'] = random.pick([[['a']], [['a', 'b', 'c']], [['a', null]]]);
    }
    return row;
  });
  return { stage, entry: { columns, ...(ranking ? { ranking } : {}) }, rows };
}

function sharegpt(random: Random): Bare {
  return chat(random, 'sharegpt');
}

function openai(random: Random): Bare {
  return chat(random, 'openai');
}

function chat(random: Random, formatting: 'sharegpt' | 'openai'): Bare {
  const stage = random.pick(['pt', 'sft', 'sft', 'sft', 'rm', 'kto', 'ppo'] as const);
  const ranking = stage === 'rm';
  const base = random.chance(0.6) ? OPENAI_TAGS : OWN_TAGS;
  const tags: Record<string, string> = { ...base };
  for (const [tag, name] of Object.entries(MORE_TAGS)) if (random.chance(0.7)) tags[tag] = name;
  const columns: Record<string, string> = { messages: 'talk' };
  if (ranking) Object.assign(columns, { chosen: 'better', rejected: 'worse' });
  if (stage === 'kto') columns['kto_tag'] = 'good';
  if (random.chance(0.15)) columns['tools'] = 'tools';
  const turn = (role: string, content: unknown): Record<string, unknown> => ({
    [base.role_tag]: role,
    [base.content_tag]: content,
  });
  const { user_tag: asks, assistant_tag: answers } = base;
  const withCalls = formatting === 'openai' && random.chance(0.3);
  const answer = (): Record<string, unknown> => {
    if (random.chance(0.2)) return turn('function_call', CALL);
    const plain = turn(answers, 'so');
    const calls = random.chance(0.5) ? [{ id: '1', function: { name: 'add', arguments: '{}' } }] : [];
    return withCalls && random.chance(0.7) ? { ...plain, tool_calls: calls } : plain;
  };
  const rows = rowsOf(random, (fault) => {
    const talk: Record<string, unknown>[] = random.chance(0.3) ? [turn('system', 'be kind')] : [];
    for (let n = 1 + random.below(3); n > 0; n--) {
      talk.push(random.chance(0.2) ? turn('tool', '4') : turn(asks, 'why'), answer());
    }
    if (ranking) talk.pop();
    const row: Record<string, unknown> = { talk, tools: random.pick(['[]', '']) };
    if (ranking) Object.assign(row, { better: turn(answers, 'yes'), worse: turn(answers, 'no') });
    if (stage === 'kto') row['good'] = random.chance(0.5);
    if (fault) spoil(random, row, talk, { role: base.role_tag, content: base.content_tag });
    return row;
  });
  return { stage, entry: { formatting, columns, tags, ...(ranking ? { ranking } : {}) }, rows };
}

function spoil(
  random: Random,
  row: Record<string, unknown>,
  talk: Record<string, unknown>[],
  { role, content }: { readonly role: string; readonly content: string },
): void {
  const one = random.pick(talk);
  const ways: ReadonlyArray<() => void> = [
    () => talk.pop(),
    () => talk.shift(),
    () => talk.splice(0),
    () => talk.push(one),
    () => {
      one[role] = random.pick(['system', 'user', 'assistant', 'human', 'narrator', null]);
    },
    () => {
      one[content] = random.pick([null, 'not JSON', '']);
    },
    () => {
      delete one[random.pick([role, content])];
    },
    () => {
      row[random.pick(Object.keys(row))] = null;
    },
    () => {
      row['tools'] = random.pick(['[', '{}', '[{"name": "add", "description": "", "parameters": {"properties": {}}}]']);
    },
  ];
  random.pick(ways)();
}
