/** The n-grams that went with training, and those that came. Pure. */

import type { Gram } from '../../explanation.ts';
import { ngramsOf } from '../ngrams.ts';
import { randomWords } from '../random-words.ts';
import { sum } from '../sums.ts';
import type { Case, Said } from './cases.ts';
import { informativePrior, logOdds } from './log-odds.ts';

const longest = 3;
/** Prompts that have to have gained or lost an n-gram before it is looked at. */
const fewestPrompts = 5;
/**
 * Of the prompts that lost one, those that lost another with it, from where on one of the two is shown:
 * where they share a word, and where they do not.
 */
const [alike, theSame] = [0.5, 0.9];
/** A normal interval of 95 %. */
const reach = 1.959963984540054;

export interface GramOptions {
  readonly alpha: number;
  /** Exchanges of before and after. @default 2000 */
  readonly exchanges?: number;
  readonly seed: number;
}

interface Counted {
  readonly gram: string;
  readonly n: number;
  before: number;
  after: number;
  /** Of the prompts where it changed, how much more of their samples have it after. */
  readonly changes: Map<number, number>;
}

/**
 * Those that more prompts have on one side than on the other. Prompts are counted, not tokens; that the
 * largest of so many is large by itself is held against them by exchanging before and after, prompt by
 * prompt, and looking how large the largest is then (Westfall and Young's maxT).
 */
export function changedGrams(
  cases: readonly Case[],
  { alpha, exchanges = 2000, seed }: GramOptions,
): { readonly gone: readonly Gram[]; readonly come: readonly Gram[] } {
  const all = [...countGrams(cases).values()];
  const sizes = Array.from({ length: longest }, (_, i) => all.filter(({ n }) => n === i + 1));
  const blocks = sizes.map((some) => new Block(some, cases.length));
  const observed = blocks.flatMap((block) => block.grams());
  const reached = new Uint32Array(observed.length);
  const word = randomWords(seed, 'n-grams');
  for (let r = 0; r < exchanges; r++) {
    const exchanged = Uint8Array.from(cases, () => word() >>> 31);
    const largest = Math.max(0, ...blocks.map((block) => block.largest(exchanged)));
    observed.forEach(({ z }, g) => {
      if (largest >= Math.abs(z) - 1e-12) reached[g]++;
    });
  }
  const found = observed
    .map((one, g) => ({ ...one, adjusted: (reached[g] + 1) / (exchanges + 1) }))
    .filter(({ adjusted }) => adjusted <= alpha)
    .sort((a, b) => Math.abs(b.z) - Math.abs(a.z) || b.counted.n - a.counted.n);
  const side = (sign: number) =>
    distinct(found.filter(({ z }) => Math.sign(z) === sign)).map(shown);
  return { gone: side(-1), come: side(1) };
}

function countGrams(cases: readonly Case[]): Map<string, Counted> {
  const all = new Map<string, Counted>();
  cases.forEach((one, i) => {
    const [before, after] = [one.before, one.after].map(shares);
    for (const gram of new Set([...before.keys(), ...after.keys()])) {
      const [had, has] = [before.get(gram) ?? 0, after.get(gram) ?? 0];
      const n = gram.split(' ').length;
      const counted = all.get(gram) ?? { gram, n, before: 0, after: 0, changes: new Map() };
      counted.before += had;
      counted.after += has;
      if (had !== has) counted.changes.set(i, has - had);
      all.set(gram, counted);
    }
  });
  return all;
}

/** Of each n-gram the share of the samples that have it. */
function shares(some: readonly Said[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { words } of some) {
    const own = Array.from({ length: longest }, (_, i) => ngramsOf(words, i + 1)).flat();
    for (const gram of new Set(own)) found.set(gram, (found.get(gram) ?? 0) + 1 / some.length);
  }
  return found;
}

interface Observed {
  readonly counted: Counted;
  readonly delta: number;
  readonly error: number;
  readonly z: number;
}

/** The n-grams of one length: they share the counts of all. */
class Block {
  private readonly prior: readonly number[];
  private readonly looked: readonly number[];
  /** How much more n-grams each prompt has after. */
  private readonly more: Float64Array;
  /** Of each that is looked at, its `changes` as numbers beside each other. */
  private readonly changed: readonly { prompts: Uint32Array; more: Float64Array }[];
  private readonly all: readonly [before: number, after: number];
  private readonly counts: readonly Counted[];

  constructor(counts: readonly Counted[], prompts: number) {
    this.counts = counts;
    const [before, after] = [counts.map((c) => c.before), counts.map((c) => c.after)];
    this.prior = informativePrior(before, after);
    this.all = [sum(before), sum(after)];
    this.more = new Float64Array(prompts);
    for (const { changes } of counts) for (const [i, change] of changes) this.more[i] += change;
    this.looked = counts.flatMap(({ changes }, w) => (changes.size >= fewestPrompts ? [w] : []));
    this.changed = this.looked.map((w) => {
      const { changes } = counts[w];
      return {
        prompts: Uint32Array.from(changes.keys()),
        more: Float64Array.from(changes.values()),
      };
    });
  }

  grams(): Observed[] {
    const [before, after] = [this.counts.map((c) => c.before), this.counts.map((c) => c.after)];
    const odds = logOdds(before, after, this.prior);
    return this.looked.map((w) => {
      const { delta, error } = odds[w];
      return { counted: this.counts[w], delta, error, z: delta / error };
    });
  }

  /** The largest |z| when some prompts have before and after exchanged: `logOdds` of those looked at. */
  largest(exchanged: Uint8Array): number {
    let moved = 0;
    for (let i = 0; i < exchanged.length; i++) if (exchanged[i]) moved += this.more[i];
    const pseudo = this.counts.length;
    const [n, m] = [this.all[0] + moved + pseudo, this.all[1] - moved + pseudo];
    let largest = 0;
    for (const [k, w] of this.looked.entries()) {
      const { before, after } = this.counts[w];
      const { prompts, more } = this.changed[k];
      let change = 0;
      for (let c = 0; c < prompts.length; c++) change += exchanged[prompts[c]] * more[c];
      const [y, x] = [before + change + this.prior[w], after - change + this.prior[w]];
      const delta = Math.log((x * (n - y)) / (y * (m - x)));
      largest = Math.max(largest, Math.abs(delta) / Math.sqrt(1 / y + 1 / x));
    }
    return largest;
  }
}

/**
 * Without those that say what one before them says: of most of the same prompts. A longer one of nearly
 * all the same prompts takes the place of what it holds: `calm down` that of `down`.
 */
function distinct<T extends Observed>(sorted: readonly T[]): T[] {
  const kept: T[] = [];
  for (const one of sorted) {
    const place = kept.findIndex(({ counted }) => saysTheSame(counted, one.counted));
    if (place < 0) kept.push(one);
    else if (holds(one.counted, kept[place].counted)) kept[place] = one;
  }
  return kept;
}

function holds(longer: Counted, shorter: Counted): boolean {
  const size = Math.max(longer.changes.size, shorter.changes.size);
  const isPart = ` ${longer.gram} `.includes(` ${shorter.gram} `);
  return isPart && common(longer, shorter) >= theSame * size;
}

function common(one: Counted, other: Counted): number {
  return [...one.changes.keys()].filter((i) => other.changes.has(i)).length;
}

function saysTheSame(one: Counted, other: Counted): boolean {
  const words = new Set(one.gram.split(' '));
  const share = other.gram.split(' ').some((word) => words.has(word)) ? alike : theSame;
  return common(one, other) >= share * Math.min(one.changes.size, other.changes.size);
}

function shown({ counted, delta, error, adjusted }: Observed & { adjusted: number }): Gram {
  const { gram, before, after } = counted;
  const [low, high] = [delta - reach * error, delta + reach * error];
  return { gram, before, after, logOdds: delta, low, high, adjusted };
}
