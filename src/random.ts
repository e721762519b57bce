/**
 * Counter-based random numbers (Philox 4x32-10, Salmon et al. 2011): a number depends on its key
 * and its place alone, so that results do not depend on batching, threads or workers, and a
 * resumed run needs no saved generator.
 */

/** What a number is for: words and counters, for instance `['sample', step, row, token]`. */
export type RandomKey = readonly (string | number)[];

/**
 * Random numbers for the tokens of rows, as plain data, so that another machine draws the same ones:
 * of a token `uniform(seed, [...key, row, token, ...behind])`.
 */
export interface Draw {
  readonly seed: number;
  readonly key: RandomKey;
  /** The number that each row has in the key. @default its place */
  readonly rows?: readonly number[] | undefined;
  /** @default nothing */
  readonly behind?: RandomKey | undefined;
}

/** The number, in [0, 1), of a token of a row; the same whatever the batching. */
export function drawnFor(
  { seed, key, rows, behind = [] }: Draw,
  row: number,
  token: number,
): number {
  return uniform(seed, [...key, rows ? rows[row] : row, token, ...behind]);
}

/** The same numbers for some of the rows, which have other places among themselves. */
export function drawOf<T extends Draw>(draw: T, places: readonly number[]): T {
  return { ...draw, rows: places.map((place) => (draw.rows ? draw.rows[place] : place)) };
}

/** A sequence of random numbers of one key. `position` is all of its state. */
export interface RandomStream {
  /** Numbers drawn so far. */
  readonly position: number;
  /** Uniform in [0, 1), 53 random bits. */
  next(): number;
  /** Uniform integer in [0, limit). */
  integer(limit: number): number;
  /** Standard normal (Box–Muller, one of the pair). */
  normal(): number;
  /** Fisher–Yates on a copy. */
  shuffle<T>(items: readonly T[]): T[];
  /** One of the items. */
  pick<T>(items: readonly T[]): T;
}

/** Uniform in [0, 1) for one key: the first number of `randomStream(seed, key)`. */
export function uniform(seed: number, key: RandomKey): number {
  return numberAt(hashKey(seed, key), 0);
}

/** The stream of a key, from `position` on. */
export function randomStream(seed: number, key: RandomKey, position = 0): RandomStream {
  const hash = hashKey(seed, key);
  const next = () => numberAt(hash, position++);
  const integer = (limit: number) => Math.floor(next() * limit);
  return {
    get position() {
      return position;
    },
    next,
    integer,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick: (items) => items[integer(items.length)],
    shuffle(items) {
      const shuffled = [...items];
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
      }
      return shuffled;
    },
  };
}

type Block = [number, number, number, number];

/** 128 bits of a key: two absorbing Philox rounds a part, so that ['a', 1] and ['a1'] differ. */
function hashKey(seed: number, key: RandomKey): Block {
  const mix = (block: Block) => philox(block, 0x243f6a88, 0x85a308d3);
  // mixed before a part comes in, so that seed 0 with part 1 is not seed 1 with part 0
  let state = mix([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, key.length, 0x7ac7f01]);
  const absorb = (word: number, kind: number) => {
    state = mix([state[0] ^ (word >>> 0), state[1] ^ kind, state[2], state[3]]);
  };
  for (const part of key) {
    if (typeof part === 'number') {
      absorb(part, 1);
      absorb(Math.floor(part / 2 ** 32), 2);
    } else {
      for (let i = 0; i < part.length; i++) absorb(part.charCodeAt(i), 3);
      absorb(part.length, 4);
    }
  }
  return state;
}

/** Number `index` of a key's stream: 53 of the 128 bits of one Philox block. */
function numberAt([a, b, c, d]: Block, index: number): number {
  const counter: Block = [index >>> 0, Math.floor(index / 2 ** 32), c, d];
  const [high, low] = philox(counter, a, b);
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
}

/** Philox 4x32-10: 128 random bits for a 128-bit counter and a 64-bit key, as unsigned words. */
export function philox(counter: Block, key0: number, key1: number): Block {
  let [a, b, c, d] = counter;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, a);
    const low0 = Math.imul(0xd2511f53, a) >>> 0;
    const high1 = multiplyHigh(0xcd9e8d57, c);
    const low1 = Math.imul(0xcd9e8d57, c) >>> 0;
    [a, b, c, d] = [(high1 ^ b ^ key0) >>> 0, low1, (high0 ^ d ^ key1) >>> 0, low0];
    key0 = (key0 + 0x9e3779b9) >>> 0;
    key1 = (key1 + 0xbb67ae85) >>> 0;
  }
  return [a, b, c, d];
}

/** Upper 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function multiplyHigh(x: number, y: number): number {
  const [x1, x0] = [x >>> 16, x & 0xffff];
  const [y1, y0] = [y >>> 16, y & 0xffff];
  const middle = x1 * y0 + ((x0 * y0) >>> 16);
  const cross = x0 * y1 + (middle & 0xffff);
  return (x1 * y1 + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) >>> 0;
}
