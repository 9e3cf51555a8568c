import type { Run } from '../run/run';

/** Tokens the template puts around each text at most: role markers, separators, an empty think block. */
const TEMPLATE = 16;

function bytesAndTexts(value: unknown): { bytes: number; texts: number } {
  if (typeof value === 'string') return { bytes: Buffer.byteLength(value), texts: 1 };
  if (typeof value !== 'object' || value === null) return { bytes: 0, texts: 0 };
  let [bytes, texts] = [0, 0];
  for (const part of Object.values(value)) {
    const inner = bytesAndTexts(part);
    bytes += inner.bytes;
    texts += inner.texts;
  }
  return { bytes, texts };
}

/** The texts of a data set. */
interface Texts {
  /** All of them in UTF-8, in bytes. */
  readonly bytes: number;
  /** Tokens of each row at most. */
  readonly tokens: readonly number[];
  /** Tokens of the longest row at most. */
  readonly longest: number;
}

/** Rows are read once, however often a run is looked at. */
const known = new WeakMap<readonly unknown[], Texts>();

function textsOf(rows: readonly unknown[]): Texts {
  let texts = known.get(rows);
  if (texts === undefined) {
    let [all, longest] = [0, 0];
    const tokens = rows.map((row) => {
      const { bytes, texts } = bytesAndTexts(row);
      const most = bytes + TEMPLATE * (texts + 1);
      all += bytes;
      longest = Math.max(longest, most);
      return most;
    });
    texts = { bytes: all, tokens, longest };
    known.set(rows, texts);
  }
  return texts;
}

/** Tokens of each row at most, as {@link longestSampleAtMost} reckons them. */
export function rowTokensAtMost(rows: readonly unknown[]): readonly number[] {
  return textsOf(rows).tokens;
}

/**
 * Tokens of the longest sample at most, whatever the tokenizer: byte-level BPE never makes more tokens of a text than
 * it has bytes in UTF-8. Undefined if a data set isn't at hand.
 */
export function longestSampleAtMost(run: Run): number | undefined {
  if (run.datasets.length === 0) return undefined;
  let longest = 0;
  for (const { rows } of run.datasets) {
    if (rows === undefined) return undefined;
    longest = Math.max(longest, textsOf(rows).longest);
  }
  return longest > TEMPLATE ? longest : undefined;
}

/** The texts of all data sets in UTF-8, in bytes; undefined if one isn't at hand. */
export function textBytes(run: Run): number | undefined {
  if (run.datasets.length === 0) return undefined;
  let bytes = 0;
  for (const { rows } of run.datasets) {
    if (rows === undefined) return undefined;
    bytes += textsOf(rows).bytes;
  }
  return bytes;
}
