import { before, isIn, type Release, type ReleaseRange } from '../run/releases';
import { isMapping, type Mapping } from '../run/run';
import { columnOf, tagOf } from './dataset-info';
import { mixedRows } from './mixed-types';

/** A row that isn't trained on: LLaMA-Factory leaves it out with a line in the log, or the run stops at it. */
export interface RowFate {
  /** Its number, from 1. */
  readonly row: number;
  /** True if the run stops there. */
  readonly stops: boolean;
  readonly reason: string;
}

/** The texts of a row that is trained on. */
export interface SampleTexts {
  /** What stands in every sequence of the sample: the system prompt, the tools, and the turns before the answer. */
  readonly shared: readonly string[];
  /** The answers, each at the end of a sequence of its own. */
  readonly answers: readonly string[];
  /** True if the template puts its words around the description of tools. */
  readonly tools: boolean;
}

/** What a row becomes: turns before the answer, and answers. */
interface Sample {
  readonly prompt: readonly Turn[];
  readonly response: readonly Turn[];
  readonly tools: unknown;
  readonly system?: unknown;
  /** Why the turns were thrown away; undefined if they weren't. */
  readonly broken?: string;
}

interface Turn {
  readonly role: Role;
  readonly content: unknown;
}

type Role = 'user' | 'assistant' | 'observation' | 'function' | 'system';

/** What the run stops at. */
class Stop extends Error {}

/** Rows as a stage of a release reads them. */
export interface ReadRows {
  readonly fates: readonly RowFate[];
  /** What is trained on of each row; undefined where a row is left out, or the run stops at it. */
  readonly texts: ReadonlyArray<SampleTexts | undefined>;
}

/**
 * The rows that a release would leave out or stop at, in a stage, and the texts of those that are trained on: what its
 * converter and its processors do with the table that the loader makes of them. In that table a row has every key that
 * some row has, with null where it gave none. Where values of two types stand in one place the run stops there, before
 * any row is looked at: the file is read whole, whatever is taken of it.
 * Source: llamafactory/data/converter.py, llamafactory/data/processor, llamafactory/data/formatter.py.
 * @param count how many rows are taken, the first ones
 */
export function readRows(
  whole: readonly unknown[],
  entry: Mapping,
  stage: string,
  release: Release,
  count = whole.length,
): ReadRows {
  const mixed = mixedRows(whole);
  if (mixed.length > 0) {
    return {
      fates: mixed.map((row) => ({ ...row, stops: true })),
      texts: Array.from({ length: count }, () => undefined),
    };
  }
  const rows = count < whole.length ? whole.slice(0, count) : whole;
  const samples = rows.map(samplesBy(converterOf(rows, entry, release)));
  const fates = samples.map((sample) => (sample instanceof Stop ? sample : leftOut(sample, stage)));
  if (stage === 'kto') stopAtPairs(samples, fates);
  return {
    fates: fates.flatMap((fate, i): RowFate[] => {
      if (fate === undefined) return [];
      const reason = fate instanceof Stop ? fate.message : fate === UNLABELLED ? unlabelled(rows[i], entry) : fate;
      return [{ row: i + 1, stops: fate instanceof Stop, reason }];
    }),
    texts: samples.map((sample, i) =>
      fates[i] !== undefined || sample instanceof Stop ? undefined : textsOf(sample, stage),
    ),
  };
}

/** The texts of a sample; to pre-train, the first turn is all that is read. */
function textsOf({ prompt, response, tools, system }: Sample, stage: string): SampleTexts {
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
  const contents = (turns: readonly Turn[]) => turns.map(({ content }) => content).filter(isText);
  if (stage === 'pt') return { shared: contents(prompt.slice(0, 1)), answers: [], tools: false };
  return {
    shared: [...[system, tools].filter(isText), ...contents(prompt)],
    answers: contents(trainedOn(response, stage)),
    tools: isText(tools),
  };
}

const UNLABELLED = 'nothing says whether the answer is wanted';

/** What a row of kto has in the place of its label. */
function unlabelled(row: unknown, entry: Mapping): string {
  const name = columnOf(entry, 'kto_tag');
  if (name === undefined) return `${UNLABELLED}: the entry's columns name no kto_tag`;
  const label = isMapping(row) ? row[name] : undefined;
  if (label === undefined || label === null) return `${UNLABELLED}: it has no '${name}'`;
  return `${UNLABELLED}: '${name}' is ${JSON.stringify(label).slice(0, 40)}, and true or false without quotes is needed`;
}

/** Converts rows, each to a sample or to what the run stops at. */
function samplesBy(convert: (row: Mapping) => Sample): (row: unknown) => Sample | Stop {
  return (row) => {
    if (!isMapping(row)) return new Stop(`a mapping is needed, got ${JSON.stringify(row)?.slice(0, 40)}`);
    try {
      return convert(row);
    } catch (error) {
      if (error instanceof Stop) return error;
      throw error;
    }
  };
}

/** How many answers a row must have, at least and at most. */
const ANSWERS: Readonly<Record<string, readonly [least: number, most: number, lacking: string]>> = {
  sft: [1, 1, 'there is no answer'],
  rm: [2, 2, 'there are no two answers to compare'],
  dpo: [2, 2, 'there are no two answers to compare'],
  kto: [2, 2, UNLABELLED],
};

/** Why a stage leaves a sample out, or what it stops at; undefined if it trains on it. */
function leftOut({ prompt, response, tools, broken }: Sample, stage: string): string | Stop | undefined {
  try {
    if (stage === 'pt') {
      if (prompt[0] === undefined) return new Stop(broken ?? 'there is no text');
      textIn(prompt[0]);
      return undefined;
    }
    if (broken !== undefined) return broken;
    if (prompt.length % 2 === 0) return 'there is no question';
    const [least, most, lacking] = ANSWERS[stage] ?? [0, 2, ''];
    if (response.length < least || response.length > most) return lacking;
    for (const turn of [...prompt, ...trainedOn(response, stage)]) textIn(turn);
    checkTools(tools);
    return undefined;
  } catch (error) {
    if (error instanceof Stop) return error;
    throw error;
  }
}

/** The answers whose text is read: kto takes the one of its two that has any, ppo a single one. */
function trainedOn(response: readonly Turn[], stage: string): readonly Turn[] {
  if (stage === 'kto') return response.slice(response[0]?.content ? 0 : 1).slice(0, 1);
  return stage === 'ppo' && response.length > 1 ? [] : response;
}

/** How many rows the trainer looks at together. */
const BATCH = 1000;

/** kto pairs each row with the answer of the one before it, of the first with the last's, and stops if there is none. */
function stopAtPairs(samples: ReadonlyArray<Sample | Stop>, fates: Array<string | Stop | undefined>): void {
  const kept = fates.map((fate) => fate === undefined);
  for (const [i, isKept] of kept.entries()) {
    const first = i - (i % BATCH);
    const before = i === first ? Math.min(first + BATCH, kept.length) - 1 : i - 1;
    const sample = samples[before];
    if (!isKept || sample === undefined || sample instanceof Stop) continue;
    const answered = sample.response[0]?.content || sample.response.length > 1;
    if (!answered)
      fates[before] = new Stop(`${fates[before] ?? 'there is no answer'}, and kto pairs it with the next row`);
  }
}

function textIn({ role, content }: Turn): void {
  if (typeof content !== 'string') throw new Stop(`the text of a turn (${role}) is ${typeOf(content)}`);
  if (role === 'function') checkCall(content);
}

/** A call is JSON with a name and arguments, unless it stands between words of the template. */
function checkCall(content: string): void {
  const text = withoutThought(content);
  if (/<\w*tool_?call/i.test(text)) return;
  const calls = parsed(text);
  const wrong = (Array.isArray(calls) ? calls : [calls]).some(
    (call) => !(isMapping(call) && 'name' in call && 'arguments' in call),
  );
  if (wrong) throw new Stop(`a call of a function must be JSON with "name" and "arguments", got ${shown(content)}`);
}

/** A text without what stands from the first `<think>` to the last `</think>`. */
function withoutThought(text: string): string {
  const from = text.indexOf('<think>');
  const to = text.lastIndexOf('</think>');
  return from < 0 || to < from ? text : text.slice(0, from) + text.slice(to + '</think>'.length);
}

function checkTools(tools: unknown): void {
  if (tools === null || tools === '' || tools === undefined) return;
  if (typeof tools !== 'string') throw new Stop(`the tools must be JSON in a text, got ${typeOf(tools)}`);
  const value = parsed(tools);
  if (typeof value !== 'object' || value === null) throw new Stop(`the tools must be JSON, got ${shown(tools)}`);
}

function converterOf(rows: readonly unknown[], entry: Mapping, release: Release): (row: Mapping) => Sample {
  const formatting = entry['formatting'] ?? 'alpaca';
  if (formatting === 'openai' && before(release, '0.9.4')) {
    return () => {
      throw new Stop(`LLaMA-Factory ${release} does not know the formatting openai`);
    };
  }
  const table = tableOf(rows, entry);
  if (formatting === 'alpaca') return (row) => alpaca(table, row);
  return formatting === 'openai' ? (row) => openai(table, row, release) : (row) => sharegpt(table, row);
}

/** The table that rows make: its columns, and how to read them. */
interface Table {
  readonly entry: Mapping;
  /** The keys of its messages. */
  readonly keys: ReadonlySet<string>;
  /** The value of a column that the entry may name; undefined if it names none. */
  get(row: Mapping, column: string): unknown;
}

function tableOf(rows: readonly unknown[], entry: Mapping): Table {
  const columns = new Set(rows.flatMap((row) => (isMapping(row) ? Object.keys(row) : [])));
  const messages = columnOf(entry, 'messages');
  const keys = new Set<string>();
  for (const row of rows) {
    const list = messages === undefined || !isMapping(row) ? undefined : row[messages];
    if (Array.isArray(list)) for (const each of list) for (const key of keysOf(each)) keys.add(key);
  }
  return {
    entry,
    keys,
    get(row, column) {
      const name = columnOf(entry, column);
      if (name === undefined) return undefined;
      if (!columns.has(name)) throw new Stop(`no row has '${name}', which is read as '${column}'`);
      return row[name] ?? null;
    },
  };
}

function keysOf(value: unknown): string[] {
  return isMapping(value) ? Object.keys(value) : [];
}

function alpaca(table: Table, row: Mapping): Sample {
  const prompt: Turn[] = [];
  const history = table.get(row, 'history');
  for (const pair of Array.isArray(history) ? (history as unknown[]) : []) {
    if (!Array.isArray(pair) || pair.length !== 2) throw new Stop('the history must hold pairs of question and answer');
    prompt.push({ role: 'user', content: pair[0] }, { role: 'assistant', content: pair[1] });
  }
  const query = ['prompt', 'query'].map((column) => table.get(row, column)).filter((text) => text);
  if (query.some((text) => typeof text !== 'string')) throw new Stop('the question must be text');
  prompt.push({ role: 'user', content: query.join('\n') });
  const system = row[columnOf(table.entry, 'system') ?? ''];
  return { prompt, response: alpacaAnswers(table, row), tools: table.get(row, 'tools'), system };
}

function alpacaAnswers(table: Table, row: Mapping): Turn[] {
  const answer = (content: unknown): Turn => ({ role: 'assistant', content });
  const wanted = table.get(row, 'kto_tag');
  if (typeof wanted === 'boolean') return withOpposite(answer(named(table, row, 'response')), wanted);
  if (table.entry['ranking']) {
    const [chosen, rejected] = [named(table, row, 'chosen'), named(table, row, 'rejected')];
    if (typeof chosen === 'string' && typeof rejected === 'string') return [answer(chosen), answer(rejected)];
  }
  const response = table.get(row, 'response');
  return typeof response === 'string' ? [answer(response)] : [];
}

/** A column that is read whether or not the entry names it. */
function named(table: Table, row: Mapping, column: string): unknown {
  const value = table.get(row, column);
  if (value === undefined) throw new Stop(`the entry's columns name no '${column}'`);
  return value;
}

function withOpposite(answer: Turn, wanted: boolean): Turn[] {
  const none: Turn = { role: 'assistant', content: '' };
  return wanted ? [answer, none] : [none, answer];
}

interface Messages {
  readonly messages: Mapping[];
  readonly roles: Map<unknown, Role>;
  readonly role: string;
  readonly system: unknown;
}

/** The messages of a row, the system turn at their beginning apart, and what its roles are called. */
function messagesOf(table: Table, row: Mapping): Messages {
  const { entry, keys } = table;
  const list = named(table, row, 'messages');
  if (!Array.isArray(list)) throw new Stop(`the messages must be a list, got ${typeOf(list)}`);
  const messages = list.map((each: unknown): Mapping => {
    if (!isMapping(each)) throw new Stop(`a message must be a mapping, got ${typeOf(each)}`);
    return each;
  });
  const role = tagOf(entry, 'role_tag') ?? '';
  const roles = new Map<unknown, Role>([
    [tagOf(entry, 'user_tag'), 'user'],
    [tagOf(entry, 'assistant_tag'), 'assistant'],
    [tagOf(entry, 'observation_tag'), 'observation'],
    [tagOf(entry, 'function_tag'), 'function'],
    [tagOf(entry, 'system_tag'), 'system'],
  ]);
  if (messages.length > 0 && !keys.has(role)) throw new Stop(`no message has '${role}', which is read as the role`);
  const tag = tagOf(entry, 'system_tag');
  const first = tag !== undefined && messages[0]?.[role] === tag ? messages.shift() : undefined;
  const system = first === undefined ? table.get(row, 'system') : first[tagOf(entry, 'content_tag') ?? ''];
  return { messages, roles, role, system };
}

function contentOf({ entry, keys }: Table, message: Mapping): unknown {
  const content = tagOf(entry, 'content_tag') ?? '';
  if (!keys.has(content)) throw new Stop(`no message has '${content}', which is read as the text`);
  return message[content] ?? null;
}

function sharegpt(table: Table, row: Mapping): Sample {
  const { messages, roles, role, system } = messagesOf(table, row);
  const named = (...tags: string[]) => tags.map((tag) => tagOf(table.entry, tag));
  const [asks, answers] = [named('user_tag', 'observation_tag'), named('assistant_tag', 'function_tag')];
  const turns: Turn[] = [];
  let broken: string | undefined;
  for (const [i, message] of messages.entries()) {
    const tag = message[role] ?? undefined;
    const allowed = i % 2 === 0 ? asks : answers;
    if (!allowed.includes(tag as string | undefined)) {
      broken = `turn ${i + 1} has the role ${JSON.stringify(tag) ?? 'null'}, not ${inWords(allowed)}`;
      break;
    }
    turns.push({ role: roles.get(tag) ?? 'user', content: contentOf(table, message) });
  }
  return { ...sampleOf(table, row, turns, broken, roles, role), system };
}

/** The releases that ask for the length of what other messages of the data have and one has not. */
const COUNTS_TOOL_CALLS: ReleaseRange = { since: '0.9.4', before: '0.9.5' };

function openai(table: Table, row: Mapping, release: Release): Sample {
  const { messages, roles, role, system } = messagesOf(table, row);
  const turns: Turn[] = [];
  let results: unknown[] = [];
  for (const message of messages) {
    const tag = message[role] ?? undefined;
    let content = contentOf(table, message);
    let kind = roles.get(tag);
    if (kind === 'assistant' || kind === 'function') {
      const calls = message['tool_calls'];
      if (!Array.isArray(calls) && table.keys.has('tool_calls') && isIn(release, COUNTS_TOOL_CALLS)) {
        throw new Stop(`an answer has no tool_calls and others have, which ${release} stops at: give it an empty list`);
      }
      if (Array.isArray(calls) && calls.length > 0) {
        kind = 'function';
        content = JSON.stringify(calls.map((call: unknown) => (isMapping(call) ? (call['function'] ?? null) : null)));
      }
    }
    if (kind === 'observation') {
      results.push(content);
      continue;
    }
    if (results.length > 0) turns.push({ role: 'observation', content: joined(results) });
    results = [];
    if (kind === undefined) throw new Stop(`the role ${JSON.stringify(tag) ?? 'null'} is none of the tags`);
    turns.push({ role: kind, content });
  }
  const at = turns.findIndex(({ role: kind }, i) =>
    i % 2 === 0 ? !['user', 'observation'].includes(kind) : !['assistant', 'function'].includes(kind),
  );
  const broken = at < 0 ? undefined : `turn ${at + 1} has the role ${JSON.stringify(turns[at]?.role)}, out of order`;
  return { ...sampleOf(table, row, turns, broken, roles, role), system };
}

function joined(results: readonly unknown[]): string {
  const odd = results.find((result) => typeof result !== 'string');
  if (odd !== undefined) throw new Stop(`the result of a tool is ${typeOf(odd)}`);
  return results.join('\n');
}

function sampleOf(
  table: Table,
  row: Mapping,
  turns: readonly Turn[],
  outOfOrder: string | undefined,
  roles: ReadonlyMap<unknown, Role>,
  role: string,
): Sample {
  const ranking = Boolean(table.entry['ranking']);
  const odd = turns.length % 2 !== 0;
  const count = `${turns.length} turns, ${ranking ? 'and a comparison needs an odd number' : 'the last without an answer'}`;
  const broken = outOfOrder ?? (odd !== ranking ? count : undefined);
  const tools = () => table.get(row, 'tools');
  if (broken !== undefined) return { prompt: [], response: [], tools: tools(), broken };
  const [prompt, last] = [turns.slice(0, -1), turns.slice(-1)];
  const wanted = table.get(row, 'kto_tag');
  if (typeof wanted === 'boolean') {
    return { prompt, response: last[0] === undefined ? [] : withOpposite(last[0], wanted), tools: tools() };
  }
  if (ranking) {
    const [chosen, rejected] = [named(table, row, 'chosen'), named(table, row, 'rejected')];
    if (isMapping(chosen) && isMapping(rejected)) {
      const response = [chosen, rejected].map((answer): Turn => {
        const kind = roles.get(answer[role] ?? undefined);
        if (kind === undefined) throw new Stop(`an answer to compare has the role ${JSON.stringify(answer[role])}`);
        return { role: kind, content: answer[tagOf(table.entry, 'content_tag') ?? ''] ?? null };
      });
      return { prompt: turns, response, tools: tools() };
    }
  }
  return { prompt, response: last, tools: tools() };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function inWords(tags: readonly (string | undefined)[]): string {
  return tags.filter((tag) => tag !== undefined).join(' or ');
}

function shown(text: string): string {
  return JSON.stringify(text).slice(0, 40);
}

function typeOf(value: unknown): string {
  return value === null || value === undefined ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
}
