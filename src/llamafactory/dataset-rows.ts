import type { Mapping } from '../run';
import { columnOf, isMapping, tagOf } from './dataset-info';

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
  const check = entry['formatting'] === 'alpaca' ? alpacaFault : chatFault;
  return rows.flatMap((row, i) => {
    const reason = isMapping(row) ? check(row, entry) : `a mapping is needed, got ${JSON.stringify(row)?.slice(0, 40)}`;
    return reason === undefined ? [] : [{ row: i + 1, reason }];
  });
}

function alpacaFault(row: Mapping, entry: Mapping): string | undefined {
  for (const column of ['prompt', 'query', 'response', 'history', 'system', 'tools']) {
    const name = columnOf(entry, column);
    if (name !== undefined && column !== 'query' && !(name in row)) return missing(name, row);
    if (name !== undefined && row[name] !== undefined && column !== 'history' && !isText(row[name])) {
      return `'${name}' must be text, got ${typeOf(row[name])}`;
    }
  }
  const response = columnOf(entry, 'response');
  return response !== undefined && entry['ranking'] !== true && row[response] === ''
    ? `'${response}' is empty`
    : undefined;
}

function chatFault(row: Mapping, entry: Mapping): string | undefined {
  const column = columnOf(entry, 'messages');
  if (column === undefined) return "the entry's columns name no 'messages'";
  if (!(column in row)) return missing(column, row);
  const messages = row[column];
  if (!Array.isArray(messages)) return `'${column}' must be a list of messages, got ${typeOf(messages)}`;
  const roleTag = tagOf(entry, 'role_tag') ?? 'role';
  const contentTag = tagOf(entry, 'content_tag') ?? 'content';
  const system = tagOf(entry, 'system_tag');
  const asks = [tagOf(entry, 'user_tag'), tagOf(entry, 'observation_tag')];
  const answers = [tagOf(entry, 'assistant_tag'), tagOf(entry, 'function_tag')];
  const turns =
    isMapping(messages[0]) && system !== undefined && messages[0][roleTag] === system ? messages.slice(1) : messages;
  const offset = messages.length - turns.length;
  for (const [i, message] of (turns as unknown[]).entries()) {
    const where = `message ${i + 1 + offset}`;
    if (!isMapping(message)) return `${where} must be a mapping, got ${typeOf(message)}`;
    if (!(roleTag in message)) return `${where}: ${missing(roleTag, message)}`;
    if (!(contentTag in message)) return `${where}: ${missing(contentTag, message)}`;
    const allowed = (i % 2 === 0 ? asks : answers).filter((tag) => tag !== undefined);
    if (!allowed.includes(message[roleTag] as string)) {
      return `${where}: '${roleTag}' is ${JSON.stringify(message[roleTag])}, allowed here: ${allowed.join(', ')}`;
    }
    if (!isText(message[contentTag]))
      return `${where}: '${contentTag}' must be text, got ${typeOf(message[contentTag])}`;
  }
  if (turns.length === 0) return `'${column}' holds no turn`;
  const even = entry['ranking'] !== true;
  if (even && turns.length % 2 !== 0)
    return `the last turn has no answer: ${turns.length} turns, an even number is needed`;
  if (!even && turns.length % 2 === 0)
    return `a ranking row ends with a question: ${turns.length} turns, an odd number is needed`;
  return undefined;
}

function missing(key: string, row: Mapping): string {
  return `'${key}' is missing; there are ${Object.keys(row).slice(0, 8).join(', ') || 'no keys'}`;
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
}
