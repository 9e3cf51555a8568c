import { resolve } from 'node:path';
import type { Files } from '../llamafactory/files';
import { joinPath } from '../llamafactory/files';
import { readText } from '../llamafactory/read-text';
import { isMapping } from '../run/run';

type Library = typeof import('@huggingface/tokenizers', { with: { 'resolution-mode': 'import' }});

/** A tokenizer.json of a vocabulary of 256,000 with its merges has 34 MB. */
const LARGEST_TOKENIZER = 128 * 2 ** 20;

/**
 * Counts the tokens of a text as the model's own tokenizer does, if the folder that `model_name_or_path` names has its
 * tokenizer.json. Undefined: it has none, or one that can't be read.
 *
 * @param folder what the path starts from
 */
export function tokenCounterOf(model: unknown, folder: string, files: Files): ((text: string) => number) | undefined {
  if (typeof model !== 'string' || model === '' || files.kind(model) !== 'folder') return undefined;
  const read = (name: string) => jsonIn(resolve(folder, joinPath(model, name)));
  const tokenizer = read('tokenizer.json');
  if (tokenizer === undefined) return undefined;
  try {
    // a tenth of a second to load, and only where there is something to count
    const { Tokenizer } = require('@huggingface/tokenizers') as Library;
    const own = new Tokenizer(tokenizer, read('tokenizer_config.json') ?? {});
    return (text) => own.encode(text, { add_special_tokens: false }).ids.length;
  } catch {
    return undefined;
  }
}

function jsonIn(path: string): object | undefined {
  const text = readText(path, LARGEST_TOKENIZER);
  if (!('text' in text)) return undefined;
  try {
    const value: unknown = JSON.parse(text.text);
    return isMapping(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
