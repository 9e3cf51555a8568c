import type { SampleTexts } from '../llamafactory/row-fates';
import type { Run, RunDataset } from '../run/run';
import { type RowsRead, rowsRead } from './rows-read';

/** How long the samples of a run are, in tokens, before any is cut: what memory, time and packing go by. */
export interface SequenceLengths {
  readonly training: SampleLengths;
  /** Of the data that is for evaluation only; undefined: there is none, part of the training data is held back. */
  readonly evaluation?: SampleLengths;
  /** True if the model's own tokenizer counted; the template's words stay a bound. */
  readonly counted: boolean;
}

/** Tokens of the rows that are read, in their order; 0 for a row that isn't trained on. */
export interface SampleLengths {
  /** At most, whatever the tokenizer. */
  readonly most: readonly number[];
  /** As they likely are. */
  readonly likely: readonly number[];
  /** The longest of `most`. */
  readonly longest: number;
}

/** What the template puts around a text, and once around all of them: a system prompt of its own, separators. */
const TEMPLATE = { most: { text: 16, sample: 48, tools: 512 }, likely: { text: 5, sample: 8, tools: 150 } } as const;

/** Columns whose values become tokens that no text shows. */
const MEDIA = ['images', 'videos', 'audios'] as const;

/** How many bytes of a data set are looked at to tell how many make a token. */
const SAMPLED_BYTES = 200_000;

/** More text than this isn't counted with a tokenizer for a plan. */
const MOST_COUNTED = 16e6;

/** Counts the tokens of a text. */
type Count = (text: string) => number;

/** Data sets are shared by runs and don't change: lengths are reckoned once for each way to read and to count them. */
const known = new WeakMap<ReadonlyArray<SampleTexts | undefined>, Map<Count | undefined, SampleLengths>>();
const ofRuns = new WeakMap<Run, SequenceLengths | undefined>();

/** The lengths of a run's samples; undefined: a data set isn't at hand, or it has images, videos or audio. */
export function lengthsOf(run: Run): SequenceLengths | undefined {
  if (!ofRuns.has(run)) ofRuns.set(run, readLengths(run));
  return ofRuns.get(run);
}

function readLengths(run: Run): SequenceLengths | undefined {
  const count = run.tokensIn === undefined || (textBytes(run) ?? 0) > MOST_COUNTED ? undefined : run.tokensIn;
  const parts = (evaluation: boolean) =>
    run.datasets
      .filter((each) => (each.evaluation === true) === evaluation)
      .map((each) => datasetLengths(run, each, count));
  const [training, evaluation] = [joined(parts(false)), joined(parts(true))];
  if (training === undefined || (evaluation === undefined && run.datasets.some((each) => each.evaluation === true))) {
    return undefined;
  }
  return { training, ...(evaluation === undefined ? {} : { evaluation }), counted: count !== undefined };
}

function joined(parts: ReadonlyArray<SampleLengths | undefined>): SampleLengths | undefined {
  const [first, ...others] = parts;
  if (first === undefined || others.length === 0) return first;
  const all = parts.filter((each) => each !== undefined);
  if (all.length < parts.length) return undefined;
  return {
    most: all.flatMap(({ most }) => most),
    likely: all.flatMap(({ likely }) => likely),
    longest: Math.max(...all.map(({ longest }) => longest)),
  };
}

function hasMedia({ entry }: RunDataset): boolean {
  const columns = entry?.['columns'];
  return typeof columns === 'object' && columns !== null && MEDIA.some((name) => name in columns);
}

const asTheyStand = new WeakMap<readonly unknown[], Pick<RowsRead, 'texts'>>();

/** The texts as the run reads them; all texts of a row where no entry says which are read. */
function readTexts(run: Run, dataset: RunDataset): Pick<RowsRead, 'texts'> | undefined {
  const { entry, rows } = dataset;
  if (rows === undefined) return undefined;
  const read = entry === undefined ? asTheyStand.get(rows) : rowsRead(run, dataset);
  if (read !== undefined) return read;
  const all = { texts: rows.map((row) => ({ shared: textsIn(row), answers: [], tools: false })) };
  asTheyStand.set(rows, all);
  return all;
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function sampleLengths(
  samples: ReadonlyArray<SampleTexts | undefined>,
  count: Count | undefined,
  pretrains: boolean,
): SampleLengths {
  const most = count ?? Buffer.byteLength;
  const ratio = count === undefined ? tokensPerByte(samples) : 1;
  const [atMost, likely]: [number[], number[]] = [[], []];
  for (const sample of samples) {
    const texts = sample === undefined ? 0 : sample.shared.length + sample.answers.length;
    if (sample === undefined || texts === 0) {
      atMost.push(0);
      likely.push(0);
      continue;
    }
    const tokens = sequenceTokens(sample, most);
    const [around, guess] = pretrains
      ? [1, 1]
      : [templateWords(sample, TEMPLATE.most), templateWords(sample, TEMPLATE.likely)];
    atMost.push(tokens + around);
    likely.push(Math.ceil(tokens * ratio) + guess);
  }
  return { most: atMost, likely, longest: atMost.reduce((longest, each) => Math.max(longest, each), 0) };
}

/** What the template puts around the longest sequence of a sample. */
function templateWords({ shared, answers, tools }: SampleTexts, words: (typeof TEMPLATE)['most' | 'likely']): number {
  return words.sample + words.text * (shared.length + Math.min(1, answers.length)) + (tools ? words.tools : 0);
}

/** Tokens of the longest sequence of a sample: one for each of its answers. */
function sequenceTokens({ shared, answers }: SampleTexts, count: Count): number {
  const longest = answers.reduce((longest, text) => Math.max(longest, count(text)), 0);
  return shared.reduce((sum, text) => sum + count(text), longest);
}

/**
 * How many tokens a byte makes, as the tokenizers of today's models cut text: a word of six letters or less is one
 * token, a digit one, a blank before it too, a Chinese character two thirds, two letters of other scripts one, two signs one. Read from the
 * beginning of the data.
 */
function tokensPerByte(samples: ReadonlyArray<SampleTexts | undefined>): number {
  let [bytes, tokens] = [0, 0];
  for (const sample of samples) {
    for (const text of sample === undefined ? [] : [...sample.shared, ...sample.answers]) {
      const part = text.slice(0, SAMPLED_BYTES);
      bytes += Buffer.byteLength(part);
      tokens += estimate(part);
    }
    if (bytes >= SAMPLED_BYTES) break;
  }
  return bytes === 0 ? 1 : Math.min(1, tokens / bytes);
}

function estimate(text: string): number {
  let tokens = 0;
  for (const [part] of text.matchAll(
    /[A-Za-z]+|\d+| (?=\d)|[\u3000-\u9fff\uac00-\ud7ff\uff00-\uffef]+|[\u0080-\uffff]+|[!-/:-@[-`{-~]+|\n+/g,
  )) {
    const first = part.charCodeAt(0);
    if (first === 0x20) tokens += 1;
    else if (first >= 0x3000) tokens += (2 * part.length) / 3;
    else if (first > 0x7f) tokens += part.length / 2;
    else if (/[A-Za-z]/.test(part)) tokens += Math.max(1, part.length / 6);
    else tokens += /\d/.test(part) ? part.length : Math.max(1, part.length / 2);
  }
  return tokens;
}

/** The lengths of one data set's samples; undefined if its rows or what they hold aren't known. */
export function datasetLengths(
  run: Run,
  dataset: RunDataset,
  count: Count | undefined = run.tokensIn,
): SampleLengths | undefined {
  const read = readTexts(run, dataset);
  if (read === undefined || hasMedia(dataset)) return undefined;
  let lengths = known.get(read.texts);
  if (lengths === undefined) {
    lengths = new Map();
    known.set(read.texts, lengths);
  }
  const found = lengths.get(count) ?? sampleLengths(read.texts, count, run.args['stage'] === 'pt');
  lengths.set(count, found);
  return found;
}

/** Tokens of the longest sample at most; undefined: the data isn't at hand. */
export function longestSampleAtMost(run: Run): number | undefined {
  const lengths = lengthsOf(run);
  const longest = Math.max(lengths?.training.longest ?? 0, lengths?.evaluation?.longest ?? 0);
  return longest > 0 ? longest : undefined;
}

/** Collators pad to a multiple of eight, to train; to evaluate too. */
const MULTIPLE = 8;

/** A sequence as long as the collator makes it. */
export function padded(tokens: number, cutoffLen: number): number {
  return Math.min(Math.ceil(tokens / MULTIPLE) * MULTIPLE, Math.ceil(cutoffLen / MULTIPLE) * MULTIPLE);
}

/** What samples make of batches. */
export interface Batches {
  /** Tokens of a sample, cut: the mean. */
  readonly sampleTokens: number;
  /** Tokens that each sequence of a batch is padded to: the mean over batches. */
  readonly paddedTokens: number;
}

/** How many samples have each length, the shortest first. */
type Histogram = ReadonlyArray<readonly [tokens: number, samples: number]>;

const histograms = new WeakMap<readonly number[], Histogram>();

function histogramOf(samples: readonly number[]): Histogram {
  let histogram = histograms.get(samples);
  if (histogram === undefined) {
    const counts = new Map<number, number>();
    for (const each of samples) if (each > 0) counts.set(each, (counts.get(each) ?? 0) + 1);
    histogram = [...counts].sort(([a], [b]) => a - b);
    histograms.set(samples, histogram);
  }
  return histogram;
}

/** Tokens of the shortest sample; undefined: there is none. */
export function shortest(samples: readonly number[]): number | undefined {
  return histogramOf(samples)[0]?.[0];
}

/**
 * The batches of samples that are drawn at random, or of samples about as long as each other; each is padded to its
 * longest sequence. Undefined: there are no samples.
 */
export function batchesOf(
  samples: readonly number[],
  batch: number,
  cutoffLen: number,
  grouped: boolean,
): Batches | undefined {
  const histogram = histogramOf(samples);
  const all = histogram.reduce((sum, [, count]) => sum + count, 0);
  if (all === 0) return undefined;
  const drawn = grouped ? 1 : Math.min(batch, all);
  let [tokens, paddedTokens, below] = [0, 0, 0];
  for (const [length, count] of histogram) {
    tokens += count * Math.min(length, cutoffLen);
    // how likely one of these is the longest of those drawn
    const share = ((below + count) / all) ** drawn - (below / all) ** drawn;
    paddedTokens += share * padded(length, cutoffLen);
    below += count;
  }
  return { sampleTokens: tokens / all, paddedTokens };
}

const bytesOf = new WeakMap<readonly unknown[], number>();

function bytesIn(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, part) => sum + bytesIn(part), 0);
}

/** The texts of all data sets in UTF-8, in bytes; undefined if one isn't at hand. */
export function textBytes(run: Run): number | undefined {
  if (run.datasets.length === 0) return undefined;
  let bytes = 0;
  for (const { rows } of run.datasets) {
    if (rows === undefined) return undefined;
    const known = bytesOf.get(rows) ?? bytesIn(rows);
    bytesOf.set(rows, known);
    bytes += known;
  }
  return bytes;
}
