import { isMapping, type Mapping } from '../run/run';
import { columnOf, tagOf } from './dataset-info';

/** What is wrong with one row: its number from 1, and why. */
export interface RowFault {
  readonly row: number;
  readonly reason: string;
}

/**
 * The rows that LLaMA-Factory would crash on or leave out. It only warns about a row whose roles are out of order, and
 * trains on the rest; here they are faults, since nobody means to train on less than they gave.
 * Source: llamafactory/data/converter.py.
 */
export function faultyRows(rows: readonly unknown[], entry: Mapping): RowFault[] {
  const nowhere = absentColumn(rows, entry);
  const tags = tagsOf(entry);
  const check = entry['formatting'] === 'alpaca' ? alpacaFault : chatFault;
  return rows.flatMap((row, i) => {
    const reason = isMapping(row)
      ? (nowhere ?? check(row, entry, tags))
      : `a mapping is needed, got ${JSON.stringify(row)?.slice(0, 40)}`;
    return reason === undefined ? [] : [{ row: i + 1, reason }];
  });
}

/** Columns that a row may lack as long as another has them: the loader fills them in, with null. */
const OPTIONAL = ['system', 'tools', 'images', 'videos', 'audios', 'kto_tag'];

/** LLaMA-Factory reads every column that the entry names, and stops where no row has it. */
function absentColumn(rows: readonly unknown[], entry: Mapping): string | undefined {
  const optional = entry['formatting'] === 'alpaca' ? ['query', 'history', ...OPTIONAL] : OPTIONAL;
  const absent = optional
    .map((column) => ({ column, name: columnOf(entry, column) }))
    .find(({ name }) => name !== undefined && !rows.some((row) => isMapping(row) && name in row));
  return absent && `no row has '${absent.name}', which the columns name as '${absent.column}'`;
}

function alpacaFault(row: Mapping, entry: Mapping): string | undefined {
  const ranking = entry['ranking'] === true;
  for (const column of ranking ? ['prompt', 'chosen', 'rejected'] : ['prompt', 'response']) {
    const name = columnOf(entry, column);
    // A data set to pre-train on has no answers.
    if (name === undefined && !ranking) continue;
    if (name === undefined) return `the entry's columns name no '${column}'`;
    if (!(name in row)) return missing(name, row);
    if (!isText(row[name])) return `'${name}' must be text, got ${typeOf(row[name])}`;
    if (column === 'response' && row[name] === '') return `'${name}' is empty`;
  }
  for (const column of ['query', 'system', 'tools']) {
    const name = columnOf(entry, column);
    const value = name === undefined ? undefined : row[name];
    if (value !== undefined && value !== null && !isText(value)) return `'${name}' must be text, got ${typeOf(value)}`;
  }
  return undefined;
}

function chatFault(row: Mapping, entry: Mapping, tags: Tags): string | undefined {
  const column = columnOf(entry, 'messages');
  if (column === undefined) return "the entry's columns name no 'messages'";
  if (!(column in row)) return missing(column, row);
  const messages = row[column];
  if (!Array.isArray(messages)) return `'${column}' must be a list of messages, got ${typeOf(messages)}`;
  const openai = entry['formatting'] === 'openai';
  let turns = 0;
  let last: unknown;
  for (const [i, message] of (messages as unknown[]).entries()) {
    const where = `message ${i + 1}`;
    if (!isMapping(message)) return `${where} must be a mapping, got ${typeOf(message)}`;
    if (!(tags.role in message)) return `${where}: ${missing(tags.role, message)}`;
    const role = message[tags.role];
    // OpenAI's format: a call may come without text, and the results of several calls are one turn.
    const call = openai && tags.answers.includes(role) && isFilled(message['tool_calls']);
    if (!call) {
      if (!(tags.content in message)) return `${where}: ${missing(tags.content, message)}`;
      const content = message[tags.content];
      if (!isText(content)) return `${where}: '${tags.content}' must be text, got ${typeOf(content)}`;
    }
    if (i === 0 && role === tags.system) continue;
    if (openai && role === tags.observation && last === role) continue;
    const allowed = turns % 2 === 0 ? tags.asks : tags.answers;
    if (!allowed.includes(role)) {
      return `${where}: '${tags.role}' is ${JSON.stringify(role)}, allowed here: ${allowed.join(', ')}`;
    }
    turns += 1;
    last = role;
  }
  if (turns === 0) return `'${column}' holds no turn`;
  if (entry['ranking'] === true) return rankingFault(row, entry, turns, tags);
  return turns % 2 === 0 ? undefined : `the last turn has no answer: ${turns} turns, an even number is needed`;
}

function rankingFault(row: Mapping, entry: Mapping, turns: number, tags: Tags): string | undefined {
  if (turns % 2 === 0) return `a ranking row ends with a question: ${turns} turns, an odd number is needed`;
  for (const column of ['chosen', 'rejected']) {
    const name = columnOf(entry, column);
    if (name === undefined) return `the entry's columns name no '${column}'`;
    if (!(name in row)) return missing(name, row);
    const answer = row[name];
    if (!isMapping(answer)) return `'${name}' must be a message, got ${typeOf(answer)}`;
    for (const key of [tags.role, tags.content]) if (!(key in answer)) return `'${name}': ${missing(key, answer)}`;
    if (!tags.answers.includes(answer[tags.role])) {
      return `'${name}': '${tags.role}' is ${JSON.stringify(answer[tags.role])}, allowed here: ${tags.answers.join(', ')}`;
    }
  }
  return undefined;
}

interface Tags {
  readonly role: string;
  readonly content: string;
  readonly system: string | undefined;
  readonly observation: string | undefined;
  /** The roles of a question, and of an answer. */
  readonly asks: readonly unknown[];
  readonly answers: readonly unknown[];
}

function tagsOf(entry: Mapping): Tags {
  const named = (...tags: string[]) => tags.flatMap((tag) => tagOf(entry, tag) ?? []);
  return {
    role: tagOf(entry, 'role_tag') ?? 'role',
    content: tagOf(entry, 'content_tag') ?? 'content',
    system: tagOf(entry, 'system_tag'),
    observation: tagOf(entry, 'observation_tag'),
    asks: named('user_tag', 'observation_tag'),
    answers: named('assistant_tag', 'function_tag'),
  };
}

function missing(key: string, row: Mapping): string {
  return `'${key}' is missing; there are ${Object.keys(row).slice(0, 8).join(', ') || 'no keys'}`;
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
}
