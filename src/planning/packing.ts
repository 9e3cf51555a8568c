import { argumentOf, isGiven, isOn, numberOf, textOf } from '../llamafactory/effective-arguments';
import type { Run } from '../run/run';
import { lengthsOf, type SampleLengths } from './lengths';
import { numpyPermutation } from './numpy-permutation';
import type { Settings } from './settings';

/** How many sequences the samples of a run are packed into. */
export interface PackedSequences {
  readonly train?: number;
  readonly evaluation?: number;
  /** True if every token is counted, and what is packed together is known; else the numbers are at most. */
  readonly exact: boolean;
}

/** More rows than this aren't shuffled for a plan; it gives bounds then. */
const MOST_SHUFFLED = 200_000;

/** The order in which a run's rows stand once they are split; undefined: it can't be told. Source: datasets, train_test_split. */
export function shuffled(run: Run, rows: number): Uint32Array | undefined {
  const seed = argumentOf(run, 'seed');
  if (typeof seed !== 'number' || !Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) return undefined;
  return rows > MOST_SHUFFLED ? undefined : numpyPermutation(rows, seed);
}

/**
 * Packs the samples as the trainer does: to pre-train their tokens are put one after another and cut into blocks, what
 * is left of them thrown away; else whole samples fill sequences, the longest that fits first. Both are done for the
 * rows that one worker takes at once. Undefined: the lengths aren't known.
 * Source: llamafactory/data/processor/pretrain.py, supervised.py; datasets, Dataset.map.
 */
export function packedSequences(
  run: Run,
  settings: Settings,
  samples: { readonly train?: number; readonly evaluation?: number },
): PackedSequences | undefined {
  const lengths = lengthsOf(run);
  if (lengths === undefined || settings.streaming) return undefined;
  const pretrains = textOf(run, 'stage') === 'pt';
  // an argument that is given, not the default, makes room for one token that the sequence is filled up with
  const capacity = isOn(run, 'packing') || isOn(run, 'neat_packing') ? settings.cutoffLen - 1 : settings.cutoffLen;
  const pack = (tokens: readonly number[]) => packedBy(run, tokens, pretrains ? blocks(capacity) : knapsacks(capacity));
  const parts = splitRows(run, lengths.training, samples.evaluation ?? 0, lengths.evaluation);
  // the words of the template are a bound; to pre-train there are none
  const exact = lengths.counted && pretrains && parts.exact && !isMixed(run);
  const [train, evaluation] = [pack(parts.train), parts.evaluation === undefined ? 0 : pack(parts.evaluation)];
  if (pretrains) return { train, evaluation, exact };
  return {
    train: Math.min(train, samples.train ?? train),
    evaluation: Math.min(evaluation, samples.evaluation ?? evaluation),
    exact,
  };
}

function isMixed(run: Run): boolean {
  const drawn = run.datasets.some(({ entry }) => (entry?.['num_samples'] ?? undefined) !== undefined);
  return drawn || (run.datasets.length > 1 && textOf(run, 'mix_strategy') !== 'concat');
}

interface Parts {
  readonly train: readonly number[];
  readonly evaluation?: readonly number[];
  readonly exact: boolean;
}

/** The rows of both parts in the order in which they are packed. */
function splitRows(run: Run, { most }: SampleLengths, held: number, separate: SampleLengths | undefined): Parts {
  if (separate !== undefined) return { train: most, evaluation: separate.most, exact: true };
  if (numberOf(run, 'val_size') <= 1e-6 || held === 0) return { train: most, exact: true };
  const order = shuffled(run, most.length);
  const rows = order === undefined ? most : Array.from(order, (row) => most[row] ?? 0);
  return { train: rows.slice(held), evaluation: rows.slice(0, held), exact: order !== undefined };
}

/** Packs what each worker takes at once: the rows are shared out in runs of their order. Source: datasets, Dataset.shard. */
function packedBy(run: Run, tokens: readonly number[], pack: (tokens: readonly number[]) => number): number {
  const atOnce = Math.max(1, numberOf(run, 'preprocessing_batch_size'));
  const asked = isGiven(run, 'preprocessing_num_workers') ? numberOf(run, 'preprocessing_num_workers') : 1;
  const workers = Math.max(1, Math.min(asked, tokens.length));
  const [each, more] = [Math.floor(tokens.length / workers), tokens.length % workers];
  let sequences = 0;
  for (let worker = 0; worker < workers; worker += 1) {
    const from = each * worker + Math.min(worker, more);
    const to = from + each + (worker < more ? 1 : 0);
    for (let at = from; at < to; at += atOnce) sequences += pack(tokens.slice(at, Math.min(to, at + atOnce)));
  }
  return sequences;
}

function blocks(size: number): (tokens: readonly number[]) => number {
  return (tokens) => Math.floor(tokens.reduce((sum, each) => sum + each, 0) / size);
}

function knapsacks(capacity: number): (tokens: readonly number[]) => number {
  return (tokens) => {
    const left = tokens
      .filter((each) => each > 0)
      .map((each) => Math.min(each, capacity))
      .sort((a, b) => a - b);
    let filled = 0;
    while (left.length > 0) {
      let room = capacity;
      for (let at = lastWithin(left, room); at >= 0; at = lastWithin(left, room)) {
        room -= left.splice(at, 1)[0] ?? 0;
      }
      filled += 1;
    }
    return filled;
  };
}

/** The last of sorted numbers that is at most `most`; -1: there is none. */
function lastWithin(sorted: readonly number[], most: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((sorted[middle] ?? 0) <= most) from = middle + 1;
    else to = middle;
  }
  return from - 1;
}
