const MASK_32 = 0xffff_ffffn;
const MASK_64 = (1n << 64n) - 1n;
const MASK_128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645n;

/**
 * What `numpy.random.default_rng(seed).permutation(count)` gives: the numbers below `count`, shuffled.
 * Source: numpy/random/bit_generator.pyx (SeedSequence), src/pcg64/pcg64.h, _generator.pyx (shuffle), src/distributions/distributions.c.
 *
 * @param seed a whole number, 0 or more, of at most 32 bits
 */
export function numpyPermutation(count: number, seed: number): Uint32Array {
  const next = numbersOf(seed);
  const result = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = upTo(i, next);
    [result[i], result[j]] = [result[j] ?? 0, result[i] ?? 0];
  }
  return result;
}

/** A number from 0 to the largest, each as likely as the others: what is too large is thrown away. */
function upTo(largest: number, next: () => number): number {
  const bits = 0xffff_ffff >>> Math.clz32(largest);
  let number = next() & bits;
  while (number > largest) number = next() & bits;
  return number;
}

/** PCG64's numbers of 32 bits: each of its 64 gives two, the lower half first. */
function numbersOf(seed: number): () => number {
  const [stateHigh, stateLow, streamHigh, streamLow] = seedWords(seed);
  const increment = ((((streamHigh << 64n) | streamLow) << 1n) | 1n) & MASK_128;
  const step = (from: bigint) => (from * MULTIPLIER + increment) & MASK_128;
  let state = step(step(0n) + ((stateHigh << 64n) | stateLow));
  let rest: number | undefined;
  return () => {
    if (rest !== undefined) {
      const half = rest;
      rest = undefined;
      return half;
    }
    state = step(state);
    const folded = (state >> 64n) ^ (state & MASK_64);
    const turn = state >> 122n;
    const whole = ((folded >> turn) | (folded << (64n - turn))) & MASK_64;
    rest = Number(whole >> 32n);
    return Number(whole & MASK_32);
  };
}

/** numpy's SeedSequence: the seed spread over four words of 64 bits. */
function seedWords(seed: number): [bigint, bigint, bigint, bigint] {
  const hash = hasher(0x43b0_d7e5, 0x931e_8875);
  const pool = Uint32Array.from([seed, 0, 0, 0], hash);
  for (let source = 0; source < 4; source++) {
    for (let target = 0; target < 4; target++) {
      if (source !== target) pool[target] = mix(pool[target] ?? 0, hash(pool[source] ?? 0));
    }
  }
  const spread = hasher(0x8b51_f9dd, 0x58f3_8ded);
  const halves = Array.from({ length: 8 }, (_, i) => BigInt(spread(pool[i % 4] ?? 0)));
  const word = (i: number) => (halves[2 * i] ?? 0n) | ((halves[2 * i + 1] ?? 0n) << 32n);
  return [word(0), word(1), word(2), word(3)];
}

function hasher(start: number, multiplier: number): (value: number) => number {
  let constant = start;
  return (value) => {
    const mixed = value ^ constant;
    constant = Math.imul(constant, multiplier);
    return fold(Math.imul(mixed, constant));
  };
}

function mix(x: number, y: number): number {
  return fold(Math.imul(0xca01_f9dd, x) - Math.imul(0x4973_f715, y));
}

function fold(value: number): number {
  const word = value >>> 0;
  return (word ^ (word >>> 16)) >>> 0;
}
