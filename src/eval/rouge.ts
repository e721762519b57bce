/** ROUGE as Python's rouge_score 0.1.2 computes it: same tokens, same stems, same numbers. */

import type { RougeKind } from '../comparison.ts';
import { InputError } from '../errors.ts';
import { ngramsOf } from './ngrams.ts';
import { porterStem } from './porter.ts';

export const rougeTypes = ['rouge1', 'rouge2', 'rougeL', 'rougeLsum'] as const;
export type RougeType = (typeof rougeTypes)[number];

/** Each 0 to 1; `f` is the harmonic mean of the other two. */
export interface RougeScore {
  readonly precision: number;
  readonly recall: number;
  readonly f: number;
}
export type RougeScores = Readonly<Record<RougeType, RougeScore>>;

/** Which ROUGE the jobs measure where nothing else is set: the package's scorer as it is by default. */
export const measuredRouge: RougeKind = rougeKind();

export interface RougeOptions {
  /** Compare Porter stems instead of words. @default false */
  readonly stemmer?: boolean | undefined;
}

/** Which ROUGE is measured, in words. */
export function rougeKind({ stemmer = false }: RougeOptions = {}): RougeKind {
  return {
    package: 'rouge_score',
    version: '0.1.2',
    value: 'F',
    stemmer,
    /** Only `rougeLsum` does; a newline is a blank to the others. */
    splitsSentences: false,
  };
}

/**
 * All four ROUGE scores of a prediction.
 * @param references one text, or several: then each type takes the reference with its best F
 * @throws {InputError} when there is no reference
 * @see Lin 2004, https://aclanthology.org/W04-1013
 */
export function rouge(
  references: string | readonly string[],
  prediction: string,
  options: RougeOptions = {},
): RougeScores {
  const texts = typeof references === 'string' ? [references] : references;
  if (texts.length === 0) {
    throw new InputError('rouge', 'one reference or more', 'none');
  }
  const scores = texts.map((reference) => scoreAgainst(reference, prediction, options));
  const best = (type: RougeType) =>
    scores.map((score) => score[type]).reduce((a, b) => (b.f > a.f ? b : a));
  return {
    rouge1: best('rouge1'),
    rouge2: best('rouge2'),
    rougeL: best('rougeL'),
    rougeLsum: best('rougeLsum'),
  };
}

/** The same against those references that ROUGE can read; undefined, and never 0, where it can read none. */
export function readableRouge(
  references: readonly string[],
  prediction: string,
  options: RougeOptions = {},
): RougeScores | undefined {
  const read = references.filter(canRead);
  return read.length > 0 ? rouge(read, prediction, options) : undefined;
}

/**
 * Whether ROUGE can read a text: at least half of its letters and digits are a-z and 0-9. Of another
 * script rouge_score's words leave nothing, or no more than a name and a number.
 */
export function canRead(text: string): boolean {
  return readShare(text) >= 0.5;
}

/** Share of a text's letters and digits that ROUGE reads, 0 to 1; 0 when it has none. */
export function readShare(text: string): number {
  const lower = text.toLowerCase();
  const all = lower.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
  const read = lower.match(/[a-z0-9]/g)?.length ?? 0;
  return all === 0 ? 0 : read / all;
}

/** Lower-case runs of a-z and 0-9; words longer than 3 characters are stemmed when asked. */
export function rougeTokens(text: string, { stemmer = false }: RougeOptions = {}): string[] {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return stemmer ? words.map((word) => (word.length > 3 ? porterStem(word) : word)) : words;
}

function scoreAgainst(reference: string, prediction: string, options: RougeOptions): RougeScores {
  const target = rougeTokens(reference, options);
  const candidate = rougeTokens(prediction, options);
  return {
    rouge1: ngramScore(target, candidate, 1),
    rouge2: ngramScore(target, candidate, 2),
    rougeL: score(lcsTable(target, candidate)[target.length][candidate.length], target, candidate),
    rougeLsum: summaryScore(sentences(reference, options), sentences(prediction, options)),
  };
}

function ngramScore(target: string[], candidate: string[], n: number): RougeScore {
  const wanted = ngramsOf(target, n);
  const offered = ngramsOf(candidate, n);
  const left = count(offered);
  const hits = wanted.filter((ngram) => take(left, ngram)).length;
  return score(hits, wanted, offered);
}

/** Union of the longest common subsequences, sentence by sentence; no token counts twice. */
function summaryScore(target: string[][], candidate: string[][]): RougeScore {
  const left = count(candidate.flat());
  let hits = 0;
  for (const sentence of target) {
    const union = new Set(candidate.flatMap((other) => lcsIndices(sentence, other)));
    hits += sentence.filter((token, i) => union.has(i) && take(left, token)).length;
  }
  return score(hits, target.flat(), candidate.flat());
}

/** A line is a sentence. */
function sentences(text: string, options: RougeOptions): string[][] {
  return text.split('\n').map((line) => rougeTokens(line, options));
}

function score(hits: number, target: readonly unknown[], candidate: readonly unknown[]) {
  const precision = hits / Math.max(candidate.length, 1);
  const recall = hits / Math.max(target.length, 1);
  const f = hits === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  return { precision, recall, f };
}

function count(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/** Takes one `item` out of the counts; false when none is left. */
function take(counts: Map<string, number>, item: string): boolean {
  const left = counts.get(item) ?? 0;
  if (left > 0) counts.set(item, left - 1);
  return left > 0;
}

/** table[i][j] = length of the longest common subsequence of the first i and the first j tokens. */
function lcsTable(a: string[], b: string[]): Uint32Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      table[i][j] =
        a[i - 1] === b[j - 1]
          ? table[i - 1][j - 1] + 1
          : Math.max(table[i - 1][j], table[i][j - 1]);
    }
  }
  return table;
}

/** Indices into `a` of one longest common subsequence; on a tie it walks as rouge_score does. */
function lcsIndices(a: string[], b: string[]): number[] {
  const table = lcsTable(a, b);
  const indices: number[] = [];
  let [i, j] = [a.length, b.length];
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      indices.push(--i);
      j--;
    } else if (table[i][j - 1] > table[i - 1][j]) j--;
    else i--;
  }
  return indices;
}
