import { isMapping, type Mapping } from '../run/run';

/** Column names as dataset_info.json spells them, for a prop's name. */
const COLUMNS = {
  prompt: 'prompt',
  query: 'query',
  response: 'response',
  history: 'history',
  messages: 'messages',
  system: 'system',
  tools: 'tools',
  images: 'images',
  videos: 'videos',
  audios: 'audios',
  chosen: 'chosen',
  rejected: 'rejected',
  ktoTag: 'kto_tag',
} as const;

const TAGS = {
  roleTag: 'role_tag',
  contentTag: 'content_tag',
  userTag: 'user_tag',
  assistantTag: 'assistant_tag',
  observationTag: 'observation_tag',
  functionTag: 'function_tag',
  systemTag: 'system_tag',
} as const;

export type ColumnNames = { readonly [column in keyof typeof COLUMNS]?: string };
export type TagNames = { readonly [tag in keyof typeof TAGS]?: string };

/** What LLaMA-Factory reads when an entry has no `columns`. Source: llamafactory/data/parser.py, DatasetAttr. */
const DEFAULT_COLUMNS: Mapping = {
  prompt: 'instruction',
  query: 'input',
  response: 'output',
  messages: 'conversations',
};

/** What it reads when an entry has no `tags`. */
const DEFAULT_TAGS: Mapping = {
  role_tag: 'from',
  content_tag: 'value',
  user_tag: 'human',
  assistant_tag: 'gpt',
  observation_tag: 'observation',
  function_tag: 'function_call',
  system_tag: 'system',
};

/** The tags of OpenAI's message format, which chat data mostly has. */
const OPENAI_TAGS: Mapping = {
  role_tag: 'role',
  content_tag: 'content',
  user_tag: 'user',
  assistant_tag: 'assistant',
  observation_tag: 'tool',
  function_tag: 'function_call',
  system_tag: 'system',
};

/** What is said of a data set, in plain data. */
export interface DatasetDescription {
  readonly formatting: 'alpaca' | 'sharegpt' | 'openai';
  readonly columns?: ColumnNames;
  readonly tags?: TagNames;
  readonly ranking?: boolean;
  readonly numSamples?: number;
}

/**
 * The entry of dataset_info.json. Where columns and tags aren't given, the first row decides: messages with `role` are
 * OpenAI's. An entry that names some tags names all: LLaMA-Factory takes the others for absent otherwise.
 */
export function datasetEntry(fileName: string, description: DatasetDescription, firstRow?: unknown): Mapping {
  const openai = description.formatting !== 'alpaca' && hasRoles(firstRow, description.columns);
  const columns =
    description.columns === undefined
      ? openai
        ? { messages: 'messages' }
        : undefined
      : renamed(description.columns, COLUMNS);
  const base = openai || description.tags?.roleTag === 'role' ? OPENAI_TAGS : DEFAULT_TAGS;
  const tags =
    description.tags === undefined
      ? openai
        ? OPENAI_TAGS
        : undefined
      : { ...base, ...renamed(description.tags, TAGS) };
  return {
    file_name: fileName,
    formatting: description.formatting,
    ...(description.ranking === undefined ? {} : { ranking: description.ranking }),
    ...(description.numSamples === undefined ? {} : { num_samples: description.numSamples }),
    ...(columns === undefined ? {} : { columns }),
    ...(tags === undefined ? {} : { tags }),
  };
}

/** The column LLaMA-Factory reads for a role of an entry, or undefined if none. */
export function columnOf(entry: Mapping, column: string): string | undefined {
  return text((isMapping(entry['columns']) ? entry['columns'] : DEFAULT_COLUMNS)[column]);
}

/** The tag LLaMA-Factory reads for a role of an entry, or undefined if none. */
export function tagOf(entry: Mapping, tag: string): string | undefined {
  return text((isMapping(entry['tags']) ? entry['tags'] : DEFAULT_TAGS)[tag]);
}

/** Whether a row's messages have the key `role`, as OpenAI's do. */
function hasRoles(row: unknown, columns: ColumnNames = { messages: 'messages' }): boolean {
  const messages = isMapping(row) && columns.messages !== undefined ? row[columns.messages] : undefined;
  return Array.isArray(messages) && isMapping(messages[0]) && 'role' in messages[0];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function renamed(
  given: Readonly<Record<string, string | undefined>>,
  names: Readonly<Record<string, string>>,
): Mapping {
  return Object.fromEntries(
    Object.entries(given).flatMap(([prop, value]) => (value === undefined ? [] : [[names[prop] ?? prop, value]])),
  );
}
